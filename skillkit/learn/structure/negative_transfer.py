"""Where sharing hurts: every task in the multi-task policy against the same task in a network of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from skillkit.learn.structure.intervals import Interval, Results, Tally, difference, mean_difference, pooled


@dataclass(frozen=True)
class TaskTransfer:
    """One task of the report; rates pooled over seeds."""

    task: str
    multi: Tally
    single: Tally
    gain: Interval  # multi minus single
    verdict: str  # "hurt", "helped" or "open"


@dataclass(frozen=True)
class TransferReport:
    """What sharing gave and took.

    Attributes:
        tasks: worst gain first; mean_gain: of the mean success; worst_multi, worst_single: the task served worst on either side.
    """

    tasks: tuple[TaskTransfer, ...]
    mean_gain: Interval
    worst_multi: TaskTransfer
    worst_single: TaskTransfer

    def count(self, verdict: str) -> int:
        return sum(task.verdict == verdict for task in self.tasks)

    def as_dict(self) -> dict[str, Any]:
        counted = {verdict: self.count(verdict) for verdict in ("hurt", "helped", "open")}
        return asdict(self) | counted

    def __str__(self) -> str:
        width = max(len(task.task) for task in self.tasks)
        lines = [f"{'task':{width}}  multi  single   gain  95 % for all tasks at once"]
        lines += [
            f"{t.task:{width}}  {t.multi.rate:5.2f}  {t.single.rate:6.2f}  {t.gain.estimate:+5.2f}  {t.gain.low:+.2f} … {t.gain.high:+.2f}  {t.verdict}"
            for t in self.tasks
        ]
        gain = self.mean_gain
        lines.append(f"mean gain {gain.estimate:+.3f} ({gain.low:+.3f} … {gain.high:+.3f}); hurt {self.count('hurt')}, helped {self.count('helped')}")
        lines.append(f"worst task: {self.worst_multi.multi.rate:.2f} ({self.worst_multi.task}) multi, {self.worst_single.single.rate:.2f} single")
        return "\n".join(lines)


def negative_transfer(multi: Sequence[Results], single: Sequence[Results], confidence: float = 0.95) -> TransferReport:
    """Compare runs, one entry per training seed, over the tasks that all of them have.

    A task is called hurt or helped where 0 lies outside its interval, the intervals being wide enough to hold for all tasks at once (Bonferroni).
    """
    mean = mean_difference(multi, single, confidence)
    together, alone = pooled(multi), pooled(single)
    common = [task for task in together if task in alone]
    each = 1.0 - (1.0 - confidence) / len(common)
    tasks = []
    for task in common:
        gain = difference(together[task], alone[task], each)
        verdict = "hurt" if gain.high < 0 else "helped" if gain.low > 0 else "open"
        tasks.append(TaskTransfer(task, together[task], alone[task], gain, verdict))
    tasks.sort(key=lambda row: row.gain.estimate)
    return TransferReport(tuple(tasks), mean, min(tasks, key=lambda row: row.multi.rate), min(tasks, key=lambda row: row.single.rate))
