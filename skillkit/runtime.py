"""The step: ``step(inputs, now) → directives, commands, events``.

One core under three clocks. It reads no clock, no random state and no ROS; everything that arrives on its own is a stamped input,
consumed at a recorded tick. The same inputs at the same ticks give the same results bit for bit, so a run can be re-executed from
its bag, and continued from a snapshot.

A step has two halves. :meth:`Runtime.act` consumes the inputs and makes the commands out of what was decided in the tick before; then they
can leave. :meth:`Runtime.decide` asks the tree and its policies, for the tick to come. So a slow decision never delays a command, and what stops
an arm (a cancelled goal, a pause, its driver, its gate) never waits for a decision.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from skillkit.arm import ArmLoop
from skillkit.carried import Carried, Hand
from skillkit.directives import directive_from_values, directive_values
from skillkit.events import NOTES, Event, Note, Started, StatusChange
from skillkit.exceptions import CannotResume, InvalidValue, SkillkitError, did_you_mean
from skillkit.execution import Execution
from skillkit.option import Option, fill_parameters
from skillkit.perception import Perception
from skillkit.pose import Array
from skillkit.protocols import Snapshot
from skillkit.spaces import (
    AnswerInput,
    ArmState,
    CancelInput,
    CartesianDelta,
    ControlInput,
    Directive,
    DriverInput,
    Ending,
    Glance,
    GoalInput,
    Hold,
    Input,
    JointCommand,
    JointInput,
    JointTarget,
    ObjectInput,
    ObjectState,
    Observation,
    Outcome,
    SignalInput,
    TeleopInput,
    WrenchInput,
)
from skillkit.teleop import Takeover

MOVED = 0.1  # [m] an object that is further than this from where it was left makes a resumed run begin anew
CONTROL_WORDS = ("pause", "resume", "step")
ZERO_WRENCH = "zero_wrench"
BREAK, UNBREAK = "break ", "unbreak "  # before the path of a node
DEADMAN, SPEED = "deadman ", "speed "  # before held or released, and before a share
SEED = "seed "  # before the seed of the random numbers that runs draw
DEADMAN_FRESH = 0.2  # [s] after which a deadman of which nothing is heard counts as released
SECOND_GOALS = ("refuse", "queue", "preempt")
HOLD = Hold()


@dataclass(frozen=True, slots=True)
class GoalEnded:
    """A goal's ending, reported once its arms are at rest."""

    goal: str
    ending: Ending
    time: float


@dataclass(frozen=True, slots=True)
class StepResult:
    """What one step decided.

    Attributes:
        observation: what the decision was made on; its targets are those after this tick's commands.
        directives: what was decided for each leased arm, to be commanded in the next tick.
        commands: what left each arm's gate.
        events: runs started and ended, node statuses changed, in order.
        notes: what I and β said, policies that were asked, variables written, in order.
        residuals: by arm of ``commands``, target minus commanded tool pose (6,) [m, rad], base axes.
        ended: goals that ended with their arms at rest.
    """

    tick: int
    time: float
    observation: Observation = field(repr=False)
    directives: Mapping[str, Directive]
    commands: Mapping[str, JointCommand]
    events: tuple[Event, ...]
    ended: tuple[GoalEnded, ...]
    notes: tuple[Note, ...] = ()
    residuals: Mapping[str, Array] = field(default_factory=dict)


@dataclass
class _Goal:
    """A goal being served; ``ending`` is set while its arms come to rest."""

    execution: Execution
    arms: tuple[str, ...]
    ending: Ending | None = None


