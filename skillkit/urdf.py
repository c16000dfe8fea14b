"""A URDF as far as an arm model needs it: its links, and its joints with limits, origins and axes."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from skillkit.exceptions import InvalidFile, InvalidValue, Problem, UnknownName
from skillkit.pose import Pose

DEFAULT_VELOCITY = 1.0  # [rad/s] or [m/s] where the URDF does not say
IDENTITY = Pose.from_vector()


@dataclass(frozen=True)
class UrdfJoint:
    """What URDF says of one joint; limits of a continuous joint are ±4π here, a speed of 0 counts as unsaid.

    ``mimics`` is empty or the joint that this one follows: position = multiplier · leader + offset.
    """

    name: str
    type: str
    parent: str
    child: str
    lower: float
    upper: float
    velocity: float
    effort: float
    mimics: str = ""
    multiplier: float = 1.0
    offset: float = 0.0
    origin: Pose = IDENTITY  # ``transform_child_to_parent`` with the joint at 0
    axis: tuple[float, float, float] = (1.0, 0.0, 0.0)  # in the child's frame

    def motion(self, position: float) -> Pose:
        """``transform_child_to_parent`` at ``position`` [rad] or [m]."""
        along = position * np.array(self.axis)
        return self.origin @ (Pose.from_vector(along) if self.type == "prismatic" else Pose.from_vector(vector=along))


@dataclass(frozen=True)
class UrdfTree:
    """Links and joints of a URDF, as far as an embodiment needs them."""

    name: str
    links: tuple[str, ...]
    joints: dict[str, UrdfJoint]

    @classmethod
    def read(cls, path: Path) -> UrdfTree:
        """Parse a URDF.

        Raises:
            InvalidFile: unreadable, not XML or not a URDF.
        """
        try:
            element = ElementTree.parse(path).getroot()
        except OSError as error:
            raise InvalidFile([Problem(str(path), 1, 1, "unreadable-file", "error", error.strerror or str(error))]) from None
        except ElementTree.ParseError as error:
            line, column = error.position
            raise InvalidFile([Problem(str(path), line, column + 1, "xml-syntax", "error", str(error))]) from None
        if element.tag != "robot":
            raise InvalidFile([Problem(str(path), 1, 1, "not-urdf", "error", f"the root element is <{element.tag}>; a URDF begins with <robot>")])
        links = tuple(link.get("name", "") for link in element.findall("link"))
        try:
            joints = {joint.get("name", ""): _urdf_joint(joint) for joint in element.findall("joint")}
        except ValueError as error:
            raise InvalidFile([Problem(str(path), 1, 1, "wrong-type", "error", f"a number of a joint cannot be read: {error}")]) from None
        return cls(element.get("name", path.stem), links, joints)

    @property
    def root(self) -> str:
        """The link that is no joint's child."""
        children = {joint.child for joint in self.joints.values()}
        return next((link for link in self.links if link not in children), self.links[0] if self.links else "")

    def deepest(self, base: str) -> str:
        """The link with the most moving joints between it and ``base``."""
        return max(self.links, key=lambda link: len(_moving(self._way_or_none(base, link) or [])), default=base)

    def chain(self, base: str, tool: str) -> list[str]:
        """Names of the moving joints from ``base`` to ``tool``, in order.

        Raises:
            UnknownName: no such link; InvalidValue: no chain between them.
        """
        return _moving(self.way(base, tool))

    def way(self, base: str, tool: str) -> list[UrdfJoint]:
        """Every joint from ``base`` to ``tool``, in order, fixed ones and followers too.

        Raises:
            UnknownName: no such link; InvalidValue: no chain between them.
        """
        for kind, link in (("base link", base), ("tool link", tool)):
            if link not in self.links:
                raise UnknownName(kind, link, self.links)
        found = self._way_or_none(base, tool)
        if found is None:
            raise InvalidValue("tool", tool, f"a link below '{base}'")
        return found

    def _way_or_none(self, base: str, tool: str) -> list[UrdfJoint] | None:
        above = {joint.child: joint for joint in self.joints.values()}
        way: list[UrdfJoint] = []
        link = tool
        for _ in range(len(self.links) + 1):
            if link == base:
                return way[::-1]
            if link not in above:
                return None
            way.append(above[link])
            link = above[link].parent
        return None


def _moving(way: list[UrdfJoint]) -> list[str]:
    return [joint.name for joint in way if joint.type not in ("fixed", "floating", "planar") and not joint.mimics]


def _urdf_joint(joint: ElementTree.Element) -> UrdfJoint:
    kind = joint.get("type", "fixed")
    limit, parent, child, mimic = joint.find("limit"), joint.find("parent"), joint.find("child"), joint.find("mimic")
    values = limit.attrib if limit is not None else {}
    turn = 4.0 * math.pi
    lower, upper = (-turn, turn) if kind == "continuous" else (float(values.get("lower", 0.0)), float(values.get("upper", 0.0)))
    return UrdfJoint(
        joint.get("name", ""), kind, parent.get("link", "") if parent is not None else "", child.get("link", "") if child is not None else "",
        lower, upper, float(values.get("velocity", 0.0)) or DEFAULT_VELOCITY, float(values.get("effort", 0.0)),
        *(_followed(mimic) if mimic is not None else ("", 1.0, 0.0)), _origin(joint.find("origin")), _axis(joint.find("axis")),
    )  # fmt: skip


def _followed(mimic: ElementTree.Element) -> tuple[str, float, float]:
    return mimic.get("joint", ""), float(mimic.get("multiplier", 1.0)), float(mimic.get("offset", 0.0))


def _origin(origin: ElementTree.Element | None) -> Pose:
    if origin is None:
        return IDENTITY
    return Pose.from_rpy(*([float(number) for number in origin.get(word, "0 0 0").split()] for word in ("xyz", "rpy")))


def _axis(axis: ElementTree.Element | None) -> tuple[float, float, float]:
    x, y, z = (float(number) for number in (axis.get("xyz", "1 0 0") if axis is not None else "1 0 0").split())
    length = math.hypot(x, y, z) or 1.0
    return x / length, y / length, z / length
