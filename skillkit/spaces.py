"""The values that flow through the one straight line: frozen, with units and frames named.

``Observation → option → Directive → controller → gate → JointCommand``. Every time is in seconds on the *task clock*, which starts
at 0 with the runtime and is handed in; nothing here reads a clock. Poses are in the frame ``world`` of the cell, x forward and z up
(REP-103).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from types import MappingProxyType
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

from skillkit.exceptions import UnknownName
from skillkit.pose import Array, Pose

NOTHING: Mapping[str, Any] = MappingProxyType({})
T = TypeVar("T")
GATE = "gate:"  # what a gate changed begins with this in ``JointCommand.limited``; the rest is the controller's


# ---- what the world says -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ArmState:
    """One arm as observed at one control tick.

    Attributes:
        position: (n,) joint positions measured [rad] or [m].
        velocity: (n,) joint velocities measured [rad/s] or [m/s].
        tool: measured tool pose, ``transform_tool_to_world``; z points out of the gripper.
        target: tool pose that the controller is steering to, ``transform_tool_to_world``; free of actuator lag.
        base: ``transform_base_to_world``.
        opening: measured gap between the fingers [m].
        opening_max: widest gap of this gripper [m].
        closure: commanded closure of the gripper, 0 open … 1 closed.
        force: measured gripping force [N], 0 where the gripper does not tell.
        age: time since the joint state arrived [s].
        residual: (6,) what the controller could not follow yet, target minus commanded pose [m, rad], in world axes.
        wrench: (6,) force [N] and torque [Nm] that the world exerts on the tool, in the tool's frame, without bias; ``None`` where no fresh one is known.
        contact: how far that force has been, at most, from what it was when a guarded motion began [N], see :mod:`skillkit.wrench`; 0 outside.
    """

    position: Array
    velocity: Array
    tool: Pose
    target: Pose
    base: Pose
    opening: float
    opening_max: float
    closure: float
    force: float
    age: float
    residual: Array
    wrench: Array | None = None
    contact: float = 0.0


@dataclass(frozen=True, slots=True)
class ObjectState:
    """One perceived object.

    Attributes:
        pose: ``transform_object_to_world``; +x is the object's front (a handle's, a button's outward normal), +z up, origin at its centre.
        size: (3,) full extents along its own axes [m].
        age: time since the pose arrived [s].
        speed: speed of its centre by finite difference of the last two poses [m/s].
    """

    pose: Pose
    size: Array
    age: float
    speed: float


def _call(make: Callable[[], T]) -> T:
    return make()


class Glance(Mapping[str, T], Generic[T]):
    """What was seen at one tick, by name; each value is made when it is first looked at, since most ticks look at little.

    Args:
        sources: what the values are made of; it must not change any more.
        make: source → value; by default the sources are called.
    """

    __slots__ = ("_made", "_make", "_sources")

    def __init__(self, sources: Mapping[str, Any], make: Callable[[Any], T] = _call) -> None:
        self._sources, self._make = sources, make
        self._made: dict[str, T] = {}

    def __getitem__(self, name: str) -> T:
        if name not in self._made:
            self._made[name] = self._make(self._sources[name])
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in self._sources

    def __iter__(self) -> Iterator[str]:
        return iter(self._sources)

    def __len__(self) -> int:
        return len(self._sources)

    def __repr__(self) -> str:
        return repr(dict(self))


@dataclass(frozen=True, slots=True)
class Answer:
    """What an operator last answered to a question; ``count`` grows with every answer, so a new one is known from an old one."""

    text: str
    count: int


@dataclass(frozen=True, slots=True)
class Observation:
    """Everything a decision may depend on, at one tick; ``answers`` are by the question's name, ``seed`` is that of every run's random numbers."""

    time: float
    arms: Mapping[str, ArmState]
    objects: Mapping[str, ObjectState]
    signals: Mapping[str, float]
    answers: Mapping[str, Answer] = field(default_factory=lambda: NOTHING)
    seed: int = 0

    def object(self, name: str) -> ObjectState:
        """The object of that name; ``UnknownName`` lists what is seen."""
        try:
            return self.objects[name]
        except KeyError:
            raise UnknownName("object", name, self.objects) from None

    def worked_out(self) -> Observation:
        """The same for another thread: nothing in it is left to be made, with what commands are made with, when it is looked at."""
        return replace(self, arms=dict(self.arms), objects=dict(self.objects))


# ---- what an option says -------------------------------------------------------------------------------------------------------


AXES = ("x", "y", "z", "rx", "ry", "rz")  # translations along and rotations about the axes of the tool
FIRST = ("position", "rotation")


@dataclass(frozen=True, slots=True)
class CartesianDelta:
    """Motion of the tool during *one policy step*; the runtime spreads it over the control ticks of that step.

    Attributes:
        translation: (3,) [m] in ``frame``.
        rotation: (3,) rotation vector [rad] in ``frame``, about the tool point.
        frame: ``"tool"``, ``"base"``, ``"world"`` or the name of an object.
        closure: gripper command, 0 open … 1 closed; ``None`` leaves it as it is.
        period: length of the policy step [s]; filled in by the execution from the option's rate, 0 means one control tick.
        start: when that policy step began, task clock [s]; filled in by the execution.
        force_limit: makes the motion a guarded one that presses at most this hard [N], see :mod:`skillkit.wrench`; ``None`` presses as hard as it comes.
        speed, force: shares of the velocity limits and of the gripper's force, above 0 and up to 1; narrowed by the execution.
        lasts: time after ``start`` in which it is obeyed [s]; 0 means as long as it stands. Filled in by the execution.
        free: of :data:`AXES`, in axes of the tool: motions that are not steered in this step and may turn out as they like.
        first: of :data:`FIRST`, what counts more where the arm cannot do both; empty for neither. An option's own where left out, else the arm's.
    """

    translation: tuple[float, float, float]
    rotation: tuple[float, float, float] = (0.0, 0.0, 0.0)
    frame: str = "world"
    closure: float | None = None
    period: float = 0.0
    start: float = 0.0
    force_limit: float | None = None
    speed: float = 1.0
    force: float = 1.0
    lasts: float = 0.0
    free: tuple[str, ...] = ()
    first: str = ""


@dataclass(frozen=True, slots=True)
class JointTarget:
    """Joint positions to go to (n,) [rad] or [m]; for homing, not for skills that should run on any arm. The rest as in :class:`CartesianDelta`."""

    position: tuple[float, ...]
    closure: float | None = None
    start: float = 0.0
    speed: float = 1.0
    force: float = 1.0
    lasts: float = 0.0


@dataclass(frozen=True, slots=True)
class Hold:
    """Come to rest and stay; the gripper keeps its command."""


@dataclass(frozen=True, slots=True)
class Delegated:
    """Another machine moves this arm; nothing is sent from here."""

    to: str = ""


Directive: TypeAlias = CartesianDelta | JointTarget | Hold | Delegated


@dataclass(frozen=True, slots=True)
class JointCommand:
    """What leaves the gate.

    Attributes:
        position: (n,) [rad] or [m].
        velocity: (n,) [rad/s] or [m/s].
        closure: 0 open … 1 closed.
        limited: why it differs from what was asked: by the controller, ``"velocity:panda_joint2"``, or by the gate, ``"gate:…"``.
        safe: False when the gate stopped the arm on its own.
    """

    position: Array
    velocity: Array
    closure: float
    limited: tuple[str, ...] = ()
    safe: bool = True


# ---- how it ended --------------------------------------------------------------------------------------------------------------


class Outcome(Enum):
    """Every way an option can end. Reaching a deadline is never success."""

    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    TIMED_OUT = "TIMED_OUT"
    PREEMPTED = "PREEMPTED"
    REFUSED = "REFUSED"  # outside the initiation set
    UNSAFE = "UNSAFE"  # the gate or a watchdog stopped it
    ERROR = "ERROR"  # a bug

    @property
    def swallowable(self) -> bool:
        """Whether a fallback, retry or decorator may turn it into something else."""
        return self in (Outcome.SUCCEEDED, Outcome.FAILED, Outcome.TIMED_OUT, Outcome.REFUSED)


@dataclass(frozen=True, slots=True)
class Ending:
    """How an option ended and why, in words."""

    outcome: Outcome
    reason: str = ""


# ---- stamped inputs: everything that arrives on its own ----------------------------------------------------------------------------


class JointInput(NamedTuple):
    """A joint state, already matched by joint name to the arm's order."""

    arm: str
    stamp: float  # when it was measured, sender's clock [s]
    received: float  # when it arrived, task clock [s]
    position: tuple[float, ...]
    velocity: tuple[float, ...]
    opening: float  # [m]
    force: float = 0.0  # [N]


