"""Builds skillkit as a Python package and as an ament_python package (``colcon build``).

What users write — skills, tasks, cells, robots, launch files — is installed beside the code under ``share/skillkit``.
"""

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).resolve().parent
VERSION = re.search(r'__version__ = "(.+?)"', (ROOT / "skillkit" / "__init__.py").read_text(encoding="utf-8")).group(1)
SHARED = ("skills", "tasks", "scenes", "cells", "urdf", "launch", "configs")
PASSED_OVER = {"__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis"}

CORE = [
    "numpy>=1.24",
    "pyyaml>=6.0",
    "pin>=3.4",
    "daqp>=0.7",
    "py-trees>=2.3,<3",
    "mcap>=1.5",
    "mcap-ros2-support>=0.5.5",
    "mujoco>=3.2.6,<4",
    "typer>=0.12",
    "rich>=13",
]

# Real ROS 2 (Kilted) as wheels, with what it takes to build interfaces against it. Never a hard dependency: on a machine with ROS 2
# from apt, two copies of the same libraries would be loaded in random order.
ROS = [
    "ros-rclpy[fastrtps]",
    "ros-kilted-sensor-msgs",
    "ros-kilted-trajectory-msgs",
    "ros-kilted-geometry-msgs",
    "ros-kilted-std-srvs",
    "ros-kilted-visualization-msgs",
    "ros-kilted-diagnostic-msgs",
    "ros-kilted-lifecycle-msgs",
    "ros-kilted-rosgraph-msgs",
    "ros-kilted-rosidl-default-generators",
    "ros-kilted-ament-cmake",
    "ros-ament-package",
    "ros-ament-cmake-include-directories",
    "ros-ament-cmake-ros-core",
    "ros-rosidl-core-generators",
    "catkin-pkg",
    "setuptools>=64",
]

EXTRAS = {
    "ros": ROS,
    "sentences": ["sentence-transformers>=3"],
    "ray": ["ray>=2.9"],
    "learn": ["torch>=2.4", "torchjd>=0.7", "safetensors", "pyarrow", "pillow", "scipy", "scikit-learn"],
    "tensorboard": ["tensorboard"],
    # What Meta-World needs; itself it comes with 'pip install --no-deps metaworld==3.1.1': it asks for one old version of mujoco, and works with ours.
    "metaworld": ["gymnasium", "imageio", "scipy"],
    "onnx": ["onnx", "onnxruntime"],
    "fast": ["numba>=0.59"],
    "planning": ["unified-planning", "up-pyperplan"],
    "robots": ["example-robot-data"],
    "rosbags": ["rosbags"],
    "colcon": ["colcon-common-extensions"],
    "test": ["pytest>=8", "pytest-xdist", "pytest-timeout", "pytest-rerunfailures", "hypothesis", "rosbags", "jsonschema", "wheel"],
    "dev": ["ruff", "mypy"],
}


def shared_files() -> list[tuple[str, list[str]]]:
    """(folder under the prefix, files) for everything that is installed beside the code."""
    found: dict[str, list[str]] = {}
    for kind in SHARED:
        for path in sorted((ROOT / kind).rglob("*")):
            parts = path.relative_to(ROOT).parts
            if path.is_file() and not PASSED_OVER.intersection(parts) and not path.name.endswith(".pyc"):
                found.setdefault("/".join(("share", "skillkit", *parts[:-1])), []).append("/".join(parts))
    interfaces = sorted((ROOT / "ros2_ws" / "src" / "skillkit_interfaces" / "msg").glob("*.msg"))
    found["share/skillkit/msg"] = [path.relative_to(ROOT).as_posix() for path in interfaces]
    return list(found.items())


setup(
    name="skillkit",
    version=VERSION,
    description="Robot skills as options, composed into behavior trees, run as ROS 2 nodes, re-executed from their bags",
    license="Apache-2.0",
    maintainer="skillkit maintainers",
    maintainer_email="maintainers@skillkit.invalid",
    python_requires=">=3.10",
    packages=find_packages(include=["skillkit", "skillkit.*"]),
    package_data={"skillkit": ["py.typed"]},
    data_files=[("share/ament_index/resource_index/packages", ["resource/skillkit"]), ("share/skillkit", ["package.xml"]), *shared_files()],
    install_requires=CORE,
    extras_require={**EXTRAS, "all": sorted({name for extra in ("ros", "learn", "onnx", "metaworld", "planning") for name in EXTRAS[extra]})},
    zip_safe=False,
    entry_points={
        "console_scripts": [
            "skillkit = skillkit.cli:main",
            "skillkit_simulator = skillkit.ros.simulator:main",
            "skillkit_runtime = skillkit.ros.runtime_node:main",
            "skillkit_recorder = skillkit.ros.recorder:main",
            "skillkit_snapshots = skillkit.ros.snapshots:main",
        ],
        "pytest11": ["skillkit.testing = skillkit.testing"],
    },
)
