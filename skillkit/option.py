"""Options ⟨I, π, β⟩ after Sutton, Precup & Singh, "Between MDPs and semi-MDPs" (Artificial Intelligence 112, 1999).

An :class:`Option` is a description: initiation set I, policy π, termination β. An :class:`Execution` is one run of it under
call-and-return. What a run was worth to the level above is a :class:`Transition` of the semi-Markov decision process.
A task tree is an option whose policy ticks the tree; so trees nest, and a tree can be a leaf.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Protocol, TypeAlias

from skillkit.exceptions import InvalidValue, UnknownName
from skillkit.protocols import Policy, Snapshot
from skillkit.safeguard import NO_SAFEGUARD, Safeguard
from skillkit.spaces import NOTHING, ArmState, CartesianDelta, Delegated, Directive, Ending, Hold, JointTarget, ObjectState, Observation, Outcome

KINDS: dict[type, str] = {CartesianDelta: "delta", JointTarget: "joints", Hold: "hold", Delegated: "delegated"}
EPSILON = 1e-9  # [s] slack when comparing times on the task clock
BUGS = (Exception, SystemExit, GeneratorExit)  # what user code may throw; only an interrupt from the keyboard is none of it


@dataclass(frozen=True, slots=True)
class Situation:
    """What I, π and β see: the observation through the run's parameters and arms.

    Attributes:
        observation: everything observed at this tick.
        roles: role of the option → name of the arm that plays it.
        parameters: the values the option was called with.
        elapsed: time since the run started [s].
    """

    observation: Observation
    roles: Mapping[str, str]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    elapsed: float = 0.0

    @property
    def arm(self) -> ArmState:
        """The arm in role ``arm``, or the only arm there is."""
        return self.arm_in("arm")

    def arm_in(self, role: str) -> ArmState:
        """The arm that plays a role."""
        if role in self.roles:
            return self.observation.arms[self.roles[role]]
        if len(self.roles) == 1:
            return self.observation.arms[next(iter(self.roles.values()))]
        raise UnknownName("role", role, self.roles)

    def object(self, parameter: str) -> ObjectState:
        """The object that a parameter names."""
        return self.observation.object(self.parameters[parameter])


@dataclass(frozen=True, slots=True)
class Initiation:
    """Whether an option may start here: score in [0, 1], and the reason where it may not."""

    allowed: bool
    score: float = 1.0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A typed parameter.

    Attributes:
        type: ``object``, ``number``, ``integer``, ``boolean``, ``word``.
        unit: of a number, for example ``m``.
        minimum, maximum: bounds of a number, both inside.
        default: the value where none is given; ``None`` makes it required.
        choices: the words allowed, where not every word is.
    """

    name: str
    type: str
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    default: Any = None
    choices: tuple[str, ...] = ()
    description: str = ""

    def check(self, value: Any) -> str:
        """Empty when ``value`` fits, else what would."""
        number = isinstance(value, (int, float)) and not isinstance(value, bool) and value == value
        if self.type in ("object", "word"):
            if not isinstance(value, str) or not value:
                return "a word"
            return "" if not self.choices or value in self.choices else f"one of {', '.join(self.choices)}"
        if self.type == "boolean":
            return "" if isinstance(value, bool) else "true or false"
        if not number or (self.type == "integer" and not isinstance(value, int)):
            return "a whole number" if self.type == "integer" else f"a number{f' in {self.unit}' if self.unit else ''}"
        low = self.minimum if self.minimum is not None else float("-inf")
        high = self.maximum if self.maximum is not None else float("inf")
        return "" if low <= value <= high else f"from {low:g} to {high:g}{f' {self.unit}' if self.unit else ''}"


