"""How much each task's loss counts in the sum that is minimised. Equal weights are the default; the others are here to be measured."""

from __future__ import annotations

from skillkit.learn.weighting.by_demonstrations import ByDemonstrations
from skillkit.learn.weighting.equal import Equal
from skillkit.learn.weighting.famo import Famo
from skillkit.learn.weighting.gradnorm import GradNorm
from skillkit.learn.weighting.inverse_loss import InverseLoss
from skillkit.learn.weighting.maximum import Maximum
from skillkit.learn.weighting.uncertainty import Uncertainty
from skillkit.learn.weighting.weighting import Weighting

WEIGHTINGS: dict[str, type[Weighting]] = {
    "equal": Equal,
    "inverse_loss": InverseLoss,
    "by_demonstrations": ByDemonstrations,
    "uncertainty": Uncertainty,
    "maximum": Maximum,
    "gradnorm": GradNorm,
    "famo": Famo,
}

__all__ = ["WEIGHTINGS", "ByDemonstrations", "Equal", "Famo", "GradNorm", "InverseLoss", "Maximum", "Uncertainty", "Weighting"]
