"""A skill as it is declared: initiation set, success, further ends and effects as expressions, and its policy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from skillkit.embodiment import ACTIONS
from skillkit.expressions import Expression
from skillkit.option import Initiation, Option, Parameter, Situation
from skillkit.protocols import Policy
from skillkit.safeguard import NO_SAFEGUARD, Safeguard
from skillkit.spaces import Ending, Outcome
from skillkit.termination import Clause


@dataclass(frozen=True)
class Failure:
    """A condition that ends a skill FAILED, and what to say then."""

    when: Expression
    reason: str


@dataclass(frozen=True)
class Skill:
    """A checked skill.

    Attributes:
        uses: what it leases beside its arms, such as cameras, by name.
        space: of its actions, one of those that arms take.
        free, first: what its actions leave free and put first, see :class:`~skillkit.spaces.CartesianDelta`.
        rate: policy steps per second [Hz].
        score: how well the skill may start here, 0 to 1; below ``threshold`` it is refused.
        clauses: further parts of β.
        hold: success must hold this long without a break [s].
        preconditions: what the planner must make true before, beside the initiation set; not asked at run time.
        effects: what is true after success, for the planner.
        digest: sha256 over the folder.
        safeguard: what it declares for its own safety.
    """

    name: str
    description: str
    folder: Path
    parameters: tuple[Parameter, ...]
    roles: tuple[str, ...]
    rate: float
    initiation: Expression | None
    score: Expression | None
    threshold: float
    success: Expression
    hold: float
    failures: tuple[Failure, ...]
    clauses: tuple[Clause, ...]
    time_limit: float
    preconditions: tuple[Expression, ...]
    effects: tuple[Expression, ...]
    policy: Callable[[], Policy]
    digest: str
    space: str = ACTIONS[0]
    uses: tuple[str, ...] = ()
    safeguard: Safeguard = NO_SAFEGUARD
    free: tuple[str, ...] = ()
    first: str = ""

    def option(self) -> Option:
        """⟨I, π, β⟩ of this skill."""
        return Option(
            name=self.name,
            policy=self.policy,
            initiation=self._initiate,
            termination=self._terminate,
            rate=self.rate,
            time_limit=self.time_limit,
            parameters=self.parameters,
            roles=self.roles,
            hold_success=self.hold,
            watches=self.clauses,
            uses=self.uses,
            digest=self.digest,
            safeguard=self.safeguard,
            free=self.free,
            first=self.first,
        )

    def _initiate(self, situation: Situation) -> Initiation:
        if self.initiation is not None and not self.initiation.truth(situation):
            return Initiation(False, 0.0, self.initiation.explain(situation))
        if self.score is None:
            return Initiation(True)
        score = float(self.score.value(situation))
        score = min(1.0, max(0.0, score)) if score == score else 0.0
        reason = "" if score >= self.threshold else f"score {score:.2f} is below {self.threshold:g}: {self.score.explain(situation)}"
        return Initiation(not reason, score, reason)

    def _terminate(self, situation: Situation) -> Ending | None:
        if self.success.truth(situation):
            return Ending(Outcome.SUCCEEDED, self.success.text)
        for failure in self.failures:
            if failure.when.truth(situation):
                return Ending(Outcome.FAILED, failure.reason)
        return None
