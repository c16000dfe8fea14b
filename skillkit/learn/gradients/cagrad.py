"""CAGrad: near the mean, the direction that is best for the task served worst (Liu et al. 2021, "Conflict-Averse Gradient Descent", NeurIPS)."""

from __future__ import annotations

from math import exp, log

import numpy as np
import torch
from scipy.optimize import brentq
from torch import Tensor

from skillkit.exceptions import InvalidValue
from skillkit.learn.gradients.aggregator import GramianAggregator
from skillkit.learn.gradients.min_norm import Floats, coordinates, min_norm_weights

FARTHEST = 1e5  # of the multiplier: beyond, the direction is the mean to five digits


class CAGrad(GramianAggregator):
    """d = argmax minᵢ gᵢ·d over ‖d − g₀‖ ≤ c ‖g₀‖, with g₀ the mean gradient.

    For a multiplier µ of the ball, d = g₀ + Σ wᵢ gᵢ / µ, where w are the weights of the min-norm point of the gradients moved by µ g₀, and µ is where
    ‖Σ wᵢ gᵢ‖ / µ = c ‖g₀‖. So the cone programme of the paper's dual becomes a search over one number. c = 0 is the mean; the larger c, the nearer to MGDA.

    Args:
        c: radius of the ball, as a share of the mean gradient's length, 0 ≤ c.
    """

    def __init__(self, c: float = 0.5) -> None:
        if not c >= 0.0:
            raise InvalidValue("c of CAGrad", c, "a number ≥ 0 (0 is the mean; the paper uses 0.4 and 0.5)")
        self.c = c

    def weights(self, gramian: Tensor) -> Tensor:
        return torch.from_numpy(_weights(coordinates(gramian), self.c)).to(gramian)


def _weights(gradients: Floats, c: float) -> Floats:
    """The same for gradients as columns (d, T)."""
    size = gradients.shape[1]
    mean = np.full(size, 1.0 / size)
    centre = gradients @ mean
    radius = c * float(np.linalg.norm(centre))
    if not radius > 1e-10 * float(np.linalg.norm(gradients)):
        return mean

    def extra(log_mu: float) -> Floats:
        return min_norm_weights(gradients + exp(log_mu) * centre[:, None]) / exp(log_mu)

    def too_far(log_mu: float) -> float:
        return log(max(float(np.linalg.norm(gradients @ extra(log_mu))), 1e-300)) - log(radius)

    low, high = -log(FARTHEST), log(FARTHEST)
    if too_far(low) <= 0.0:
        return mean + extra(low)  # the gradients balance out: the ball does not bind
    return mean + extra(float(brentq(too_far, low, high, xtol=1e-8)) if too_far(high) < 0.0 else high)
