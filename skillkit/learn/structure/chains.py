"""Tasks in a row: how far a policy gets (Mees et al. 2022, "CALVIN")."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from skillkit.exceptions import InvalidValue
from skillkit.learn.structure.intervals import Interval, Tally, wilson


class Chains(NamedTuple):
    """What chains of tasks came to.

    Attributes:
        success: entry k − 1: share of the chains whose first k tasks all succeeded.
        mean_length: tasks done in a row, on average.
        independent: the success to be expected at each k if every task succeeded as often as alone, whatever came before.
    """

    success: tuple[Interval, ...]
    mean_length: float
    independent: tuple[float, ...]

    @property
    def lost(self) -> float:
        """How much lower, relatively, success is over the whole chain than over its first task."""
        first = self.success[0].estimate
        return 1.0 - self.success[-1].estimate / first if first else 0.0


def chain_success(done: Sequence[int], alone: Sequence[Sequence[float]], confidence: float = 0.95) -> Chains:
    """Statistics of rolled-out chains.

    Args:
        done: tasks that succeeded in a row, for each chain; alone: for each chain, the success rates of its tasks when they are done alone, all chains
            of one length.
    """
    lengths = {len(rates) for rates in alone}
    if len(done) != len(alone) or len(lengths) != 1 or not all(0 <= number <= len(rates) for number, rates in zip(done, alone, strict=True)):
        raise InvalidValue("chains", f"{len(done)} results, lengths {sorted(lengths)}", "as many results as chains, all of one length, 0 to that length done")
    length = lengths.pop()
    success = tuple(wilson(Tally(sum(number >= k for number in done), len(done)), confidence) for k in range(1, length + 1))
    independent = []
    product = [1.0] * len(alone)
    for k in range(length):
        product = [value * rates[k] for value, rates in zip(product, alone, strict=True)]
        independent.append(sum(product) / len(product))
    return Chains(success, sum(done) / len(done), tuple(independent))
