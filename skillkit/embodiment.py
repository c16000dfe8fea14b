"""One robot arm as data: frames, joints, limits, gripper, rates, and its descriptor vector.

The numbers come from a model YAML beside a URDF; what the YAML leaves out is read from the URDF. No kinematics here: Pinocchio lives
in ``skillkit.kinematics``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from skillkit import documents, share
from skillkit.aim import AIM_WORDS, aim_schema, read_aim
from skillkit.descriptor import describe
from skillkit.documents import Document, is_number
from skillkit.exceptions import InvalidValue, UnknownName, did_you_mean
from skillkit.pose import Array, frozen
from skillkit.urdf import UrdfTree

ACTIONS = ("cartesian_delta", "joint_target")  # action spaces, see skillkit.spaces
DEFAULT_ACCELERATION = 10.0  # [rad/s²] where neither URDF nor YAML says; URDF has no element for it
DEFAULT_JERK = 1000.0  # [rad/s³]


@dataclass(frozen=True)
class Gripper:
    """A two-finger gripper driven by one command.

    Attributes:
        joints: finger joints, the first is commanded, the others follow it.
        open, closed: position of the first finger joint when open and closed [m] or [rad].
        width: gap between the fingers when open [m].
        force: largest gripping force [N]; speed: of the gap [m/s].
        gap_per_joint: metres of gap per unit of the first finger joint (2 for mirrored prismatic fingers).
    """

    joints: tuple[str, ...]
    open: float
    closed: float
    width: float
    force: float
    speed: float

    def joint_position(self, closure: float) -> float:
        """Closure 0 (open) … 1 (closed) → position of the first finger joint."""
        return self.open + min(1.0, max(0.0, closure)) * (self.closed - self.open)

    def gap(self, joint_position: float) -> float:
        """Position of the first finger joint → gap between the fingers [m]."""
        return self.width * (joint_position - self.closed) / (self.open - self.closed)


@dataclass(frozen=True)
class Embodiment:
    """One arm model.

    Attributes:
        urdf: path of the URDF.
        base, tool: links; every Cartesian quantity is of ``tool`` seen from ``base``.
        joints: names in command order; n of them.
        lower, upper: (n,) position limits [rad] or [m].
        velocity, acceleration, jerk: (n,) limits [rad/s, rad/s², rad/s³] or metres.
        home: (n,) where the arm waits [rad] or [m].
        control_rate: joint commands per second [Hz].
        settle: measured joint speed below which the arm counts as at rest [rad/s].
        actions: the action spaces that this arm takes.
        stale_after: age of a joint state after which the gate stops the arm [s].
        free, first: what its deltas leave free and put first, where a skill does not say, see :class:`~skillkit.spaces.CartesianDelta`.
    """

    name: str
    urdf: Path
    base: str
    tool: str
    joints: tuple[str, ...]
    lower: Array
    upper: Array
    velocity: Array
    acceleration: Array
    jerk: Array
    effort: Array
    home: Array
    gripper: Gripper | None = None
    control_rate: float = 100.0
    settle: float = 0.01
    stale_after: float = 0.08
    free: tuple[str, ...] = ()
    first: str = ""
    actions: tuple[str, ...] = ACTIONS
    model_file: Path | None = field(default=None, compare=False)

    @property
    def n(self) -> int:
        """Number of joints."""
        return len(self.joints)

    def plausible(self, position: Array) -> bool:
        """Whether joints can be measured at ``position`` (n,): finite, and outside their limits by no more than their range."""
        return bool(((position >= 2.0 * self.lower - self.upper) & (position <= 2.0 * self.upper - self.lower) & np.isfinite(position)).all())

    def descriptor(self) -> Array:
        """The model as numbers, one per name in :data:`skillkit.descriptor.FIELDS`; the same length for every arm."""
        return describe(self)

    @classmethod
    def load(cls, name_or_yaml: str | Path) -> Embodiment:
        """A model by name (``"panda"``) or by the path of its YAML.

        Raises:
            UnknownName: no such model; InvalidFile: every problem in it.
        """
        path = share.find("urdf", name_or_yaml)
        return _Model(documents.load(path), path).embodiment()

    @classmethod
    def from_urdf(cls, path: str | Path, base: str | None = None, tool: str | None = None, joints: Sequence[str] | None = None) -> Embodiment:
        """Any URDF: base defaults to the root link, tool to the end of the longest chain, joints to the moving ones between.

        A joint that mimics another is not an arm's joint: it follows.

        Raises:
            InvalidFile: not a URDF, or the chain is broken. UnknownName: no such link or joint. InvalidValue: a joint without a range.
        """
        tree = UrdfTree.read(Path(path))
        base = base or tree.root
        tool = tool or tree.deepest(base)
        chain = tree.chain(base, tool)
        names = tuple(joints) if joints is not None else tuple(chain)
        for name in names:
            if name not in chain:
                raise UnknownName(f"moving joint between {base} and {tool}", name, chain)
        limits = [tree.joints[name] for name in names]
        for joint in limits:
            if not joint.lower < joint.upper:
                raise InvalidValue(f"limits of {joint.name}", (joint.lower, joint.upper), "lower below upper in the URDF, or limits in a model YAML")
        n = len(names)
        lower, upper = frozen([j.lower for j in limits]), frozen([j.upper for j in limits])
        return cls(
            name=tree.name, urdf=Path(path), base=base, tool=tool, joints=names, lower=lower, upper=upper,
            velocity=frozen([j.velocity for j in limits]), acceleration=frozen([DEFAULT_ACCELERATION] * n), jerk=frozen([DEFAULT_JERK] * n),
            effort=frozen([j.effort for j in limits]), home=frozen(np.clip(np.zeros(n), lower, upper)),
        )  # fmt: skip


WORDS = (
    "robot",
    "description",
    "urdf",
    "base",
    "tool",
    "joints",
    "limits",
    "home",
    "gripper",
    "control_rate",
    "settle",
    "stale_after",
    "source",
    "actions",
    *AIM_WORDS,
)
REQUIRED = ("robot", "urdf", "base", "tool", "joints", "home")
GRIPPER_WORDS = ("joints", "open", "closed", "width", "force", "speed")
LIMITS = ("lower", "upper", "velocity", "acceleration", "jerk", "effort")


def robot_schema() -> dict[str, Any]:
    """JSON Schema (draft 7) of a model YAML."""
    word, number, above_zero = {"type": "string"}, {"type": "number"}, {"type": "number", "exclusiveMinimum": 0}
    names, numbers = {"type": "array", "items": word, "minItems": 1}, {"type": "array", "items": number}
    gripper = {name: names if name == "joints" else number for name in GRIPPER_WORDS}
    known: dict[str, Any] = {
        **dict.fromkeys(("robot", "description", "urdf", "base", "tool", "source"), word),
        **dict.fromkeys(("control_rate", "settle", "stale_after"), above_zero),
        **aim_schema(),
        "joints": names,
        "home": numbers,
        "limits": {"type": "object", "properties": dict.fromkeys(LIMITS, numbers), "additionalProperties": False},
        "gripper": {"type": "object", "properties": gripper, "required": list(GRIPPER_WORDS)},
        "actions": {"type": "array", "items": {"enum": list(ACTIONS)}},
    }
    properties = {name: known.get(name, {}) for name in WORDS}
    head = {"$schema": "http://json-schema.org/draft-07/schema#", "title": "skillkit robot model", "type": "object"}
    return {**head, "properties": properties, "required": list(REQUIRED), "additionalProperties": False}


class _Model:
    """Checks a model YAML; all problems at once."""

    def __init__(self, document: Document, path: Path) -> None:
        self.document, self.path = document, path

    def embodiment(self) -> Embodiment:
        document, data = self.document, self.document.data
        document.raise_errors()
        if not isinstance(data, dict):
            document.error((), "wrong-type", f"a robot model is a mapping, found {documents.describe(data)}")
            document.raise_errors()
        document.check_words(data, (), WORDS, "a robot model")
        for key in REQUIRED:
            if key not in data:
                document.error((), "missing", f"'{key}' is missing")
        document.raise_errors()
        tree = self._tree(data)
        names = tuple(data["joints"]) if isinstance(data["joints"], list) and all(isinstance(name, str) for name in data["joints"]) else ()
        if not names:
            document.error(("joints",), "wrong-type", f"joints is a list of joint names, found {documents.describe(data['joints'])}")
        for index, name in enumerate(names):
            if name not in tree.joints:
                document.error(("joints", index), "unknown-joint", f"the URDF has no joint '{name}'", did_you_mean(name, tree.joints))
        for key in ("base", "tool"):
            if data[key] not in tree.links:
                document.error((key,), "unknown-link", f"the URDF has no link '{data[key]}'", did_you_mean(str(data[key]), tree.links))
        document.raise_errors()
        urdf = [tree.joints[name] for name in names]
        limits = data.get("limits") or {}
        n, aim = len(names), read_aim(document, data, ())
        result = Embodiment(
            name=str(data["robot"]), urdf=self._urdf(data), base=data["base"], tool=data["tool"], joints=names,
            lower=self._vector(limits, "lower", n, [j.lower for j in urdf]), upper=self._vector(limits, "upper", n, [j.upper for j in urdf]),
            velocity=self._vector(limits, "velocity", n, [j.velocity for j in urdf], positive=True),
            acceleration=self._vector(limits, "acceleration", n, [DEFAULT_ACCELERATION] * n, positive=True),
            jerk=self._vector(limits, "jerk", n, [DEFAULT_JERK] * n, positive=True), effort=self._vector(limits, "effort", n, [j.effort for j in urdf]),
            home=self._vector(data, "home", n, [0.0] * n, inside=()), gripper=self._gripper(data, tree),
            control_rate=self._number(data, "control_rate", 100.0), settle=self._number(data, "settle", 0.01),
            stale_after=self._number(data, "stale_after", 0.08), free=aim[0], first=aim[1], actions=self._actions(data.get("actions", list(ACTIONS))),
            model_file=self.path,
        )  # fmt: skip
        for index, (name, lower, home, upper) in enumerate(zip(names, result.lower, result.home, result.upper, strict=True)):
            if not lower < upper:
                document.error(("limits",), "out-of-range", f"{name}: lower limit {lower:g} is not below upper limit {upper:g}")
            elif not lower <= home <= upper:
                document.error(("home", index), "out-of-range", f"{name}: home {home:g} is outside [{lower:g}, {upper:g}]")
        document.raise_errors()
        return result

    def _urdf(self, data: dict[str, Any]) -> Path:
        return (self.path.parent / str(data["urdf"])).resolve()

    def _tree(self, data: dict[str, Any]) -> UrdfTree:
        if not self._urdf(data).is_file():
            self.document.error(("urdf",), "unknown-file", f"there is no file {self._urdf(data)}")
            self.document.raise_errors()
        return UrdfTree.read(self._urdf(data))

    def _vector(self, data: Any, key: str, n: int, default: list[float], *, positive: bool = False, inside: tuple[str, ...] = ("limits",)) -> Array:
        values = data.get(key, default) if isinstance(data, dict) else default
        if not (isinstance(values, list) and len(values) == n and all(is_number(value) for value in values)):
            self.document.error((*inside, key), "wrong-type", f"{key} is a list of {n} numbers, one per joint, found {documents.describe(values)}")
            return frozen(default)
        if positive and min(values) <= 0.0:
            self.document.error((*inside, key), "out-of-range", f"every {key} limit must be above 0, found {min(values):g}")
        return frozen(values)

    def _actions(self, value: Any) -> tuple[str, ...]:
        if not isinstance(value, list):
            self.document.error(("actions",), "wrong-type", f"actions is a list of action spaces, found {documents.describe(value)}")
            return ()
        for index, word in enumerate(value):
            if word not in ACTIONS:
                self.document.error(("actions", index), "unknown-word", f"'{word}' is no action space", did_you_mean(str(word), ACTIONS))
        return tuple(str(word) for word in value)

    def _number(self, data: dict[str, Any], key: str, default: float, inside: tuple[str, ...] = ()) -> float:
        value = data.get(key, default)
        if not is_number(value) or value <= 0.0:
            self.document.error((*inside, key), "wrong-type", f"{key} is a number above 0, found {documents.describe(value)}")
            return default
        return float(value)

    def _gripper(self, data: dict[str, Any], tree: UrdfTree) -> Gripper | None:
        words = data.get("gripper")
        if words is None:
            return None
        if not isinstance(words, dict) or any(key not in words for key in GRIPPER_WORDS) or not isinstance(words.get("joints"), list):
            self.document.error(("gripper",), "wrong-type", f"a gripper has {', '.join(GRIPPER_WORDS)}, found {documents.describe(words)}")
            return None
        for index, name in enumerate(words["joints"]):
            if name not in tree.joints:
                self.document.error(("gripper", "joints", index), "unknown-joint", f"the URDF has no joint '{name}'", did_you_mean(str(name), tree.joints))
        for key in ("open", "closed"):
            if not is_number(words[key]):
                self.document.error(("gripper", key), "wrong-type", f"{key} is a joint position, found {documents.describe(words[key])}")
        if any(problem.severity == "error" for problem in self.document.problems):
            return None
        numbers = {key: self._number(words, key, 1.0, ("gripper",)) for key in ("width", "force", "speed")}
        if words["open"] == words["closed"]:
            self.document.error(("gripper", "closed"), "out-of-range", "open and closed are the same position")
        return Gripper(tuple(str(name) for name in words["joints"]), float(words["open"]), float(words["closed"]), **numbers)
