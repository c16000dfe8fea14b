"""An operator's answer is an input like any other: recorded bit for bit, part of the snapshot, known from older answers."""

from __future__ import annotations

import json

from skillkit.perception import Perception
from skillkit.records import input_from_record, input_record
from skillkit.spaces import Answer, AnswerInput


def test_an_answer_survives_its_record() -> None:
    given = AnswerInput("t/0:sequence/colour", 1.25, "dark blue")
    assert input_from_record(json.loads(json.dumps(input_record(given)))) == given


def test_every_answer_counts_up_and_the_snapshot_holds_them() -> None:
    one = Perception({})
    for question, answer in (("a", "yes"), ("b", "no"), ("a", "no")):
        one.take(AnswerInput(question, 0.0, answer))
    assert one.answers == {"a": Answer("no", 3), "b": Answer("no", 2)}
    two = Perception({})
    two.restore(json.loads(json.dumps(one.snapshot())))
    assert two.answers == one.answers
