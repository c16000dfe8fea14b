"""A person at the controls: takes an arm over from whatever moves it, through the same controller and gate.

While a person speaks, what the skill asks of the arm is replaced. The skill itself goes on deciding and judging — what the person did for
it may fulfil its success condition — as in HG-DAgger (Kelly et al., ICRA 2019). When the person falls silent the arm stands still, and
a second later the skill has it back. Each takeover is a run of the option ``teleop``, so bags hold who intervened, when and why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from skillkit.events import Event, Started, Transition
from skillkit.option import Option, Situation
from skillkit.pose import Pose, vector_from_rotation
from skillkit.protocols import Snapshot
from skillkit.spaces import ArmState, CartesianDelta, Directive, Ending, Hold, Outcome, TeleopInput

NAME = "teleop"
FRAMES = ("tool", "base", "world")
FRESH = 0.2  # [s] that a command is obeyed; then the arm stands still
HANDED_BACK = 1.0  # [s] of silence after which the skill has the arm back
FASTEST = (0.2, 1.0)  # [m/s, rad/s] that a person may ask for: the tool, catching up included, stays below the 0.25 m/s of reduced speed


class Standing:
    """π of the option ``teleop``: the arm stands still unless a person moves it."""

    def start(self, situation: Situation) -> None:
        """Nothing to begin."""

    def act(self, situation: Situation) -> Mapping[str, Directive]:
        """Nothing is asked of the arm, so it stands still."""
        return {}

    def snapshot(self) -> Snapshot:
        """No state."""
        return {}

    def restore(self, snapshot: Snapshot) -> None:
        """No state."""


OPTION = Option(NAME, Standing, rate=0.0)
"""An arm that only a person moves; ends when it is cancelled."""


def options(arms: Sequence[str]) -> dict[str, Option]:
    """``teleop``, or where there are several arms ``teleop_<arm>`` for each."""
    if len(arms) == 1:
        return {NAME: OPTION}
    return {f"{NAME}_{arm}": replace(OPTION, name=f"{NAME}_{arm}", roles=(arm,)) for arm in arms}


class Takeover:
    """What the person at one arm says, and since when."""

    def __init__(self, arm: str) -> None:
        self.arm = arm
        self.latest: TeleopInput | None = None
        self.since: float | None = None  # when the intervention that goes on began [s]
        self.words: dict[str, str] = {}

    def take(self, given: TeleopInput) -> None:
        """Consume one input; one that is not finite or of another shape is passed over, so that it grows old."""
        values = given.twist or given.pose
        fits = (len(given.twist), len(given.pose)) in ((6, 0), (0, 7)) and given.frame in FRAMES
        if fits and all(abs(value) < 1e3 for value in values) and (not given.pose or any(given.pose[3:])):
            self.latest = given

    def speaking(self, now: float) -> bool:
        """Whether a person has the arm at ``now`` [s]."""
        return self.latest is not None and now - self.latest.received <= HANDED_BACK

    def directive(self, state: ArmState, now: float, period: float) -> Directive | None:
        """What the person wants at this tick of ``period`` [s]; ``None`` while nobody has taken over."""
        given = self.latest
        if given is None or not self.speaking(now):
            return None
        if now - given.received > FRESH:
            return Hold()
        linear, angular = _towards(given, state, period) if given.pose else (given.twist[:3], given.twist[3:])
        x, y, z = _limited(linear, FASTEST[0], period)
        rx, ry, rz = _limited(angular, FASTEST[1], period)
        return CartesianDelta((x, y, z), (rx, ry, rz), "world" if given.pose else given.frame, given.closure)

    def events(self, active: bool, during: str, now: float) -> list[Event]:
        """The beginning or end of an intervention; ``during`` is the goal it interrupts."""
        path = f"{NAME}/{self.arm}"
        if active and self.since is None and self.latest is not None:
            self.since, self.words = now, {"who": self.latest.who, "why": self.latest.why, "during": during}
            return [Started(path, NAME, self.words, {"arm": self.arm}, now, 1.0)]
        if not active and self.since is not None:
            since, self.since = self.since, None
            return [Transition(path, NAME, self.words, since, now - since, 0, 0.0, True, False, Ending(Outcome.SUCCEEDED, "handed back"))]
        return []

    def snapshot(self) -> Snapshot:
        """Everything."""
        given = self.latest
        words = None if given is None else [given.stamp, given.received, list(given.twist), list(given.pose), given.frame, given.closure, given.who, given.why]
        return {"latest": words, "since": self.since, "words": dict(self.words)}

    def restore(self, snapshot: Snapshot) -> None:
        """The inverse of :meth:`snapshot`."""
        words = snapshot["latest"]
        self.latest = None if words is None else TeleopInput(self.arm, words[0], words[1], tuple(words[2]), tuple(words[3]), *words[4:])
        self.since, self.words = snapshot["since"], dict(snapshot["words"])


def _towards(given: TeleopInput, state: ArmState, period: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Velocities that would reach the pose within this tick."""
    goal = Pose.from_quaternion(given.pose[:3], given.pose[3:])
    linear = (goal.position - state.target.position) / period
    angular = vector_from_rotation(goal.rotation @ state.target.rotation.T) / period
    return tuple(linear.tolist()), tuple(angular.tolist())


def _limited(velocity: tuple[float, ...], fastest: float, period: float) -> tuple[float, ...]:
    """The way of one tick at a velocity of at most ``fastest``."""
    speed = sum(value * value for value in velocity) ** 0.5
    share = period if speed <= fastest else period * fastest / speed
    return tuple(value * share for value in velocity)
