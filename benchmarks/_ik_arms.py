"""The arms that streaming control is measured on, and where each passes its singularities.

Ten arms come from the wheel example-robot-data, where it is installed or where EXAMPLE_ROBOT_DATA points to its folder of robots.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import yaml

from skillkit.embodiment import Embodiment
from skillkit.pose import frozen

Crossing: TypeAlias = tuple[str, dict[str, float]]  # the joint that crosses at 0.3 rad/s, and where joints stand that are not at home

SHIPPED = ("panda", "ur5e", "fr3", "xarm7", "gen3", "so101", "scara4", "planar3")
WHEEL_LIST: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "manipulators.yaml").read_text(encoding="utf-8"))
PLACES = [Path(os.environ.get("EXAMPLE_ROBOT_DATA", "/nowhere")), *(Path(place) / "cmeel.prefix/share/example-robot-data/robots" for place in sys.path)]
WHEEL = next((place for place in PLACES if (place / WHEEL_LIST[0]["file"]).is_file()), None)
ACCELERATION, JERK = 8.0, 800.0  # [rad/s² and rad/s³, or metres] of the wheel's arms, whose files declare none

SINGULAR: dict[str, dict[str, Crossing]] = {  # 10 mrad beside, or for an elbow 10 mrad before, the singularity
    "panda": {
        "wrist": ("panda_joint6", {"panda_joint5": 0.01, "panda_joint4": -1.8, "panda_joint6": 0.0}),
        "shoulder": ("panda_joint2", {"panda_joint2": 0.0, "panda_joint3": 0.01, "panda_joint4": -2.0, "panda_joint6": 2.0}),
        "elbow": ("panda_joint4", {"panda_joint4": -0.0798}),
    },
    "ur5e": {
        "wrist": ("wrist_2_joint", {"wrist_2_joint": 0.0}),
        "elbow": ("elbow_joint", {"elbow_joint": 0.0}),
    },
    "fr3": {"shoulder": ("fr3_joint2", {"fr3_joint2": 0.0, "fr3_joint3": 0.01, "fr3_joint4": -2.0, "fr3_joint6": 2.0})},
    "xarm7": {
        "wrist": ("joint6", {"joint5": 0.01, "joint6": 0.0}),
        "shoulder": ("joint2", {"joint2": 0.0, "joint3": 0.01}),
    },
    "gen3": {
        "wrist": ("joint_6", {"joint_5": 0.01, "joint_6": 0.0}),
        "shoulder": ("joint_2", {"joint_2": 0.0, "joint_3": 0.01}),
        "elbow": ("joint_4", {"joint_4": 0.0}),
    },
    "scara4": {"elbow": ("elbow_joint", {"elbow_joint": 0.0})},
    "planar3": {"elbow": ("joint2", {"joint2": 0.0, "joint3": 0.0})},
}
SINGULAR |= {f"{Path(entry['file']).stem} (wheel)": {name: tuple(pair) for name, pair in entry.get("singular", {}).items()} for entry in WHEEL_LIST}


def from_wheel(entry: dict[str, Any]) -> Embodiment:
    """One arm of the list.

    Raises:
        FileNotFoundError: the wheel is not installed.
    """
    if WHEEL is None:
        raise FileNotFoundError("the wheel example-robot-data is not installed: pip install example-robot-data, or set EXAMPLE_ROBOT_DATA")
    arm = Embodiment.from_urdf(WHEEL / entry["file"], base=entry["base"], tool=entry["tool"])
    alike = np.ones(arm.n)
    name = f"{Path(entry['file']).stem} (wheel)"
    return replace(arm, name=name, home=frozen(entry["home"]), acceleration=frozen(ACCELERATION * alike), jerk=frozen(JERK * alike))


def arms(names: list[str], wheel: bool) -> list[Embodiment]:
    """The robot models ``names``, and those of the wheel."""
    return [*(Embodiment.load(name) for name in names), *(from_wheel(entry) for entry in WHEEL_LIST if wheel)]
