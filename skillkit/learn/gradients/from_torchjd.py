"""The aggregators of torchjd (Quinton and Rey 2024, "Jacobian Descent for Multi-Objective Optimization") behind the interface of this package."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor

from skillkit.exceptions import MissingLibrary, SkillkitError, UnknownName
from skillkit.learn.gradients.aggregator import Aggregator

TORCHJD = {
    name.lower(): name
    for name in (
        "AlignedMTL",
        "ConFIG",
        "DualProj",
        "ExcessMTL",
        "FairGrad",
        "GradDrop",
        "GradVac",
        "IMTLG",
        "Krum",
        "NashMTL",
        "PCD",
        "Random",
        "TrimmedMean",
        "UPGrad",
    )
}
DEFAULTS: dict[str, dict[str, Any]] = {"fairgrad": {"alpha": 2.0}, "krum": {"n_byzantine": 1}, "trimmedmean": {"trim_number": 1}}
SUMMING = {"graddrop", "gradvac"}


class FromTorchjd(Aggregator):
    """One of torchjd's aggregators. Each paper is named in torchjd's documentation of the class.

    The random ones draw from a state of their own, so that a training is repeatable whatever else draws. Running averages (ExcessMTL, GradVac, NashMTL, PCD)
    are torchjd's own and begin anew when a training is resumed.

    Args:
        name: a key of ``TORCHJD``; seed: of what it draws; options: what torchjd's class takes.

    Raises:
        UnknownName: torchjd has no such aggregator.
        MissingLibrary: torchjd is not installed. SkillkitError: the solver that this method needs is not.
    """

    def __init__(self, name: str, seed: int = 0, **options: Any) -> None:
        if name not in TORCHJD:
            raise UnknownName("aggregator of torchjd", name, TORCHJD)
        self.sums = name in SUMMING
        self.name, self.options = name, DEFAULTS.get(name, {}) | options
        self.random_state = torch.Generator().manual_seed(seed).get_state()
        self.method = None if name == "nashmtl" else self._made(**self.options)

    def _made(self, **options: Any) -> torch.nn.Module:
        try:
            from torchjd import aggregation

            return getattr(aggregation, TORCHJD[self.name])(**options)
        except (ImportError, AttributeError, NameError) as error:
            if find_spec("torchjd") is None:
                raise MissingLibrary("torchjd", "learn") from None
            raise SkillkitError(f"the solver of torchjd's {TORCHJD[self.name]} is not installed; run: pip install 'torchjd[full]'") from error

    def __call__(self, gradients: Tensor) -> Tensor:
        if self.method is None:
            self.method = self._made(**{"n_tasks": len(gradients), **self.options})
        with torch.random.fork_rng(devices=[]):
            torch.set_rng_state(self.random_state)
            direction = self.method(gradients)
            self.random_state = torch.get_rng_state()
        return direction

    def state_dict(self) -> dict[str, Tensor]:
        return {"random_state": self.random_state}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        self.random_state = state["random_state"]
