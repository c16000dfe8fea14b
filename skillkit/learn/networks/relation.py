"""Deep relation networks (Long et al., "Learning Multiple Tasks with Multilinear Relationship Networks", NeurIPS 2017).

The heads' weights W (T, d, a), which share a trunk, have a tensor-normal prior; its negative logarithm pulls related tasks together:
λ/2 · vec(W)ᵀ (Σ_T ⊗ Σ_d ⊗ Σ_a)⁻¹ vec(W). Deviation: Σ_d and Σ_a stay the identity; Σ_T is the maximum-likelihood one, M = W Wᵀ/(d·a) + ε·1 scaled to
trace T, renewed every ``every`` steps.
"""

from __future__ import annotations

import torch
from torch import Tensor

from skillkit.learn.networks.heads import Heads
from skillkit.learn.networks.network import Shape

RIDGE = 1e-3


class Relation(Heads):
    """Heads with a learned covariance between tasks.

    Args:
        strength: λ. every: steps between two looks at the covariance.
    """

    def __init__(self, shape: Shape, film: bool = False, strength: float = 1e-3, every: int = 50) -> None:
        super().__init__(shape, film)
        self.strength, self.every = strength, every
        self.register_buffer("covariance", torch.eye(shape.tasks))
        self.register_buffer("age", torch.zeros((), dtype=torch.int64))

    def penalty(self) -> Tensor:
        """λ/2 · tr(Wᵀ Σ_T⁻¹ W), per number of weights of a head."""
        flat = self.heads.weight.flatten(1)  # (T, d·a)
        if self.training:
            self.age += 1
            if int(self.age) % self.every == 0:
                self.covariance.copy_(task_covariance(flat.detach()))
        return 0.5 * self.strength * (flat * torch.linalg.solve(self.covariance, flat)).sum() / flat.shape[1]


def task_covariance(weights: Tensor) -> Tensor:
    """(T, T) Σ_T of weights (T, n), with trace T."""
    tasks = len(weights)
    moment = weights @ weights.T / weights.shape[1]
    moment = moment + RIDGE * moment.diagonal().mean() * torch.eye(tasks) + 1e-12 * torch.eye(tasks)
    return moment * (tasks / moment.diagonal().sum())
