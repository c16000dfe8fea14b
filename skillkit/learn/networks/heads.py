"""A shared trunk and an output layer of its own for each task (Caruana, "Multitask Learning", Machine Learning 28, 1997)."""

from __future__ import annotations

from torch import Tensor

from skillkit.learn.networks.network import Network, Shape, TaskLinear, Trunk


class Heads(Network):
    """Hard parameter sharing; heads may have different action sizes."""

    def __init__(self, shape: Shape, film: bool = False) -> None:
        super().__init__(shape)
        self.trunk = Trunk(shape.inputs, shape.conditions, shape.hidden, film)
        self.heads = TaskLinear(shape.tasks, shape.hidden[-1], shape.widest)

    def act(self, x: Tensor, condition: Tensor, task: Tensor) -> Tensor:
        return self.heads(self.trunk(x, condition), task)
