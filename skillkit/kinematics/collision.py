"""Distances of an arm to itself, to boxes that stand around it and to the bounds of its workspace, with their gradients.

Shapes are the collision primitives of the URDF (coal). For the nearest points p₁ on one shape and p₂ on the other, with
n = (p₂ − p₁)/d, the distance changes with the joints as

    ∂d/∂q = nᵀ (J₂(p₂) − J₁(p₁)) = wᵀ (J₂ − J₁),   w = (n, p₁ × n)         (n,) [m per rad or m]

with the spatial Jacobians J₁, J₂ of the joints that the shapes hang on. Shapes whose bounding spheres are further apart than asked
for are not compared.

As a constraint of a controller the velocity damper (Faverjon & Tournassoud, "A local based approach for path planning of
manipulators with a high number of degrees of freedom", ICRA 1987) lets two shapes come nearer the slower the nearer they are:

    ∂d/∂q · Δq ≥ −ξ T max(0, d − d_s)     ξ [1/s], T the period, d_s the distance kept; moving apart is always allowed
"""

from __future__ import annotations

import warnings
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Sequence
from math import pi
from pathlib import Path
from typing import Any, NamedTuple

import coal
import numpy as np
import pinocchio as pin

from skillkit.embodiment import Embodiment
from skillkit.exceptions import InvalidValue, UnknownName
from skillkit.kinematics.model import ArmKinematics, reduced_geometry
from skillkit.pose import Array, Triple, frozen
from skillkit.surroundings import Box

SAMPLES = 400  # random postures that show which shapes can meet
ALWAYS = 0.05  # [m] two shapes that were never further apart than this are neighbours by design
NEVER = 0.06  # [m] two shapes that never came nearer than this count as never meeting
DAMPING_RATE = 5.0  # ξ [1/s]


class Clearance(NamedTuple):
    """Distances below a limit, nearest first.

    Attributes:
        distances: (k,) [m]; negative where shapes are inside each other.
        gradients: (k, n) derivative by joint positions.
        names: what they are between, as links, box names, or ``"workspace x+"``.
    """

    distances: Array
    gradients: Array
    names: tuple[tuple[str, str], ...]


