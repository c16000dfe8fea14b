"""One run of an option, call-and-return: I once, then β before every step of π, until it ends."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from skillkit.directives import accepted, directive_from_values, directive_values, narrowed
from skillkit.draws import Draws
from skillkit.events import Called, Drawn, Event, Judged, Started, Transition
from skillkit.option import EPSILON, Option, Situation, never
from skillkit.protocols import Policy, Snapshot
from skillkit.safeguard import NO_SAFEGUARD
from skillkit.spaces import NOTHING, Directive, Ending, Observation, Outcome

BUGS = (Exception, SystemExit, GeneratorExit)  # what user code may throw; only an interrupt from the keyboard is none of it
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
        self.draws = Draws()
        self.guarded: dict[str, Any] = {}  # what the safeguard remembers
        self.next_step = 0.0
        self.directives: dict[str, Directive] = {}
        self._given: Mapping[str, Directive] = NOTHING  # the last directives that went on as they were, by role
        self._handed: dict[str, Directive] = {}  # the same by arm
        self.events: list[Event] = []

    # -- running ------------------------------------------------------------------------------------------------------------------

    def begin(self, observation: Observation, now: float) -> None:
        """Ask I; start π, or end REFUSED."""
        self.started = self.next_step = now
        self.state, self.draws = observation, self._draws(observation, now)
        try:
            situation = self._situation(observation, now)
            initiation = self.option.initiation(situation)
            self.events.append(Started(self.path, self.option.name, self.parameters, self.roles, now, initiation.score))
            if not initiation.allowed:
                self._end(Ending(Outcome.REFUSED, initiation.reason or "outside the initiation set"), observation, now)
                return
            self.policy = self.option.policy()
            self.policy.start(situation)
            self._tell_draws()
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
        return {self.roles[role]: narrowed(directive, self.option.safeguard, 0.0) for role, directive in instead.items()}

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
                self.draws = self._draws(observation, now)
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
        answer = policy.act(situation)
        self._tell_draws()
        return answer

    def _accept(self, answer: Mapping[str, Directive], now: float) -> Ending | None:
        option, period = self.option, 1.0 / self.option.rate if self.option.rate > 0.0 else 0.0
        self.steps += 1
        self.next_step = self.next_step + period if self.next_step + period > now + EPSILON else now + period
        if type(answer) is not dict and not isinstance(answer, Mapping):
            return Ending(Outcome.ERROR, f"the policy gave {type(answer).__name__}; allowed: a directive for each role, or an Ending")
        if self._as_before(answer):
            self.directives = self._handed
            return None
        directives: dict[str, Directive] = {}
        stale = option.safeguard.command
        for role, given in answer.items():
            arm = self.roles.get(role)
            if arm is None:
                return Ending(Outcome.ERROR, f"the policy moved the role '{role}', which the option does not hold; it holds {', '.join(self.roles) or 'none'}")
            directive = accepted(given, role, period, now, option.free, option.first)
            if isinstance(directive, str):
                return Ending(Outcome.ERROR, f"the policy gave {directive}")
            directives[arm] = narrowed(directive, option.safeguard, period + stale.after if stale is not None else 0.0)
        self.directives = directives
        self._given = dict(answer) if all(directives[self.roles[role]] is given for role, given in answer.items()) else NOTHING
        self._handed = directives if self._given else {}
        return None

    def _as_before(self, answer: Mapping[str, Directive]) -> bool:
        """Whether these are the very directives that went on as they were the last time: a tree hands on those of its leaves at every tick."""
        before = self._given
        return len(answer) == len(before) and all(before.get(role) is given for role, given in answer.items())

    # -- bookkeeping -----------------------------------------------------------------------------------------------------------------

    def _situation(self, observation: Observation, now: float) -> Situation:
        return Situation(observation, self.roles, self.parameters, now - self.started, self.draws)

    def _draws(self, observation: Observation, now: float) -> Draws:
        return Draws(f"{observation.seed} {self.path} {now!r}")

    def _tell_draws(self) -> None:
        stand = self.draws.news()
        if stand is not None:
            self.events.append(Drawn(self.path, *stand))

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
            "draws": [self.draws.seed, self.draws.snapshot()],
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
        seed, drawn = snapshot.get("draws", ["", None])
        self.draws = Draws(seed)
        self.draws.restore(drawn)
        self.policy = None
        if snapshot["policy"] is not None:
            self.policy = self.option.policy()
            self.policy.restore(snapshot["policy"])


def _bug(error: BaseException, doing: str) -> Ending:
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    where = f" ({traceback.tb_frame.f_code.co_filename.rpartition('/')[2]}:{traceback.tb_lineno})" if traceback else ""
    return Ending(Outcome.ERROR, f"{type(error).__name__} while {doing}: {error}{where}")