class WrenchInput(NamedTuple):
    """What the world exerts on an arm's tool: force [N] and torque [Nm] (6,) in the tool's frame, at its origin, bias included."""

    arm: str
    stamp: float
    received: float
    values: tuple[float, ...]


class ObjectInput(NamedTuple):
    """A perceived pose ``transform_object_to_world``: position [m], quaternion (x, y, z, w)."""

    name: str
    stamp: float
    received: float
    position: tuple[float, float, float]
    quaternion: tuple[float, float, float, float]


class SignalInput(NamedTuple):
    """A named number: a button's travel, a digital input, a force."""

    name: str
    stamp: float
    received: float
    value: float


class GoalInput(NamedTuple):
    """Start the option ``option`` (a task or a skill) with parameters; ``goal`` identifies it, ``roles`` says which arm plays which role."""

    goal: str
    received: float
    option: str
    parameters: Mapping[str, Any] = NOTHING
    roles: Mapping[str, str] = NOTHING


class CancelInput(NamedTuple):
    """Stop the goal; it ends PREEMPTED once the arm is at rest. An empty ``goal`` means whichever is active."""

    goal: str
    received: float
    reason: str = "cancelled"


class ControlInput(NamedTuple):
    """``pause``, ``resume``, ``step`` (one decision, then pause again), ``deadman held``, ``deadman released``, ``speed <share>`` of every arm's limits, or
    ``zero_wrench``: what arms at rest feel now counts as nothing.
    """

    word: str
    received: float