def fill_parameters(declared: Sequence[Parameter], given: Mapping[str, Any], owner: str) -> dict[str, Any]:
    """Given values checked against their declarations, defaults filled in.

    Raises:
        UnknownName, InvalidValue: with the allowed names or values.
    """
    names = {parameter.name: parameter for parameter in declared}
    for name in given:
        if name not in names:
            raise UnknownName(f"parameter of {owner}", name, names)
    values: dict[str, Any] = {}
    for name, parameter in names.items():
        value = given.get(name, parameter.default)
        expected = parameter.check(value)
        if expected:
            raise InvalidValue(f"parameter '{name}' of {owner}", value, expected)
        values[name] = value
    return values


class Watch(Protocol):
    """A part of β that remembers: see :mod:`skillkit.termination`."""

    def judge(self, situation: Situation, memory: dict[str, Any]) -> Ending | None:
        """How the run ends by it, if it does; asked once per policy step, ``memory`` being its own plain JSON values."""
        ...


InitiationSet: TypeAlias = Callable[[Situation], Initiation]
Termination: TypeAlias = Callable[[Situation], "Ending | None"]


def anywhere(situation: Situation) -> Initiation:
    """The initiation set that holds every state."""
    return Initiation(True)


def never(situation: Situation) -> Ending | None:
    """The termination of an option whose policy says itself when it is done."""
    return None


@dataclass(frozen=True)
class Option:
    """⟨I, π, β⟩ with a name and typed parameters.

    Attributes:
        initiation: I, may the option start here.
        policy: makes π anew for each run.
        termination: β, checked before every policy step; deterministic, so a set of states rather than a probability.
        rate: policy steps per second [Hz]; 0 means at every control tick.
        time_limit: [s]; reaching it is TIMED_OUT, never success.
        roles: the arms the option needs, by role; each is leased while it runs.
        hold_success: β's success must hold this long without a break [s].
        watches: further parts of β, each with a memory of its own.
        uses: what it leases beside its arms, such as cameras, by name.
        free, first: what its deltas leave free and put first, see :class:`~skillkit.spaces.CartesianDelta`.
        digest: identifies the files the option was made from; recorded in bags.
        safeguard: how fast and hard it may act, and what is done when what it acts on is too old.
    """

    name: str
    policy: Callable[[], Policy]
    initiation: InitiationSet = anywhere
    termination: Termination = never
    rate: float = 20.0
    time_limit: float = float("inf")
    parameters: tuple[Parameter, ...] = ()
    roles: tuple[str, ...] = ("arm",)
    hold_success: float = 0.0
    watches: tuple[Watch, ...] = ()
    uses: tuple[str, ...] = ()
    digest: str = ""
    safeguard: Safeguard = NO_SAFEGUARD
    free: tuple[str, ...] = ()
    first: str = ""


@dataclass(frozen=True, slots=True)
class Started:
    """A run began: the decision that was taken."""

    path: str
    option: str
    parameters: Mapping[str, Any]
    roles: Mapping[str, str]
    time: float
    score: float


@dataclass(frozen=True, slots=True)
class Transition:
    """What one run of an option was to the level above (SMDP): (s, o, r, τ, s′).

    Attributes:
        reward: Σ γ^t r_t over the run, t in seconds since its start.
        duration: τ [s]; steps: policy steps taken.
        terminated: β ended it; truncated: something else did (time limit, cancel, gate).
    """

    path: str
    option: str
    parameters: Mapping[str, Any]
    start: float
    duration: float
    steps: int
    reward: float
    terminated: bool
    truncated: bool
    ending: Ending
    state: Observation | None = field(default=None, repr=False)
    next_state: Observation | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class StatusChange:
    """A node of a tree changed its status (py_trees' words: INVALID, RUNNING, SUCCESS, FAILURE)."""

    path: str
    status: str
    time: float


@dataclass(frozen=True, slots=True)
class Judged:
    """What I or β said of a run.

    Attributes:
        part: ``initiation`` or ``termination``.
        score: of I; of β, 1 where its success holds and 0 where it does not.
    """

    path: str
    part: str
    score: float


@dataclass(frozen=True, slots=True)
class Called:
    """π was asked for one step; ``weights`` begins the hash of its weights, where it has some."""

    path: str
    weights: str


