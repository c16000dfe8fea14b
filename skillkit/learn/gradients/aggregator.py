"""What every aggregator promises: the gradients of T tasks in, one step direction out."""

from __future__ import annotations

from torch import Tensor


class Aggregator:
    """Makes one update of the shared parameters from each task's gradient of them.

    Attributes:
        sums: the direction is of the size of the gradients' sum, not of their mean; so a trainer that minimises the mean loss divides it by T.
    """

    sums = False

    def __call__(self, gradients: Tensor) -> Tensor:
        """(T, P) → (P,): what takes the place of the gradient in the optimiser."""
        raise NotImplementedError

    def state_dict(self) -> dict[str, Tensor]:
        """What a resumed training needs to go on bit for bit."""
        return {}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Take over what ``state_dict`` gave."""


class GramianAggregator(Aggregator):
    """An aggregator that looks at inner products only: its direction is a combination of the gradients.

    With G the gradients (T, P), all it needs is K = G Gᵀ (T, T). Its own work is then independent of the size of the network.
    """

    def weights(self, gramian: Tensor) -> Tensor:
        """(T, T) inner products → (T,) weight of each task's gradient."""
        raise NotImplementedError

    def __call__(self, gradients: Tensor) -> Tensor:
        return self.weights(gradients @ gradients.T) @ gradients