class AnswerInput(NamedTuple):
    """An operator's answer to the question of an ``ask`` node, by its label or path; an empty ``question`` means whichever is open."""

    question: str
    received: float
    answer: str


class DriverInput(NamedTuple):
    """Whether an arm's driver lets it move.

    Attributes:
        state: ``ready``; ``blocked``, motion is not allowed for now: the task freezes until an operator resumes it; ``fault``: goals end UNSAFE.
        reason: in words, empty when ready.
        speed: share of its speed at which the driver runs, 0 … 1.
    """

    arm: str
    received: float
    state: str
    reason: str = ""
    speed: float = 1.0


class TeleopInput(NamedTuple):
    """A person moves an arm: what they want of its tool, for as long as they keep saying it.

    Attributes:
        twist: (6,) linear [m/s] and angular velocity [rad/s] in ``frame``; zeros stand still. Empty where a ``pose`` is given.
        pose: (7,) ``transform_tool_to_world`` to go to, position [m] and quaternion (x, y, z, w). Empty where a ``twist`` is given.
        frame: ``"tool"``, ``"base"``, ``"world"``.
        closure: of the gripper, 0 open … 1 closed; ``None`` leaves it as it is.
        who, why: for the record.
    """

    arm: str
    stamp: float
    received: float
    twist: tuple[float, ...] = ()
    pose: tuple[float, ...] = ()
    frame: str = "world"
    closure: float | None = None
    who: str = ""
    why: str = ""


Input: TypeAlias = JointInput | WrenchInput | ObjectInput | SignalInput | GoalInput | CancelInput | ControlInput | AnswerInput | DriverInput | TeleopInput