class Collisions:
    """Distances of one arm at given joint positions.

    Pairs of the arm's own shapes are left out that hang on neighbouring joints, that are near each other in every posture or touch at
    home, and that never come near each other, in a sample of postures drawn with ``random``.
    """

    def __init__(
        self,
        arm: Embodiment,
        boxes: Sequence[Box] = (),
        workspace: tuple[Triple, Triple] | None = None,
        ignore: Iterable[tuple[str, str]] = (),
        random: int = 0,
    ) -> None:
        """Read the shapes of the arm's URDF.

        Args:
            workspace: lower and upper corner of what the tool point must not leave, base axes [m].
            ignore: pairs of links or boxes that may touch, for example from :func:`disabled_in_srdf`.

        Raises:
            InvalidValue: shapes that cannot be read. UnknownName: a name in ``ignore`` that nothing has.
        """
        self.arm, self.kinematics = arm, ArmKinematics(arm)
        self.workspace = tuple(np.asarray(corner, dtype=np.float64) for corner in workspace) if workspace is not None else None
        self.model, self.data = self.kinematics.model, self.kinematics.data
        self.geometry = reduced_geometry(arm)
        self.names = [geometry.name.rsplit("_", 1)[0] for geometry in self.geometry.geometryObjects]
        for box in boxes:
            self._add(box)
        self._choose({frozenset(pair) for pair in ignore}, len(boxes), np.random.default_rng(random))

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """What is compared, one entry per pair of shapes."""
        return tuple((self.names[pair.first], self.names[pair.second]) for pair in self.geometry.collisionPairs)

    def distances(self, position: Array) -> Array:
        """(k,) [m] of every pair of shapes at joint positions (n,)."""
        pin.computeDistances(self.model, self.data, self.geometry, self.shapes, self.kinematics.configuration(position))
        return np.array([result.min_distance for result in self.shapes.distanceResults])

    def free(self, position: Array, margin: float = 0.0) -> bool:
        """Nothing is nearer than ``margin`` [m], and the tool is inside the workspace: a condition for :func:`skillkit.kinematics.solve_ik`."""
        point, _ = self.kinematics.place(position)
        if self.workspace is not None and not (self._room(point) > margin).all():
            return False
        return all(pin.computeDistance(self.geometry, self.shapes, index).min_distance > margin for index in self._near(margin))

    def clearance(self, position: Array, within: float = 0.08) -> Clearance:
        """Everything nearer than ``within`` [m] at joint positions (n,)."""
        point, _ = self.kinematics.place(position)
        found: list[tuple[float, Array, tuple[str, str]]] = self._bounds(point, within) if self.workspace is not None else []
        for index in self._near(within):
            result = pin.computeDistance(self.geometry, self.shapes, index)
            if result.min_distance < within:
                one, other = self._compared[index]
                found.append((result.min_distance, self._gradient(one, other, result), (self.names[one], self.names[other])))
        found.sort(key=lambda entry: entry[0])
        gradients = np.array([gradient for _, gradient, _ in found]).reshape(len(found), self.arm.n)
        return Clearance(frozen([distance for distance, _, _ in found]), frozen(gradients), tuple(names for *_, names in found))

    def levers(self) -> Array:
        """(n,) metres that any point of the arm moves at most per radian or metre of each joint."""
        carried = np.zeros(self.model.njoints)
        for shape in self.geometry.geometryObjects:
            extent = float(np.linalg.norm(shape.placement.translation)) + _radius(shape.geometry)
            carried[shape.parentJoint] = max(carried[shape.parentJoint], extent)
        return self.kinematics.levers(carried)

    def _near(self, within: float) -> list[int]:
        """Pairs whose bounding spheres are no further apart than ``within``, at the last placed position."""
        pin.updateGeometryPlacements(self.model, self.data, self.geometry, self.shapes)
        centres = np.array([placement.translation for placement in self.shapes.oMg])
        between = centres[self._first] - centres[self._second]
        reach = self._reach + within
        return np.flatnonzero((between * between).sum(axis=1) < reach * reach).tolist()

    def _gradient(self, one: int, other: int, result: Any) -> Array:
        point = result.getNearestPoint1()
        away = result.getNearestPoint2() - point
        length = float(np.linalg.norm(away))
        if length < 1e-9:
            return np.zeros(self.arm.n)
        away *= (1.0 if result.min_distance >= 0.0 else -1.0) / length
        (x, y, z), (a, b, c) = point.tolist(), away.tolist()
        wrench = np.array([a, b, c, y * c - z * b, z * a - x * c, x * b - y * a])
        return self.kinematics.of_arm((wrench @ (self._jacobian(other) - self._jacobian(one)))[None, :])[0]

    def _jacobian(self, shape: int) -> Any:
        """(6, nv) spatial Jacobian of the joint that a shape hangs on."""
        joint = self._joints[shape]
        return pin.getJointJacobian(self.model, self.data, joint, pin.WORLD) if joint else 0.0

    def _room(self, point: Array) -> Array:
        """(6,) distance of the tool point from each bound, lower ones first [m]."""
        lower, upper = self.workspace  # type: ignore[misc]
        return np.concatenate((point - lower, upper - point))

    def _bounds(self, point: Array, within: float) -> list[tuple[float, Array, tuple[str, str]]]:
        room, jacobian = self._room(point), self.kinematics.differentiate()
        signed = np.vstack((jacobian[:3], -jacobian[:3]))
        names = [f"workspace {axis}{side}" for side in "-+" for axis in "xyz"]
        return [(float(room[i]), signed[i], (self.arm.tool, names[i])) for i in np.flatnonzero(room < within)]

    def _add(self, box: Box) -> None:
        if box.name in self.names:
            raise InvalidValue("box name", box.name, f"a name that none of {', '.join(sorted(set(self.names)))} has")
        placement = self.kinematics.in_root(box.pose)
        x, y, z = (float(extent) for extent in box.size)
        self.geometry.addGeometryObject(pin.GeometryObject(f"{box.name}_0", 0, placement, coal.Box(x, y, z)))
        self.names.append(box.name)

    def _choose(self, ignored: set[frozenset[str]], boxes: int, random: np.random.Generator) -> None:
        """Keep the pairs that can meet."""
        for name in set().union(*ignored) if ignored else ():
            if name not in self.names:
                raise UnknownName("link with a shape, or box,", name, set(self.names))
        objects = self.geometry.geometryObjects
        candidates = [
            (i, j)
            for j in range(len(objects))
            for i in range(j)
            if self._apart(objects[i].parentJoint, objects[j].parentJoint) and frozenset((self.names[i], self.names[j])) not in ignored
        ]
        self._compare(candidates)
        lower, upper = np.maximum(self.arm.lower, -pi), np.minimum(self.arm.upper, pi)
        seen = np.array([self.distances(random.uniform(lower, upper)) for _ in range(SAMPLES)])  # (SAMPLES, pairs)
        always = (seen.max(axis=0) <= ALWAYS) | (self.distances(self.arm.home) <= 0.0)
        own = np.array([j < len(objects) - boxes for _, j in candidates], dtype=bool)
        left_out = own & (always | (seen.min(axis=0) > NEVER))
        self._compare([pair for pair, out in zip(candidates, left_out, strict=True) if not out])

    def _apart(self, one: int, other: int) -> bool:
        """Neither on the same joint nor on neighbouring ones."""
        return one != other and self.model.parents[other] != one and self.model.parents[one] != other

    def _compare(self, pairs: list[tuple[int, int]]) -> None:
        self.geometry.removeAllCollisionPairs()
        for i, j in pairs:
            self.geometry.addCollisionPair(pin.CollisionPair(i, j))
        self.shapes = pin.GeometryData(self.geometry)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of the word that overrules the guess as long as it is there
            for request in self.shapes.distanceRequests:  # to begin where the last distance ended would make this one depend on what was asked before
                request.enable_cached_gjk_guess, request.gjk_initial_guess = False, coal.GJKInitialGuess.DefaultGuess
        self._compared = pairs
        self._joints = [int(entry.parentJoint) for entry in self.geometry.geometryObjects]
        self._first, self._second = np.array(pairs, dtype=int).reshape(-1, 2).T
        radii = np.array([_radius(entry.geometry) for entry in self.geometry.geometryObjects])
        self._reach = radii[self._first] + radii[self._second]


