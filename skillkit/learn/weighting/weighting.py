"""What every weighting of losses promises."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


class Weighting:
    """Gives each task's loss its weight in the sum that is minimised: Σᵢ wᵢ Lᵢ, the weights being constants of the step.

    Weights add up to the number of tasks T, so that the learning rate means the same under all of them; where a method fixes their scale itself, it says so.

    Args:
        demonstrations: how many each task has, in the order of the losses.

    Attributes:
        needs_gradients: ``observe`` wants each task's gradients before every step; needs_losses_after: ``after`` wants the losses of the same batch after it.
    """

    needs_gradients = False
    needs_losses_after = False

    def __init__(self, demonstrations: Sequence[int]) -> None:
        self.tasks = len(demonstrations)

    def weights(self, losses: Tensor, step: int) -> Tensor:
        """(T,) losses of this step → (T,) weights; never part of the graph."""
        raise NotImplementedError

    def observe(self, losses: Tensor, gradients: Tensor) -> None:
        """Take in losses (T,) and gradients (T, P) of this step, before ``weights``."""

    def after(self, losses: Tensor) -> None:
        """Take in the losses (T,) of this step's batch with the parameters after it."""

    def state_dict(self) -> dict[str, Tensor]:
        """What a resumed training needs to go on bit for bit."""
        return {}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Take over what ``state_dict`` gave."""


class LearnedWeighting(Weighting):
    """A weighting with one number per task that descends a gradient of its own, by Adam.

    Args:
        start: the numbers at first; rate: learning rate; decay: weight decay.
    """

    def __init__(self, demonstrations: Sequence[int], start: float, rate: float, decay: float = 0.0) -> None:
        super().__init__(demonstrations)
        self.values = torch.nn.Parameter(torch.full((self.tasks,), start, dtype=torch.float64))
        self.adam = torch.optim.Adam([self.values], lr=rate, weight_decay=decay)

    def descend(self, gradient: Tensor) -> None:
        """One step down ``gradient`` (T,)."""
        self.values.grad = gradient.detach().to(self.values)
        self.adam.step()

    def state_dict(self) -> dict[str, Tensor]:
        moments = {name: value.clone() for name, value in self.adam.state[self.values].items()}
        return {"values": self.values.detach().clone(), **moments}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        with torch.no_grad():
            self.values.copy_(state["values"])
        self.adam.state[self.values] = {name: state[name].clone() for name in ("step", "exp_avg", "exp_avg_sq") if name in state}