class Runtime:
    """One arm group: its options, its arms' loops, and the leases between them.

    Args:
        arms: the loops of the arms it holds.
        options: every task and skill that a goal may name.
        sizes: full extents of the known objects (3,) [m].
        second_goal: what becomes of a goal whose arms another one holds: ``refuse`` it, ``queue`` it until they are free, or
            ``preempt`` the other one, whose arms come to rest first.

    Raises:
        InvalidValue: no such rule.
    """

    def __init__(self, arms: Sequence[ArmLoop], options: Mapping[str, Option], sizes: Mapping[str, Array] | None = None, second_goal: str = "refuse") -> None:
        if second_goal not in SECOND_GOALS:
            raise InvalidValue("second_goal", second_goal, ", ".join(SECOND_GOALS))
        self.arms = {arm.name: arm for arm in arms}
        self.options = dict(options)
        self.carried = Carried()
        self.takeovers = {arm.name: Takeover(arm.name) for arm in arms}
        self.perception = Perception(sizes or {})
        self.goals: dict[str, _Goal] = {}
        self.second_goal = second_goal
        self.waiting: list[GoalInput] = []
        self.breakpoints: set[str] = set()
        self.directives: dict[str, Directive] = {}  # decided, to be commanded in the next tick
        self._decided_at = 0.0  # on the clock of options
        self._objects: Mapping[str, ObjectState] = {}  # as the decision saw them
        self._seen: list[ObjectInput | SignalInput | AnswerInput] = []  # not yet looked at: commands do not depend on it
        self._senses: dict[type, Callable[[Any], None]] = {
            **dict.fromkeys((JointInput, WrenchInput), self._feel),
            **dict.fromkeys((ObjectInput, SignalInput, AnswerInput), self._seen.append),
            DriverInput: self._heed,
            TeleopInput: self._steer,
        }
        self._commands: Mapping[str, JointCommand] = {}
        self._ended: list[GoalEnded] = []
        self.tick = -1
        self.paused = False
        self.single_step = False
        self.paused_for = 0.0
        self.now = 0.0
        self.speed = 1.0  # share of their velocity limits that all arms keep to
        self.seed = 0
        self.held_until: float | None = None  # the time at which the deadman counts as released; None where nobody asks for one

    # -- the step -------------------------------------------------------------------------------------------------------------------

    def step(self, inputs: Sequence[Input], now: float) -> StepResult:
        """Consume ``inputs`` in order and advance to ``now`` [s, task clock, never decreasing]. Never raises."""
        self.act(inputs, now)
        return self.decide()

    def act(self, inputs: Sequence[Input], now: float) -> Mapping[str, JointCommand]:
        """The first half of :meth:`step`: what is to leave now for each driven arm. :meth:`decide` is to follow."""
        self.tick += 1
        if self.standing:
            self.paused_for += max(0.0, now - self.now)
        self.now = max(self.now, now)
        self._ended = []
        requests = [given for given in inputs if not self._perceive(given)]
        if requests or self.waiting:
            observation = self._observe(now)
            ready, self.waiting = self.waiting, []
            for request in [*ready, *requests]:  # goals that waited ask again, in their order
                self._request(request, observation, now, self._ended)
        self._commands = self._command(ArmLoop.command, now)
        return self._commands

    def rehearse(self, now: float) -> Mapping[str, JointCommand]:
        """What :meth:`act` would return at ``now`` if nothing new arrived, leaving no trace.

        A loop that slept finds its code and data gone from the processor's caches, and takes three times as long. Done right before a tick, this
        brings them back.
        """
        return self._command(ArmLoop.rehearse, now)

    def decide(self) -> StepResult:
        """The second half of :meth:`step`, at the same time: what is to be done from the next tick on."""
        now, events = self.now, list[Event]()
        observation = self._observe(now)
        self._objects, self._decided_at = observation.objects, self._active_time
        self._stop_unsafe(observation)
        self.directives = self._decide(observation, events)
        self._take_over(self.directives, observation, now, events)
        self._settle(now, self._ended)
        notes = tuple([event for event in events if isinstance(event, NOTES)])
        told = tuple([event for event in events if not isinstance(event, NOTES)]) if notes else tuple(events)
        if self.single_step and told:
            self.paused, self.single_step = True, False
        residuals = {name: self.arms[name].controller.residual for name in self._commands}
        return StepResult(self.tick, now, observation, self.directives, self._commands, told, tuple(self._ended), notes, residuals)

    def _perceive(self, given: Input) -> bool:
        sense = self._senses.get(type(given))
        if sense is not None:
            sense(given)
            return True
        if isinstance(given, ControlInput) and given.word.startswith((DEADMAN, SPEED, SEED)):
            self._restrict(given)
            return True
        return False

    def _feel(self, given: JointInput | WrenchInput) -> None:
        if given.arm in self.arms:
            self.arms[given.arm].take(given)

    def _heed(self, given: DriverInput) -> None:
        if given.arm in self.arms:
            self.arms[given.arm].heed(given)

    def _steer(self, given: TeleopInput) -> None:
        if given.arm in self.takeovers:
            self.takeovers[given.arm].take(given)

    def _restrict(self, given: ControlInput) -> None:
        """Heed a deadman, a speed or a seed; a word that means nothing is passed over."""
        if given.word.startswith(SEED):
            self.seed = int(text) if (text := given.word[len(SEED) :]).isdecimal() else self.seed
        elif given.word.startswith(DEADMAN):
            self.held_until = given.received + DEADMAN_FRESH if given.word == f"{DEADMAN}held" else given.received
        elif (share := _share(given.word[len(SPEED) :])) is not None:
            self.speed = share

    @property
    def deadman(self) -> bool:
        """Whether the deadman is held, or nobody asks for one."""
        return self.held_until is None or self.now < self.held_until

    @property
    def standing(self) -> bool:
        """Whether time stands still for options: an operator paused them or released the deadman, or an arm's driver forbade motion and nobody has resumed."""
        return self.paused or not self.deadman or True in [arm.held for arm in self.arms.values()]

    @property
    def waiting_for(self) -> str:
        """Why resuming is not possible yet, in words; empty where it is."""
        return "; ".join(f"{name}: {arm.driver.reason}" for name, arm in self.arms.items() if arm.held and arm.driver.state != "ready")

    def _observe(self, now: float) -> Observation:
        for given in self._seen:
            self.perception.take(given)
        self._seen.clear()
        seen: Mapping[str, ArmState] = Glance({name: view for name, arm in self.arms.items() if (view := arm.view(now)) is not None})
        hands = {name: Hand(arm.closure, arm.latest.opening) for name, arm in self.arms.items() if arm.latest is not None}
        objects = self.carried.follow(self.perception.objects(now), seen, hands, self.perception.ages(now))
        return Observation(self._active_time, seen, objects, dict(self.perception.signals), dict(self.perception.answers), self.seed)

    @property
    def _active_time(self) -> float:
        """The clock of options: it stands still while paused, and so do time limits."""
        return self.now - self.paused_for

    # -- requests -----------------------------------------------------------------------------------------------------------------------

    def _request(self, request: Input, observation: Observation, now: float, ended: list[GoalEnded]) -> None:
        match request:
            case GoalInput():
                refusal = self._admit(request, observation, ended)
                if refusal:
                    ended.append(GoalEnded(request.goal, Ending(Outcome.REFUSED, refusal), now))
            case CancelInput():
                self._drop(lambda goal: request.goal in ("", goal), request.reason, ended)
                for name, goal in self.goals.items():
                    if request.goal in ("", name):
                        goal.execution.preempt(observation, self._active_time, request.reason)
            case ControlInput(word=word) if word in CONTROL_WORDS:
                self._control(word)
            case ControlInput(word=word) if word == ZERO_WRENCH:
                for arm in self.arms.values():
                    arm.zero_wrench()
            case ControlInput(word=word) if word.startswith(BREAK):
                self.breakpoints.add(word[len(BREAK) :])
            case ControlInput(word=word) if word.startswith(UNBREAK):
                self.breakpoints.discard(word[len(UNBREAK) :])

    def _control(self, word: str) -> None:
        if word != "pause" and self.waiting_for:
            return
        self.paused, self.single_step = word == "pause", word == "step"
        for arm in self.arms.values() if not self.paused else ():
            arm.resume()

    def _admit(self, request: GoalInput, observation: Observation, ended: list[GoalEnded]) -> str:
        """Start a goal, or let it wait where its arms are held and the rule says so; the reason where it is refused."""
        option = self.options.get(request.option)
        wanted = self._roles(option, request.roles).values() if option is not None else ()
        holders = [name for name, goal in self.goals.items() if any(arm in goal.arms for arm in wanted)]
        promised = {arm for one in self.waiting for arm in self._roles(self.options[one.option], one.roles).values()}
        taken = request.goal in self.goals or any(one.goal == request.goal for one in self.waiting)
        if self.second_goal == "refuse" or taken or not (holders or promised.intersection(wanted)):
            return self._start(request, observation)
        if self.second_goal == "preempt":
            reason = f"the goal '{request.goal}' takes its arms"
            self._drop(lambda goal: True, reason, ended)
            for name in holders:
                self.goals[name].execution.preempt(observation, self._active_time, reason)
        self.waiting.append(request)
        return ""

    def _drop(self, which: Callable[[str], bool], reason: str, ended: list[GoalEnded]) -> None:
        """End goals that wait."""
        ended.extend(GoalEnded(one.goal, Ending(Outcome.PREEMPTED, reason), self.now) for one in self.waiting if which(one.goal))
        self.waiting = [one for one in self.waiting if not which(one.goal)]

    def _start(self, request: GoalInput, observation: Observation) -> str:
        """Lease the arms and begin; the reason where that is refused."""
        option = self.options.get(request.option)
        if option is None:
            return f"unknown task or skill '{request.option}'; {did_you_mean(request.option, self.options)}"
        if request.goal in self.goals:
            return f"a goal named '{request.goal}' is active already"
        roles = self._roles(option, request.roles)
        missing = [role for role in option.roles if role not in roles]
        if missing:
            return f"no arm for the role '{missing[0]}'; arms here: {', '.join(self.arms)}"
        for arm in roles.values():
            holder = next((name for name, goal in self.goals.items() if arm in goal.arms), None)
            if arm not in self.arms or holder is not None:
                return f"the arm '{arm}' is leased to the goal '{holder}'" if holder else f"unknown arm '{arm}'; {did_you_mean(arm, self.arms)}"
            if arm not in observation.arms:
                return f"no joint state of the arm '{arm}' has arrived"
            if not self.arms[arm].located:
                return f"the joint state of the arm '{arm}' is not {self.arms[arm].embodiment.n} finite numbers near its limits"
            if self.arms[arm].driver.state != "ready":
                return f"the arm '{arm}' may not move: {self.arms[arm].driver.reason}"
        try:
            parameters = fill_parameters(option.parameters, request.parameters, option.name)
        except SkillkitError as error:
            return str(error)
        for arm in roles.values():
            self.arms[arm].engage()
        execution = Execution(option, parameters, roles)
        execution.begin(observation, self._active_time)
        self.goals[request.goal] = _Goal(execution, tuple(roles.values()))
        return ""

    def _roles(self, option: Option, given: Mapping[str, str]) -> dict[str, str]:
        """The arm for each role: as given, else the arm of that name, else the only arm."""
        roles = dict(given)
        for role in option.roles:
            if role not in roles and role in self.arms:
                roles[role] = role
            elif role not in roles and len(self.arms) == 1:
                roles[role] = next(iter(self.arms))
        return roles

    # -- decide, command, settle ------------------------------------------------------------------------------------------------------------

    def _decide(self, observation: Observation, events: list[Event]) -> dict[str, Directive]:
        directives: dict[str, Directive] = {}
        for goal in self.goals.values():
            asked = {} if self.standing else goal.execution.step(observation, self._active_time)
            if goal.execution.events:
                events.extend(found := goal.execution.drain())
                for arm in {arm for event in found if isinstance(event, Started) for arm in event.roles.values()}:
                    self.arms[arm].touch.part()
                if any(_begins(event) in self.breakpoints for event in found):
                    self.paused, asked = True, {}
            for arm in goal.arms:
                directives[arm] = asked.get(arm, HOLD)
        return directives

    def _take_over(self, directives: dict[str, Directive], observation: Observation, now: float, events: list[Event]) -> None:
        """A person's word replaces what is asked of a leased arm; not while paused, and never what the gate has stopped."""
        holders = {arm: goal for goal in self.goals.values() for arm in goal.arms}
        for arm, takeover in self.takeovers.items():
            goal = holders.get(arm)
            wanted = None
            if takeover.speaking(now) and goal is not None and goal.execution.ending is None and arm in observation.arms and not self.standing:
                wanted = takeover.directive(observation.arms[arm], now, self.arms[arm].period)
            if wanted is not None:
                directives[arm] = wanted
            events.extend(takeover.events(wanted is not None, goal.execution.option.name if goal else "", self._active_time))

    def _command(self, make: Callable[..., JointCommand | None], now: float) -> dict[str, JointCommand]:
        standing, active, deadman = self.standing, self._active_time, self.deadman
        stopped = {arm for goal in self.goals.values() if standing or goal.execution.ending is not None for arm in goal.arms}
        commands: dict[str, JointCommand] = {}
        for name, arm in self.arms.items():
            directive = HOLD if name in stopped else self.directives.get(name, HOLD)
            if isinstance(directive, (CartesianDelta, JointTarget)) and 0.0 < directive.lasts < active - directive.start - arm.period:
                directive = HOLD  # decided too long ago
            command = make(arm, directive, self._objects, now, self._decided_at, self.speed, deadman)
            if command is not None:
                commands[name] = command
        return commands

    def _stop_unsafe(self, observation: Observation) -> None:
        for goal in self.goals.values():
            for arm in goal.arms:
                reason = self.arms[arm].stopped_because
                if reason:
                    goal.execution.preempt(observation, self._active_time, f"{arm}: {reason}", Outcome.UNSAFE)

    def _settle(self, now: float, ended: list[GoalEnded]) -> None:
        for name, goal in list(self.goals.items()):
            goal.ending = goal.execution.ending
            if goal.ending is None or not all(self.arms[arm].at_rest() for arm in goal.arms):
                continue
            for arm in goal.arms:
                self.arms[arm].release()
            ended.append(GoalEnded(name, goal.ending, now))
            del self.goals[name]

    # -- state in the open --------------------------------------------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """The whole state as plain JSON values."""
        return {
            "tick": self.tick,
            "now": self.now,
            "paused": self.paused,
            "single_step": self.single_step,
            "waiting": [{**one._asdict(), "parameters": dict(one.parameters), "roles": dict(one.roles)} for one in self.waiting],
            "breakpoints": sorted(self.breakpoints),
            "paused_for": self.paused_for,
            "speed": self.speed,
            "seed": self.seed,
            "held_until": self.held_until,
            "directives": {arm: directive_values(directive) for arm, directive in self.directives.items()},
            "decided_at": self._decided_at,
            "perception": self.perception.snapshot(),
            "arms": {name: arm.snapshot() for name, arm in self.arms.items()},
            "carried": self.carried.snapshot(),
            "takeovers": {name: takeover.snapshot() for name, takeover in self.takeovers.items()},
            "goals": {name: {"arms": list(goal.arms), "execution": goal.execution.snapshot()} for name, goal in self.goals.items()},
        }

    def restore(self, snapshot: Snapshot) -> None:
        """Continue from a snapshot of a runtime with the same arms and options, bit for bit."""
        self.tick, self.now = snapshot["tick"], snapshot["now"]
        self.paused, self.single_step, self.paused_for = snapshot["paused"], snapshot["single_step"], snapshot["paused_for"]
        self.speed, self.seed, self.held_until = snapshot.get("speed", 1.0), snapshot.get("seed", 0), snapshot.get("held_until")
        self.waiting, self.breakpoints = [GoalInput(**values) for values in snapshot["waiting"]], set(snapshot["breakpoints"])
        self.perception.restore(snapshot["perception"])
        for name, values in snapshot["arms"].items():
            self.arms[name].restore(values)
        self.carried.restore(snapshot["carried"])
        for name, values in snapshot["takeovers"].items():
            self.takeovers[name].restore(values)
        self.goals = {}
        for name, values in snapshot["goals"].items():
            execution = Execution(self.options[values["execution"]["option"]], {}, {})
            execution.restore(values["execution"])
            self.goals[name] = _Goal(execution, tuple(values["arms"]), execution.ending)
        self.directives = {arm: directive_from_values(values) for arm, values in snapshot["directives"].items()}
        self._decided_at, self._objects = snapshot["decided_at"], self._observe(self.now).objects

    def newest_inputs(self) -> list[Input]:
        """What was last heard of every arm, object and signal."""
        joints = [given for arm in self.arms.values() for given in (arm.latest, arm.touch.latest) if given is not None]
        signals = [SignalInput(name, self.now, self.now, value) for name, value in self.perception.signals.items()]
        return [*joints, *self.perception.latest.values(), *signals]

    def resume(self, snapshot: Snapshot, inputs: Sequence[Input], now: float, tolerance: float) -> None:
        """Go on with the goals of a runtime that died, from what is measured now; the step at ``now`` is to follow with the same inputs.

        What had ended stays ended. A run that had not ended asks its initiation set again, see :meth:`Execution.resume`. The clock of options
        stood still meanwhile.

        Args:
            inputs: must hold a joint state of every arm that a goal holds.
            tolerance: how old the snapshot may be [s]: how far an arm may have moved since at full speed, beside its braking distance.

        Raises:
            CannotResume: an arm has not been heard, moves, or is not where it was left; or the snapshot is none of such a runtime. Nothing has changed then.
        """
        before = self.snapshot()
        try:
            self._take_up(snapshot, inputs, now, tolerance)
        except CannotResume:
            self.restore(before)
            raise
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            self.restore(before)
            raise CannotResume("checkpoint", f"its state is none of this run: {type(error).__name__}: {error}") from None

    def _take_up(self, snapshot: Snapshot, inputs: Sequence[Input], now: float, tolerance: float) -> None:
        if not (isfinite(snapshot["now"]) and snapshot["tick"] >= 0):
            raise ValueError(f"time {snapshot['now']!r}, tick {snapshot['tick']!r}")
        self.restore(snapshot)
        self.directives = {}
        active, self.now = self._active_time, now
        self.paused_for = now - active
        remembered, left = {name: arm.forget() for name, arm in self.arms.items()}, dict(self.perception.latest)
        self.perception.history.clear()
        for given in inputs:
            self._perceive(given)
        for name in dict.fromkeys(arm for goal in self.goals.values() for arm in goal.arms):
            problem = self.arms[name].away_from(remembered[name], tolerance)
            if problem:
                raise CannotResume(name, problem)
            self.arms[name].engage(afresh=True)
        observation = self._observe(now)
        for goal in self.goals.values():
            goal.execution.resume(observation, self._active_time, self.perception.moved(left) > MOVED)


def _begins(event: Event) -> str:
    """The path of the node that begins with this event; empty where none does."""
    return event.path if isinstance(event, Started) or (isinstance(event, StatusChange) and event.status == "RUNNING") else ""


def _share(text: str) -> float | None:
    """A number above 0 and up to 1; ``None`` for anything else."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0.0 < number <= 1.0 else None
