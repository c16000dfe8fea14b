"""How far two descriptions of one arm disagree about where its tool is."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from skillkit.embodiment import Embodiment
from skillkit.exceptions import InvalidValue
from skillkit.kinematics.model import ArmKinematics
from skillkit.pose import Array, frozen

SAMPLES = 500
ALLOWED = 0.001  # [m] at the tool


class ToolDifference(NamedTuple):
    """The largest differences over sampled joint positions.

    Attributes:
        distance: [m]; angle: [rad].
        position: (n,) joint positions of the largest distance [rad] or [m].
        samples: how many were compared.
    """

    distance: float
    angle: float
    position: Array
    samples: int

    @property
    def agrees(self) -> bool:
        """Whether the distance is at most 1 mm."""
        return self.distance <= ALLOWED

    def __str__(self) -> str:
        words = f"{1e3 * self.distance:.2f} mm and {np.degrees(self.angle):.2f} deg at the tool over {self.samples} joint positions"
        return words if self.agrees else f"{words}, allowed {1e3 * ALLOWED:g} mm; largest at [{', '.join(f'{value:.3f}' for value in self.position)}]"


def tool_difference(nominal: Embodiment, described: Embodiment, samples: int = SAMPLES) -> ToolDifference:
    """Compare ``transform_tool_to_base`` of two models of one arm over joint positions drawn evenly, always the same ones, inside both limits.

    Raises:
        InvalidValue: they have another number of joints.
    """
    if nominal.n != described.n:
        raise InvalidValue("joints of the described robot", described.n, f"{nominal.n}, as the model '{nominal.name}'")
    ours, theirs = ArmKinematics(nominal), ArmKinematics(described)
    lower, upper = np.maximum(nominal.lower, described.lower), np.minimum(nominal.upper, described.upper)
    rng = np.random.default_rng(0)
    drawn = rng.uniform(lower, upper, size=(samples, nominal.n))
    distance, angle, worst = -1.0, 0.0, drawn[0]
    for position in drawn:
        a, b = ours.forward(position), theirs.forward(position)
        apart = float(np.linalg.norm(a.position - b.position))
        angle = max(angle, float(np.linalg.norm(a.rotation_to(b))))
        if apart > distance:
            distance, worst = apart, position
    return ToolDifference(distance, angle, frozen(worst), samples)
