"""The functions of the expression language: what each is called, takes, gives and means.

A function is either a *measure* (a number with a unit) or a *judgement*: a list of measures with their limits, true when all of
them hold. So a judgement that is false can always say which measure broke it, and by how much. ``None`` stands for "not known":
an object that is not seen, an arm that is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import acos, atan2, degrees, nan, radians
from typing import NamedTuple, TypeAlias

import numpy as np

from skillkit.exceptions import SkillkitError
from skillkit.expressions.dimensions import ANGLE, BOOLEAN, FORCE, LENGTH, NAME, NUMBER, SPEED, TIME
from skillkit.option import Situation
from skillkit.pose import Array, Pose, cross, frozen, norm
from skillkit.spaces import ArmState

TOOL = "tool"
FINGER_GAP = 0.003  # [m] less than this between the fingers is nothing
THINNER, WIDER = 0.02, 0.01  # [m] by which the gap around an object may differ from its sides
CLOSED = 0.5  # closure from which the gripper counts as commanded closed
FULL = 0.999
POINT = frozen(np.zeros(3))


class Check(NamedTuple):
    """One measure of a judgement and the range it must be in."""

    label: str
    value: float
    low: float
    high: float
    dimension: str


class Thing(NamedTuple):
    """What a name stands for in an observation: an object, or the tool."""

    name: str
    pose: Pose
    size: Array  # (3,) [m]
    speed: float  # [m/s]; nan for the tool
    age: float  # [s] since it was seen
    wrench: Array | None = None  # (6,) of a tool, where it is measured


class Unseen(SkillkitError):
    """A name that the observation does not hold; the term is then not known. Never leaves the expression."""


Answer: TypeAlias = "float | list[Check]"


class Argument(NamedTuple):
    """One argument: ``kind`` is ``object``, ``frame`` (an object or the tool), ``signal``, ``name`` or a quantity."""

    name: str
    kind: str
    default: float | None = None

    @property
    def dimension(self) -> str:
        """What an expression given here must be."""
        return NAME if self.kind in ("object", "frame", "signal", "name") else self.kind


@dataclass(frozen=True)
class Function:
    """One function of the language.

    Attributes:
        dimension: what it gives: ``boolean``, or the quantity of the measure (SI).
        description: one sentence, for people.
    """

    name: str
    arguments: tuple[Argument, ...]
    dimension: str
    description: str
    compute: Callable[..., Answer]

    @cached_property
    def named(self) -> tuple[bool, ...]:
        """Whether each argument is a name."""
        return tuple(argument.dimension == NAME for argument in self.arguments)

    @cached_property
    def looked_up(self) -> tuple[bool, ...]:
        """Whether each argument is the name of something in the observation."""
        return tuple(argument.kind in ("object", "frame") for argument in self.arguments)

    @property
    def signature(self) -> str:
        """``upright(a, max=15 deg)``."""
        shown = [a.name if a.default is None else f"{a.name}={_shown_default(a)}" for a in self.arguments]
        return f"{self.name}({', '.join(shown)})"


def _shown_default(argument: Argument) -> str:
    value = argument.default or 0.0
    if argument.kind == ANGLE:
        return f"{degrees(value):g} deg"
    return f"{value * 100:g} cm/s" if argument.kind == SPEED else f"{value:g} m" if argument.kind == LENGTH else f"{value:g}"


# ---- names to things -----------------------------------------------------------------------------------------------------------------


def arm_of(situation: Situation, role: str = "arm") -> ArmState:
    """The arm in a role.

    Raises:
        Unseen: it is not in the observation.
    """
    try:
        return situation.arm_in(role)
    except (SkillkitError, KeyError):
        raise Unseen(f"the arm in role '{role}' is not seen") from None


def thing(situation: Situation, name: str) -> Thing:
    """The object of that name, or the tool (``tool``, ``left.tool``).

    Raises:
        Unseen: it is not in the observation.
    """
    role, dot, last = name.rpartition(".")
    if last == TOOL:
        arm = arm_of(situation, role if dot else "arm")
        return Thing(name, arm.tool, POINT, nan, arm.age, arm.wrench)
    objects = situation.observation.objects
    if name not in objects:
        raise Unseen(f"object '{name}' is not seen")
    state = objects[name]
    return Thing(name, state.pose, state.size, state.speed, state.age)


def signal_value(situation: Situation, name: str) -> float:
    """A named signal.

    Raises:
        Unseen: it has not arrived.
    """
    value = situation.observation.signals.get(name)
    if value is None:
        raise Unseen(f"signal '{name}' is not seen")
    return float(value)


# ---- geometry ------------------------------------------------------------------------------------------------------------------------


def _between(u: Array, v: Array) -> float:
    """Angle between two unit vectors [rad]; exact near 0 and π, unlike the arc cosine."""
    return atan2(norm(cross(u, v)), float(u @ v))


def _half_height(a: Thing) -> float:
    return 0.5 * float(np.abs(a.pose.rotation[2]) @ a.size)


def _local(a: Thing, b: Thing) -> Array:
    """Centre of ``a`` in the frame of ``b`` [m]."""
    return b.pose.rotation.T @ (a.pose.position - b.pose.position)


def _footprint(a: Thing, b: Thing) -> list[Check]:
    x, y = (abs(float(c)) for c in _local(a, b)[:2])
    return [
        Check(f"offset of {a.name} along x of {b.name}", x, 0.0, 0.5 * float(b.size[0]), LENGTH),
        Check(f"offset of {a.name} along y of {b.name}", y, 0.0, 0.5 * float(b.size[1]), LENGTH),
    ]


def _distance(situation: Situation, a: Thing, b: Thing) -> Answer:
    return norm(a.pose.position - b.pose.position)


def _horizontal_distance(situation: Situation, a: Thing, b: Thing) -> Answer:
    return norm((a.pose.position - b.pose.position)[:2])


def _height(situation: Situation, a: Thing) -> Answer:
    return float(a.pose.position[2])


def _angle(situation: Situation, a: Thing, b: Thing) -> Answer:
    return _between(a.pose.rotation[:, 0], b.pose.rotation[:, 0])


def _tilt_of(a: Thing) -> float:
    return acos(min(1.0, max(-1.0, float(a.pose.rotation[2, 2]))))


def _tilt(situation: Situation, a: Thing) -> Answer:
    return _tilt_of(a)


def _upright(situation: Situation, a: Thing, limit: float) -> Answer:
    return [Check(f"tilt of {a.name}", _tilt_of(a), 0.0, limit, ANGLE)]


def _above(situation: Situation, a: Thing, b: Thing) -> Answer:
    top = float(b.pose.position[2]) + _half_height(b)
    return [Check(f"height of {a.name} over the top of {b.name}", float(a.pose.position[2]) - top, 0.0, float("inf"), LENGTH), *_footprint(a, b)]


def _on(situation: Situation, a: Thing, b: Thing) -> Answer:
    gap = float(a.pose.position[2] - b.pose.position[2]) - _half_height(a) - _half_height(b)
    return [
        Check(f"gap between {a.name} and the top of {b.name}", gap, -0.02, 0.02, LENGTH),
        *_footprint(a, b),
        Check(f"speed of {a.name}", a.speed, 0.0, 0.01, SPEED),
    ]


def _inside(situation: Situation, a: Thing, b: Thing) -> Answer:
    local = _local(a, b)
    return [
        Check(f"offset of {a.name} along {axis} of {b.name}", abs(float(local[i])), 0.0, 0.5 * float(b.size[i]) + 0.01, LENGTH) for i, axis in enumerate("xyz")
    ]


def _still(situation: Situation, a: Thing, limit: float) -> Answer:
    return [Check(f"speed of {a.name}", a.speed, 0.0, limit, SPEED)]


def _speed(situation: Situation, a: Thing) -> Answer:
    return a.speed


def _age(situation: Situation, a: Thing) -> Answer:
    return a.age


def _force(situation: Situation, a: Thing) -> Answer:
    if a.wrench is None:
        raise Unseen(f"no wrench of '{a.name}' is measured")
    return norm(a.wrench[:3])


def _opened(situation: Situation, handle: Thing, cabinet: Thing, least: float) -> Answer:
    turned = _between(handle.pose.rotation[:, 0], cabinet.pose.rotation[:, 0])
    return [Check(f"angle of {handle.name} from the front of {cabinet.name}", turned, least, float("inf"), ANGLE)]


# ---- gripper, signals, time ----------------------------------------------------------------------------------------------------------


def _holding_checks(arm: ArmState) -> list[Check]:
    return [Check("closure of the gripper", arm.closure, CLOSED, 1.0, NUMBER), Check("gap between the fingers", arm.opening, FINGER_GAP, float("inf"), LENGTH)]


def _grasped(situation: Situation, a: Thing) -> Answer:
    arm = arm_of(situation)
    closure, gap = _holding_checks(arm)
    thin, wide = sorted((float(a.size[0]), float(a.size[1])))
    gap = gap._replace(low=max(FINGER_GAP, thin - THINNER), high=wide + WIDER if wide > 0.0 else float("inf"))
    reach = 0.5 * float(max(a.size)) + 0.02
    return [closure, gap, Check(f"distance from the tool to {a.name}", norm(arm.tool.position - a.pose.position), 0.0, reach, LENGTH)]


def _holding(situation: Situation) -> Answer:
    return list(_holding_checks(arm_of(situation)))


def _gripper_open(situation: Situation) -> Answer:
    arm = arm_of(situation)
    return [
        Check("closure of the gripper", arm.closure, 0.0, CLOSED, NUMBER),
        Check("gap between the fingers", arm.opening, 0.9 * arm.opening_max, float("inf"), LENGTH),
    ]


def _at_rest(situation: Situation) -> Answer:
    return [Check("fastest joint", float(np.max(np.abs(arm_of(situation).velocity), initial=0.0)), 0.0, 0.02, "rad/s")]


def _declared(situation: Situation, a: str, b: str) -> Answer:
    raise Unseen(f"what '{a}' is, or belongs to, is declared by the scene and known to the planner only")


def _reachable(situation: Situation, a: Thing, within: float) -> Answer:
    return [Check(f"distance from the arm's base to {a.name}", norm(arm_of(situation).base.position - a.pose.position), 0.0, within, LENGTH)]


def _signal(situation: Situation, name: str) -> Answer:
    return signal_value(situation, name)


def _pressed(situation: Situation, button: str) -> Answer:
    return [Check(f"signal {button}", signal_value(situation, button), 0.8, float("inf"), NUMBER)]


def _full(situation: Situation, cup: str) -> Answer:
    return [Check(f"signal {cup}_fill", signal_value(situation, f"{cup}_fill"), FULL, float("inf"), NUMBER)]


def _elapsed(situation: Situation) -> Answer:
    return situation.elapsed


def _exists(situation: Situation, name: str) -> Answer:
    return [Check(f"objects called {name}", float(name in situation.observation.objects), 1.0, 1.0, NUMBER)]


_A, _B = Argument("a", "frame"), Argument("b", "frame")
_OBJECT, _OTHER = Argument("a", "object"), Argument("b", "object")

_TABLE = (
    Function("distance", (_A, _B), LENGTH, "Distance between two centres.", _distance),
    Function("horizontal_distance", (_A, _B), LENGTH, "Distance between two centres, seen from above.", _horizontal_distance),
    Function("height", (_A,), LENGTH, "Height of its centre in the world.", _height),
    Function("angle", (_A, _B), ANGLE, "Angle between the fronts (+x) of the two.", _angle),
    Function("tilt", (_A,), ANGLE, "Angle between its up (+z) and the world's.", _tilt),
    Function("upright", (_A, Argument("max", ANGLE, radians(15.0))), BOOLEAN, "Its tilt is at most `max`.", _upright),
    Function("above", (_A, _OTHER), BOOLEAN, "The centre of a is higher than the top of b and over its footprint.", _above),
    Function("on", (_OBJECT, _OTHER), BOOLEAN, "The bottom of a is within 2 cm of the top of b, its centre over b's footprint, and it is still.", _on),
    Function("inside", (_A, _OTHER), BOOLEAN, "The centre of a is inside the box of b, grown by 1 cm.", _inside),
    Function("grasped", (_OBJECT,), BOOLEAN,
             "The gripper is closed around it: commanded shut, held apart by about its width, and with its centre between the fingers.", _grasped),
    Function("holding", (), BOOLEAN, "The gripper is commanded shut and something holds its fingers apart.", _holding),
    Function("gripper_open", (), BOOLEAN, "The gripper is commanded open and at least 90 % open.", _gripper_open),
    Function("still", (_OBJECT, Argument("max", SPEED, 0.01)), BOOLEAN, "Its centre moves at most this fast.", _still),
    Function("at_rest", (), BOOLEAN, "Every joint of the arm is slower than 0.02 rad/s.", _at_rest),
    Function("speed", (_OBJECT,), SPEED, "Speed of its centre.", _speed),
    Function("age", (_OBJECT,), TIME, "Time since it was seen; that of something held is known from the arm.", _age),
    Function("force", (_A,), FORCE, "How hard a tool is pushed or pulled: the size of the force that its arm measures, without bias.", _force),
    Function("signal", (Argument("name", "signal"),), NUMBER, "A named number from the scene.", _signal),
    Function("pressed", (Argument("button", "signal"),), BOOLEAN, "The button is pressed at least 80 % of its travel.", _pressed),
    Function("full", (Argument("cup", "signal"),), BOOLEAN, "The signal `<cup>_fill` has reached 1.", _full),
    Function("opened", (Argument("handle", "object"), Argument("cabinet", "object"), Argument("at_least", ANGLE, radians(60.0))), BOOLEAN,
             "The door that the handle is on is turned at least this far from the cabinet's front.", _opened),
    Function("elapsed", (), TIME, "Time since the run started.", _elapsed),
    Function("exists", (Argument("a", "name"),), BOOLEAN, "An object of that name is seen.", _exists),
    Function("is_a", (Argument("a", "name"), Argument("kind", "name")), BOOLEAN, "The scene declares it to be of this kind; for `preconditions`.", _declared),
    Function("part_of", (Argument("a", "name"), Argument("b", "name")), BOOLEAN, "The scene declares it to belong to b; for `preconditions`.", _declared),
    Function("reachable", (_OBJECT, Argument("within", LENGTH, 0.85)), BOOLEAN, "Its centre is at most this far from the arm's base.", _reachable),
)  # fmt: skip

FUNCTIONS: Mapping[str, Function] = {function.name: function for function in _TABLE}
