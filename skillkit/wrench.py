"""What an arm's tool feels: force and torque without the sensor's bias, and the guard of a motion that may press only so hard.

A motion is *guarded* while its deltas carry a ``force_limit``. What counts is the contact force: how far the measured force has changed since
the guarded motion began, so that neither the weight of what is held nor a remaining bias is taken for a contact. From half the limit on the motion
slows down:

    share of the delta  =  min(1, (limit − contact) / (limit / 2))

At 95 % of the limit it has ended: it gives way, back along where it was going, until the force has halved, and stands there until whoever asked for it
asks for something else. How far a hard and fast contact still goes beyond the limit depends on speed, stiffness and control rate; see docs/skills.md.
This keeps contacts soft. It is software, and no safety function.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any, NamedTuple

import numpy as np

from skillkit.hardware import WrenchSource
from skillkit.pose import Array, frozen, norm, sealed
from skillkit.protocols import Snapshot
from skillkit.spaces import WrenchInput

WINDOW = 0.2  # [s] of samples that a bias is the mean of
REACHED = 0.95  # share of a limit that counts as reached
SETTLED = 0.05  # [s] of samples that the force before a contact is the mean of
LARGEST = 1e5  # [N, Nm] what is larger is no measurement


class Feeling(NamedTuple):
    """The wrench of one moment.

    Attributes:
        values: as it was measured; ``None`` where none is known. bias: (6,) of it.
        contact: how far the force has been, at most, from what it was when a guarded motion began [N]; 0 outside.
    """

    values: tuple[float, ...] | None
    bias: Array
    contact: float

    @property
    def wrench(self) -> Array | None:
        """(6,) force [N] and torque [Nm] that the world exerts on the tool, in the tool's frame, at its origin; ``None`` where none is known."""
        return None if self.values is None else sealed(np.array(self.values) - self.bias)


UNBIASED = frozen(np.zeros(6))
NOTHING_FELT = Feeling(None, UNBIASED, 0.0)


class Touch:
    """The wrench of one arm.

    Args:
        source: how it is declared; ``None`` where the cell declares none: then it counts once one has arrived.
    """

    def __init__(self, source: WrenchSource | None = None) -> None:
        self.declared = source is not None
        self.source = source or WrenchSource()
        self.latest: WrenchInput | None = None
        self.recent: tuple[WrenchInput, ...] = ()
        self.bias = UNBIASED
        self.before: Array | None = None  # (3,) force when the guarded motion began [N]
        self.most = 0.0  # [N] of contact since then

    def take(self, given: WrenchInput) -> None:
        """Consume a wrench; one that is not six plausible numbers is passed over, so that it grows stale."""
        values, received = given.values, given.received
        if len(values) == 6 and isfinite(sum(values)) and min(values) > -LARGEST and max(values) < LARGEST:
            self.latest = given
            old = 0
            while old < len(self.recent) and not received - self.recent[old].received <= WINDOW:
                old += 1
            self.recent = (*self.recent[old:], given)

    def zero(self) -> None:
        """Let what is measured now be nothing: the mean of the last 0.2 s becomes the bias."""
        self.bias = frozen(self._mean(WINDOW)) if self.recent else self.bias

    def trouble(self, now: float) -> str:
        """Why the wrench of an arm that should have one is not known; empty where it is, or where none is expected."""
        if self.latest is None:
            return "no wrench has arrived" if self.declared else ""
        age = now - self.latest.received
        return f"the wrench is {age:.3f} s old, allowed {self.source.stale_after:g} s" if age > self.source.stale_after else ""

    def feeling(self, now: float) -> Feeling:
        """What is felt at ``now`` [s]."""
        if self.latest is None or now - self.latest.received > self.source.stale_after:
            return NOTHING_FELT
        return Feeling(self.latest.values, self.bias, self.most)

    def share(self, limit: float | None) -> float:
        """The part of a delta that may be made under this limit [N]; all of it where there is no limit, or nothing is felt."""
        if limit is None or self.latest is None:
            self.part()
            return 1.0
        if self.before is None:
            self.before = self._mean(SETTLED)[:3]
        contact = norm(np.array(self.latest.values[:3]) - self.before)
        self.most = max(self.most, contact)
        if self.most >= REACHED * limit:
            return max(-1.0, min(0.0, 1.0 - 2.0 * contact / limit))
        return min(1.0, 2.0 * (limit - contact) / limit)

    def part(self) -> None:
        """The contact of the guarded motion before does not count for the next one."""
        self.before, self.most = None, 0.0

    def forget(self) -> None:
        """What was felt is no longer assumed; the bias stays."""
        self.latest, self.recent = None, ()
        self.part()

    def _mean(self, span: float) -> Array:
        newest = self.recent[-1].received
        return np.mean([one.values for one in self.recent if newest - one.received <= span], axis=0)

    def snapshot(self) -> Snapshot:
        """Everything that inputs and calls left behind."""
        recent = [[one.arm, one.stamp, one.received, list(one.values)] for one in self.recent]
        return {"recent": recent, "bias": self.bias.tolist(), "before": None if self.before is None else self.before.tolist(), "most": self.most}

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """The inverse of :meth:`snapshot`."""
        self.recent = tuple(WrenchInput(arm, stamp, received, tuple(values)) for arm, stamp, received, values in snapshot["recent"])
        self.latest = self.recent[-1] if self.recent else None
        self.bias = frozen(snapshot["bias"])
        self.before, self.most = None if snapshot["before"] is None else np.array(snapshot["before"]), snapshot["most"]
