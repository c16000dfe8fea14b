"""Results packed by their shape are, byte for byte, those encoded field by field."""

from __future__ import annotations

import random

import numpy as np

from skillkit.bags.cdr import Codec
from skillkit.bags.schemas import STEP_RESULT, schema
from skillkit.bags.step_results import StepResults
from skillkit.events import Called, Judged, StatusChange, Written
from skillkit.records import result_record
from skillkit.runtime import StepResult
from skillkit.spaces import CartesianDelta, Delegated, Directive, Hold, JointCommand, JointTarget, Observation

NOTHING_SEEN = Observation(0.0, {}, {}, {})


def directive(rng: random.Random) -> Directive:
    closure = rng.choice([None, 0.0, 0.7])
    delta = CartesianDelta((rng.random(), 0.0, -1e-300), (0.0, rng.random(), 3.0), rng.choice(["tool", "world"]), closure, 0.05, rng.random())
    return rng.choice([delta, JointTarget(tuple(rng.random() for _ in range(rng.choice([6, 7]))), closure), Hold(), Delegated("other")])


def command(rng: random.Random, n: int) -> JointCommand:
    numbers = [np.array([rng.gauss(0.0, 1.0) for _ in range(n)]) for _ in range(2)]
    return JointCommand(numbers[0], numbers[1], rng.random(), rng.choice([(), ("velocity:a",), ("lead", "gate:position:äöü")]), rng.random() < 0.9)


def result(tick: int) -> StepResult:
    """One of a few hundred shapes, at a time that has nanoseconds."""
    rng = random.Random(tick)
    arms = rng.choice([{"panda": 7}, {"left": 6, "right": 7}, {}])
    directives = {arm: directive(rng) for arm in arms}
    commands = {arm: command(rng, n) for arm, n in arms.items() if rng.random() < 0.8}
    residuals = {arm: np.array([rng.random() for _ in range(6)]) for arm in commands if rng.random() < 0.7}
    events = (StatusChange("task/wait", "RUNNING", 1.0),) if rng.random() < 0.1 else ()
    judged = [Judged(rng.choice(["task/grasp", "task/ä"]), part, rng.random()) for part in ("initiation", "termination") if rng.random() < 0.3]
    called = [Called("task/grasp", rng.choice(["", "0123456789abcdef"]))] * rng.choice([0, 0, 1])
    written = [Written("task/set", "n", tick)] * (rng.random() < 0.1)
    notes = tuple(rng.sample([*judged, *called, *written], len(judged) + len(called) + len(written)))
    return StepResult(tick, tick * 0.01 + rng.random() * 1e-3, NOTHING_SEEN, directives, commands, events, (), notes, residuals)


def test_every_result_is_packed_as_its_fields_are_encoded() -> None:
    encoded, codec = StepResults(), Codec(STEP_RESULT, schema(STEP_RESULT))
    for tick in range(3000):
        given = result(tick)
        assert encoded(given) == codec.encode(result_record(given)), given
    assert sum(form is not None for form in encoded._forms.values()) > 30


def test_numbers_that_are_no_numbers_are_packed_too() -> None:
    encoded, codec = StepResults(), Codec(STEP_RESULT, schema(STEP_RESULT))
    for value in (0.0, -0.0, np.nan, np.inf, 5e-324):
        given = StepResult(1, 2.5, NOTHING_SEEN, {}, {"arm": JointCommand(np.full(7, value), np.full(7, -value), value)}, (), ())
        assert encoded(given) == codec.encode(result_record(given))
