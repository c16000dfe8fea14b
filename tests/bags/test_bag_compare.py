import copy
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillkit.bags import compare
from skillkit.bags.compare import Rule, same

PLACES = [
    ("policy", ("directives", 0, "values", 2), "directives[panda].values[2]"),
    ("policy", ("directives", 0, "kind"), "directives[panda].kind"),
    ("policy", ("directives", 0, "closure"), "directives[panda].closure"),
    ("ik", ("commands", 0, "position", 6), "commands[panda].position[6]"),
    ("gate", ("commands", 0, "limited", 0), "commands[panda].limited[0]"),
    ("gate", ("commands", 0, "safe"), "commands[panda].safe"),
    ("status", ("statuses", 0, "status"), "statuses[coffee/open_cabinet].status"),
    ("status", ("started", 1, "option"), "started[coffee/open_cabinet].option"),
    ("outcome", ("transitions", 0, "outcome"), "transitions[coffee/grasp_cup].outcome"),
    ("outcome", ("ended", 0, "reason"), "ended[g1].reason"),
]


def changed(record, place):
    """A copy with the value at a place made another; the copy, the old and the new value."""
    record = copy.deepcopy(record)
    inside = record
    for key in place[:-1]:
        inside = inside[key]
    old = inside[place[-1]]
    if isinstance(old, bool):
        new = not old
    else:
        new = f"{old}x" if isinstance(old, str) else 0.5 if math.isnan(old) else math.nextafter(old, math.inf)
    inside[place[-1]] = new
    return record, old, new


@pytest.fixture
def record(run):
    """One result with an entry in every field."""
    return {**run.result(90), "started": run.result(0)["started"], "statuses": run.result(0)["statuses"]}


def test_equal_results_have_no_difference(record):
    assert compare(record, copy.deepcopy(record)) is None


def test_headers_are_not_compared(record):
    assert compare(record, {key: value for key, value in record.items() if key != "header"}) is None


@pytest.mark.parametrize(("kind", "place", "path"), PLACES)
def test_the_smallest_change_anywhere_is_found_and_named(record, kind, place, path):
    again, old, new = changed(record, place)
    difference = compare(record, again)
    assert difference is not None
    assert (difference.kind, difference.path, difference.step, difference.time) == (kind, path, 90, 0.9)
    assert same(difference.expected, old)
    assert same(difference.got, new)
    assert difference.as_dict()["class"] == kind


def test_an_entry_that_is_missing_or_more_is_named(record):
    fewer = {**record, "transitions": record["transitions"][:1]}
    assert compare(record, fewer).path == "transitions[coffee]"
    assert compare(record, fewer).got == "nothing"
    assert compare(fewer, record).expected == "nothing"


def test_the_cause_is_named_before_its_effects(record):
    again = record
    for _, place, _ in reversed(PLACES):
        again, _, _ = changed(again, place)
    assert compare(record, again).kind == "outcome"
    assert compare({**record, "transitions": [], "ended": []}, {**again, "transitions": [], "ended": []}).kind == "status"
    alone = {"started": [], "statuses": [], "transitions": [], "ended": []}
    assert compare({**record, **alone}, {**again, **alone}).kind == "policy"


def test_a_tolerance_lets_small_differences_pass_and_no_others(record):
    again = copy.deepcopy(record)
    again["commands"][0]["position"][3] += 1e-9
    assert compare(record, again).path == "commands[panda].position[3]"
    assert compare(record, again, rule=Rule(1e-8)) is None
    assert compare(record, again, rule=Rule(1e-10)) is not None


def test_a_field_that_is_ignored_is_not_compared(record):
    again, _, _ = changed(record, ("commands", 0, "position", 6))
    assert compare(record, again, rule=Rule(ignore=("commands[*].position*",))) is None
    assert compare(record, again, rule=Rule(ignore=("commands[*].velocity*",))) is not None


@given(st.floats(), st.floats())
def test_floats_are_equal_when_their_bits_are_and_nan_equals_nan(a, b):
    equal = (math.isnan(a) and math.isnan(b)) or a.hex() == b.hex()
    assert same(a, b) is equal
    assert same([{"x": (a,)}], [{"x": [b]}]) is equal


def test_truth_values_are_not_numbers_to_a_list_of_words():
    assert not same(True, False)
    assert not same("1", 1)
    assert not same([], "")
    assert same(1, 1.0)


def test_the_line_that_a_reason_quotes_is_not_compared(record):
    one, other = copy.deepcopy(record), copy.deepcopy(record)
    one["ended"][0]["reason"] = "ZeroDivisionError while running: division by zero (policy.py:12)"
    other["ended"][0]["reason"] = "ZeroDivisionError while running: division by zero (policy.py:13)"
    assert compare(one, other) is None
    other["ended"][0]["reason"] = "ZeroDivisionError while running: division by zero (other.py:12)"
    assert compare(one, other).path == "ended[g1].reason"
