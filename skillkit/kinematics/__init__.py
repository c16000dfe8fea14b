"""Kinematics of one arm: forward kinematics and Cartesian control by Pinocchio and daqp."""

from __future__ import annotations

from skillkit.kinematics.collision import Clearance, Collisions, disabled_in_srdf, velocity_damper
from skillkit.kinematics.control import CartesianController
from skillkit.kinematics.inverse import Inverse, solve_ik, solve_ik_batch
from skillkit.kinematics.model import ArmKinematics
from skillkit.surroundings import Box

__all__ = [
    "ArmKinematics",
    "Box",
    "CartesianController",
    "Clearance",
    "Collisions",
    "Inverse",
    "disabled_in_srdf",
    "solve_ik",
    "solve_ik_batch",
    "velocity_damper",
]
