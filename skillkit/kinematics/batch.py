"""Many robots of one model, each with its own state, one tick for all of them: for simulation, data and training."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from skillkit.compiled import law
from skillkit.embodiment import Embodiment
from skillkit.exceptions import InvalidValue
from skillkit.kinematics.compiled_control import MODES, CompiledController
from skillkit.pose import Array


class BatchStep(NamedTuple):
    """One control tick of a batch of b robots."""

    position: Array  # (b, n) joint commands [rad] or [m]
    velocity: Array  # (b, n) [rad/s] or [m/s]
    limited: Array  # (b,) 1 where limits of the joints, the lead of the target or an unusable input changed what was asked, else 0


class BatchController:
    """What :class:`CompiledController` does for one arm, bit for bit, for ``count`` of them. Needs the extra ``fast``."""

    def __init__(self, arm: Embodiment, rate: float = 100.0, count: int = 1) -> None:
        """Steps come at ``rate`` [Hz]; all robots start at rest at home.

        Raises:
            InvalidValue: a rate or count that is not above 0, or a URDF that cannot be read.
        """
        if count < 1:
            raise InvalidValue("count", count, "a number of robots above 0")
        self.arm, self.count = arm, count
        self._one = CompiledController(arm, rate)
        self._works = np.repeat(self._one._works, count, axis=0)
        self.reset(np.tile(arm.home, (count, 1)))

    @property
    def residual(self) -> Array:
        """(b, 6) target minus commanded pose of every robot, base axes [m, rad]."""
        return self._states[:, law.REST : law.REST + 6]

    def reset(self, positions: Array) -> None:
        """Start at rest at joint positions (b, n).

        Raises:
            InvalidValue: of another shape, or not finite.
        """
        positions = self._checked("positions", positions, self.arm.n)
        states = []
        for position in positions:
            self._one.reset(position)
            states.append(self._one._states[0])
        self._states = np.array(states)
        self._states.setflags(write=False)

    def step(self, measured: Array, deltas: Array, frame: str = "base") -> BatchStep:
        """Move every target by its row of ``deltas`` (b, 6) [m, rad] in ``"base"`` or ``"tool"`` axes and follow it for one tick.

        Raises:
            InvalidValue: a frame that is neither, arrays of another shape; what is not finite in a row counts as no motion of that robot.
        """
        if frame not in MODES:
            raise InvalidValue("frame", frame, "base or tool")
        n, works, at = self.arm.n, self._works, law.BLOCKS
        works[:, :6] = self._shaped("deltas", deltas, 6)
        works[:, 12 : 12 + n] = self._shaped("measured", measured, n)
        outs = np.empty(self._states.shape)
        law.tick(self._one._fixed, self._one._links, n, self._states, outs, works, MODES[frame])
        outs.setflags(write=False)
        self._states = outs
        limited = (outs[:, law.BITS].astype(int) & (law.INPUT | law.LEAD | law.LIMITED)) != 0
        return BatchStep(outs[:, at : at + n], outs[:, at + n * law.VELOCITY : at + n * (law.VELOCITY + 1)], limited.astype(np.float64))

    def _checked(self, name: str, values: Array, width: int) -> Array:
        array = self._shaped(name, values, width)
        if not np.isfinite(array).all():
            raise InvalidValue(name, values, "finite numbers")
        return array

    def _shaped(self, name: str, values: Array, width: int) -> Array:
        array = np.asarray(values, dtype=np.float64)
        if array.shape != (self.count, width):
            raise InvalidValue(f"shape of {name}", array.shape, f"({self.count}, {width})")
        return array
