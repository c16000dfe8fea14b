"""One network for all tasks, told by the condition which one it is."""

from __future__ import annotations

from torch import Tensor, nn

from skillkit.learn.networks.network import Network, Shape, Trunk


class Shared(Network):
    """Everything shared: trunk and output layer."""

    def __init__(self, shape: Shape, film: bool = False) -> None:
        super().__init__(shape)
        self.trunk = Trunk(shape.inputs, shape.conditions, shape.hidden, film)
        self.output = nn.Linear(shape.hidden[-1], shape.widest)

    def act(self, x: Tensor, condition: Tensor, task: Tensor) -> Tensor:
        return self.output(self.trunk(x, condition))