@dataclass(frozen=True, slots=True)
class Written:
    """A variable of a task got a value; ``path`` is the node that wrote it."""

    path: str
    name: str
    value: Any


Note: TypeAlias = Judged | Called | Written
"""What a decision was made from; nothing changes by it."""
NOTES = (Judged, Called, Written)
Event: TypeAlias = Started | Transition | StatusChange | Note
WEIGHTS = 16  # characters of a hash that are recorded


class Execution:
    """One run of an option, call-and-return: I once, then β before every step of π, until it ends.

    Nothing raises here: an exception in I, π or β ends the run with ERROR. ``path`` names the run in events and bags.
    """

    def __init__(self, option: Option, parameters: Mapping[str, Any], roles: Mapping[str, str], path: str = "", discount: float = 0.99) -> None:
        self.option, self.parameters, self.roles, self.path, self.discount = option, dict(parameters), dict(roles), path or option.name, discount
        self.policy: Policy | None = None
        self.ending: Ending | None = None
        self.started = 0.0
        self.steps = 0
        self.reward = 0.0
        self.state: Observation | None = None
        self.success_since: float | None = None
        self.memories: list[dict[str, Any]] = [{} for _ in option.watches]
        self.guarded: dict[str, Any] = {}  # what the safeguard remembers
        self.next_step = 0.0
        self.directives: dict[str, Directive] = {}
        self.events: list[Event] = []

    # -- running ------------------------------------------------------------------------------------------------------------------

    def begin(self, observation: Observation, now: float) -> None:
        """Ask I; start π, or end REFUSED."""
        self.started = self.next_step = now
        self.state = observation
        try:
            situation = self._situation(observation, now)
            initiation = self.option.initiation(situation)
            self.events.append(Started(self.path, self.option.name, self.parameters, self.roles, now, initiation.score))
            if not initiation.allowed:
                self._end(Ending(Outcome.REFUSED, initiation.reason or "outside the initiation set"), observation, now)
                return
            self.policy = self.option.policy()
            self.policy.start(situation)
        except BUGS as error:  # user code: a bug in it must not stop the loop
            self._end(_bug(error, "starting"), observation, now)

    def refuse(self, observation: Observation, now: float, reason: str) -> None:
        """End REFUSED without asking I: the run cannot be called as it is called."""
        self.started, self.state = now, observation
        self.events.append(Started(self.path, self.option.name, self.parameters, self.roles, now, 0.0))
        self._end(Ending(Outcome.REFUSED, reason), observation, now)

    def step(self, observation: Observation, now: float) -> Mapping[str, Directive]:
        """Directives by arm name, at every control tick; new ones whenever a policy step is due."""
        if self.ending is not None or self.policy is None:
            return NOTHING
        guards = self.option.safeguard is not NO_SAFEGUARD
        if now < self.next_step - EPSILON and not guards:
            return self.directives
        situation = self._situation(observation, now)
        try:
            instead = self.option.safeguard.judge(situation, now - self.next_step, self.guarded) if guards else None
            if instead is not None or now < self.next_step - EPSILON:
                return self._guard(instead, observation, now)
            ending = self._terminate(situation, now)
            if ending is None:
                answer = self._ask(self.policy, situation)
                ending = self._accept(answer, now) if not isinstance(answer, Ending) else self._confirm(answer, situation)
                self._collect()
        except BUGS as error:
            ending = _bug(error, "running")
        if ending is not None:
            self._halt_below(observation, now, f"the option around it ended {ending.outcome.value}", Outcome.PREEMPTED)
            self._end(ending, observation, now)
            return NOTHING
        return self.directives

    def _guard(self, instead: Mapping[str, Directive] | Ending | None, observation: Observation, now: float) -> Mapping[str, Directive]:
        """What the safeguard says, where it says something, between two steps of π or in the place of one."""
        if instead is None:
            return self.directives
        if isinstance(instead, Ending):
            self._halt_below(observation, now, instead.reason, instead.outcome)
            self._end(instead, observation, now)
            return NOTHING
        self.next_step = now  # π is asked again as soon as nothing is stale
        if self.option.time_limit <= now - self.started + EPSILON and "reason" not in self.guarded:
            return self._guard(Ending(Outcome.TIMED_OUT, f"time limit of {self.option.time_limit:g} s reached"), observation, now)
        return {self.roles[role]: self._narrowed(directive, 0.0) for role, directive in instead.items()}

    def _narrowed(self, directive: Directive, lasts: float) -> Directive:
        """A directive inside what the option declares for its safety."""
        guard = self.option.safeguard
        if guard is NO_SAFEGUARD or not isinstance(directive, (CartesianDelta, JointTarget)):
            return directive
        return replace(directive, speed=min(directive.speed, guard.speed), force=min(directive.force, guard.force), lasts=directive.lasts or lasts)

    def preempt(self, observation: Observation, now: float, reason: str, outcome: Outcome = Outcome.PREEMPTED) -> None:
        """End the run from above; runs inside it end with it."""
        if self.ending is not None:
            return
        self._halt_below(observation, now, reason, outcome)
        self._end(Ending(outcome, reason), observation, now)

    def resume(self, observation: Observation, now: float, changed: bool) -> None:
        """Go on after the process that ran it died. A tree resumes its leaves; a leaf asks I again.

        Where the world is as it was left, it goes on from its state: I is about beginning, and β is asked before the next step of π anyway.
        Where something ``changed`` meanwhile, that state means nothing: it begins anew inside I, and ends REFUSED outside.
        """
        if self.ending is not None or self.policy is None:
            return
        situation = self._situation(observation, now)
        below = getattr(self.policy, "resume", None)
        if below is not None:
            below(situation, changed)
            self._collect()
            return
        self.success_since, self.next_step, self.directives, self.memories = None, now, {}, [{} for _ in self.option.watches]
        try:
            initiation = self.option.initiation(situation)
            if changed and not initiation.allowed:
                self._end(Ending(Outcome.REFUSED, f"the world has changed: {initiation.reason or 'outside the initiation set'}"), observation, now)
            elif changed:
                self.state, self.started, self.steps, self.policy = observation, now, 0, self.option.policy()
                self.events.append(Started(self.path, self.option.name, self.parameters, self.roles, now, initiation.score))
                self.policy.start(self._situation(observation, now))
        except BUGS as error:  # user code: a bug in it must not stop the loop
            self._end(_bug(error, "resuming"), observation, now)

    def _halt_below(self, observation: Observation, now: float, reason: str, outcome: Outcome) -> None:
        """End the runs that π itself has begun, if it has any."""
        halt = getattr(self.policy, "halt", None)
        if halt is not None:
            halt(observation, now, reason, outcome)
        self._collect()

    def drain(self) -> list[Event]:
        """Events since the last call, in order."""
        events, self.events = self.events, []
        return events

    # -- β -------------------------------------------------------------------------------------------------------------------------

    def _terminate(self, situation: Situation, now: float) -> Ending | None:
        ending = self.option.termination(situation)
        if self.option.termination is not never:
            self.events.append(Judged(self.path, "termination", float(ending is not None and ending.outcome is Outcome.SUCCEEDED)))
        if ending is not None and ending.outcome is Outcome.SUCCEEDED and self.option.hold_success > 0.0:
            self.success_since = now if self.success_since is None else self.success_since
            if now - self.success_since < self.option.hold_success - EPSILON:
                ending = None
        elif ending is None:
            self.success_since = None
        for watch, memory in zip(self.option.watches, self.memories, strict=True):  # each is asked at every step, or it would miss some
            judged = watch.judge(situation, memory)
            ending = judged if ending is None else ending
        if ending is None and situation.elapsed >= self.option.time_limit - EPSILON:
            return Ending(Outcome.TIMED_OUT, f"time limit of {self.option.time_limit:g} s reached")
        return ending

    def _confirm(self, ending: Ending, situation: Situation) -> Ending:
        """π says it is done: β has the last word on success."""
        if not isinstance(ending.outcome, Outcome):
            return Ending(Outcome.ERROR, f"the policy ended with {ending.outcome!r}; allowed: an Outcome")
        if ending.outcome is Outcome.SUCCEEDED and self.option.termination is not never:
            judged = self.option.termination(situation)
            if judged is None:
                return Ending(Outcome.FAILED, ending.reason or "the policy finished, but its success condition does not hold")
            return judged
        return ending

    # -- π -------------------------------------------------------------------------------------------------------------------------

    def _ask(self, policy: Policy, situation: Situation) -> Mapping[str, Directive] | Ending:
        if not hasattr(policy, "drain"):  # what runs options itself tells of those
            self.events.append(Called(self.path, str(getattr(policy, "weights", ""))[:WEIGHTS]))
        return policy.act(situation)

    def _accept(self, answer: Mapping[str, Directive], now: float) -> Ending | None:
        self.steps += 1
        period = 1.0 / self.option.rate if self.option.rate > 0.0 else 0.0
        self.next_step = self.next_step + period if self.next_step + period > now + EPSILON else now + period
        directives: dict[str, Directive] = {}
        stale = self.option.safeguard.command
        if not isinstance(answer, Mapping):
            return Ending(Outcome.ERROR, f"the policy gave {type(answer).__name__}; allowed: a directive for each role, or an Ending")
        for role, directive in answer.items():
            arm = self.roles.get(role)
            if arm is None:
                return Ending(Outcome.ERROR, f"the policy moved the role '{role}', which the option does not hold; it holds {', '.join(self.roles) or 'none'}")
            if not isinstance(directive, (CartesianDelta, JointTarget, Hold, Delegated)):
                return Ending(Outcome.ERROR, f"the policy gave {type(directive).__name__} for '{role}'; allowed: CartesianDelta, JointTarget, Hold, Delegated")
            if isinstance(directive, (CartesianDelta, JointTarget)):
                directive = _plain(directive)
                if wrong := _beyond(directive):
                    return Ending(Outcome.ERROR, f"the policy gave {wrong} for '{role}'")
            if isinstance(directive, CartesianDelta) and (period > 0.0 or directive.period == 0.0):
                parts = _numbers(directive.translation), _numbers(directive.rotation)
                if len(parts[0]) != 3 or len(parts[1]) != 3:
                    return Ending(Outcome.ERROR, f"the policy gave a delta of {len(parts[0])} and {len(parts[1])} numbers for '{role}'; allowed: 3 and 3")
                free, first = directive.free or self.option.free, directive.first or self.option.first
                stamped = replace(directive, period=period, start=now, free=free, first=first)  # a run inside has stamped its own already
                directive = replace(stamped, translation=parts[0], rotation=parts[1])
            elif isinstance(directive, JointTarget):
                directive = replace(directive, position=_numbers(directive.position), start=now)
            directives[arm] = self._narrowed(directive, period + stale.after if stale is not None else 0.0)
        self.directives = directives
        return None

    # -- bookkeeping -----------------------------------------------------------------------------------------------------------------

    def _situation(self, observation: Observation, now: float) -> Situation:
        return Situation(observation, self.roles, self.parameters, now - self.started)

    def _collect(self) -> None:
        drain = getattr(self.policy, "drain", None)
        if drain is not None:
            self.events.extend(drain())

    def _end(self, ending: Ending, observation: Observation, now: float) -> None:
        remark = getattr(self.policy, "remark", "")
        if remark and ending.outcome.swallowable:
            ending = Ending(ending.outcome, f"{ending.reason} ({remark})" if ending.reason else remark)
        self.ending, self.directives = ending, {}
        duration = now - self.started
        if ending.outcome is Outcome.SUCCEEDED:
            self.reward += self.discount**duration
        terminated = ending.outcome in (Outcome.SUCCEEDED, Outcome.FAILED)
        self.events.append(
            Transition(
                path=self.path,
                option=self.option.name,
                parameters=self.parameters,
                start=self.started,
                duration=duration,
                steps=self.steps,
                reward=self.reward,
                terminated=terminated,
                truncated=not terminated,
                ending=ending,
                state=self.state,
                next_state=observation,
            )
        )

    # -- state in the open -------------------------------------------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """Everything but the observation the run began in and events not yet drained."""
        return {
            "option": self.option.name,
            "parameters": dict(self.parameters),
            "roles": dict(self.roles),
            "path": self.path,
            "ending": None if self.ending is None else [self.ending.outcome.value, self.ending.reason],
            "started": self.started,
            "steps": self.steps,
            "reward": self.reward,
            "success_since": self.success_since,
            "memories": deepcopy(self.memories),
            "guarded": dict(self.guarded),
            "next_step": self.next_step,
            "directives": {arm: directive_values(directive) for arm, directive in self.directives.items()},
            "policy": None if self.policy is None else self.policy.snapshot(),
        }

    def restore(self, snapshot: Snapshot) -> None:
        """Continue a run of the same option bit for bit."""
        self.parameters, self.roles, self.path = dict(snapshot["parameters"]), dict(snapshot["roles"]), snapshot["path"]
        ending = snapshot["ending"]
        self.ending = None if ending is None else Ending(Outcome(ending[0]), ending[1])
        self.started, self.steps, self.reward = snapshot["started"], snapshot["steps"], snapshot["reward"]
        self.success_since, self.next_step = snapshot["success_since"], snapshot["next_step"]
        self.memories, self.guarded = deepcopy(snapshot["memories"]), dict(snapshot.get("guarded", {}))
        self.directives = {arm: directive_from_values(values) for arm, values in snapshot["directives"].items()}
        self.policy = None
        if snapshot["policy"] is not None:
            self.policy = self.option.policy()
            self.policy.restore(snapshot["policy"])


