"""The limits of an arm per tick, with their arithmetic compiled: bit for bit those of :class:`skillkit.braking.JointLimits`."""

from __future__ import annotations

import numpy as np

from skillkit.braking import JointLimits
from skillkit.compiled import bounds
from skillkit.pose import Array


class CompiledLimits(JointLimits):
    """What each joint may do in the next tick, in machine code."""

    def interval(self, position: Array, step: Array, change: Array) -> tuple[Array, Array]:
        """As the base class."""
        low, high = np.empty(len(self.joints)), np.empty(len(self.joints))
        bounds.interval(position, step, change, self.table, self.ramp, low, high)
        return low, high

    def brake(self, position: Array, step: Array, change: Array) -> Array:
        """As the base class."""
        n = len(self.joints)
        out = np.empty(n)
        bounds.brake(position, step, change, self.table, self.ramp, np.empty(n), np.empty(n), out)
        return out

    def clear(self, wanted: Array, position: Array, step: Array, change: Array) -> bool:
        """As the base class."""
        return bool(bounds.clear(wanted, position, step, change, self.table, self.ramp))