def _radius(shape: Any) -> float:
    """Of a sphere about the shape's frame that holds it [m]."""
    shape.computeLocalAABB()
    box = shape.aabb_local
    return float(np.linalg.norm(np.maximum(np.abs(box.min_), np.abs(box.max_))))


def velocity_damper(clearance: Clearance, period: float, keep: float = 0.01, rate: float = DAMPING_RATE) -> tuple[Array, Array]:
    """Rows (k, n) and lower bounds (k,) of ``rows @ Δq >= lower`` for the joint displacement Δq (n,) of one control period [s].

    What is nearer than ``keep`` [m] may not come nearer still; nothing is ever pushed apart.
    """
    return clearance.gradients, frozen(-rate * period * np.maximum(clearance.distances - keep, 0.0))


def disabled_in_srdf(path: str | Path) -> list[tuple[str, str]]:
    """Pairs of links whose collisions an SRDF file disables.

    Raises:
        InvalidValue: not a readable SRDF.
    """
    try:
        root = ElementTree.parse(path).getroot()
    except (OSError, ElementTree.ParseError) as error:
        raise InvalidValue("SRDF", str(path), f"a readable SRDF file ({error})") from None
    return [(entry.get("link1", ""), entry.get("link2", "")) for entry in root.iter("disable_collisions")]