def directive_values(directive: Directive) -> dict[str, Any]:
    """A directive as plain JSON values."""
    return {"kind": KINDS[type(directive)], **asdict(directive)}


def directive_from_values(values: Mapping[str, Any]) -> Directive:
    """The inverse of :func:`directive_values`, bit for bit; JSON's lists become tuples again."""
    kind = next(kind for kind, word in KINDS.items() if word == values["kind"])
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in values.items() if name != "kind"})


def _numbers(values: Iterable[float]) -> tuple[float, ...]:
    """Plain numbers, whatever kind of numbers a policy reckons with."""
    return tuple(float(value) for value in values)


def _plain(directive: CartesianDelta | JointTarget) -> CartesianDelta | JointTarget:
    """With plain numbers in place of whatever kind of numbers a policy reckons with."""
    closure = None if directive.closure is None else float(directive.closure)
    directive = replace(directive, closure=closure, speed=float(directive.speed), force=float(directive.force))
    if isinstance(directive, CartesianDelta) and directive.force_limit is not None:
        return replace(directive, force_limit=float(directive.force_limit))
    return directive


def _beyond(directive: CartesianDelta | JointTarget) -> str:
    """Which number of a directive means nothing, in words; empty if each does."""
    for name in ("speed", "force"):
        if not 0.0 < getattr(directive, name) <= 1.0:
            return f"a {name} of {getattr(directive, name):g}; allowed: above 0 and up to 1"
    limit = getattr(directive, "force_limit", None)
    return "" if limit is None or limit > 0.0 else f"a force limit of {limit:g} N; allowed: above 0"


def _bug(error: BaseException, doing: str) -> Ending:
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    where = f" ({traceback.tb_frame.f_code.co_filename.rpartition('/')[2]}:{traceback.tb_lineno})" if traceback else ""
    return Ending(Outcome.ERROR, f"{type(error).__name__} while {doing}: {error}{where}")
