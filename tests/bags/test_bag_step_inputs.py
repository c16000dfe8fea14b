"""Inputs read through the places of the step before are those that field by field decoding gives."""

from __future__ import annotations

import random
import struct

import pytest

from skillkit.bags import BagWriter, open_bag
from skillkit.bags.schemas import STEP
from skillkit.exceptions import SkillkitError
from skillkit.records import inputs_from_record
from skillkit.spaces import GoalInput, JointInput


def varied(run, tick):
    """Steps with other arms, objects, signals and other lengths of names and values from one to the next."""
    rng = random.Random(tick)
    step = run.step(tick)
    inputs = [entry for entry in step["inputs"] if rng.random() < 0.7]
    if rng.random() < 0.3 and inputs and inputs[0]["kind"] == "joint":
        inputs[0] = {**inputs[0], "name": rng.choice(["panda", "torso"]), "values": [rng.gauss(0.0, 1.0) for _ in range(2 * rng.randint(1, 7) + 2)]}
    return {**step, "inputs": inputs}


def test_every_step_gives_the_same_inputs_as_its_fields(tmp_path, run):
    with BagWriter(tmp_path / "bag.mcap") as writer:
        for tick in range(300):
            writer.write_step(varied(run, tick), run.result(tick))
    with open_bag(tmp_path / "bag.mcap") as bag:
        read, decode = bag.run().step_inputs(), bag.run().decoder(STEP)
        for raw in bag.run().raw_steps():
            step = decode(raw.step)
            assert repr(read(raw.step)) == repr((step["now"], inputs_from_record(step)))


def test_an_order_once_seen_is_not_decoded_again_and_a_goal_always_is(run, run_bag):
    with open_bag(run_bag) as bag:
        read = bag.run().step_inputs()
        decoded = []
        field_by_field, read._decode = read._decode, lambda data: decoded.append(data) or field_by_field(data)
        found = [read(raw.step)[1] for raw in bag.run().raw_steps()]
    assert len(decoded) == 2  # the one with the goal, and the first of those without
    assert isinstance(found[0][-1], GoalInput)
    assert found[99][0] == JointInput("panda", 0.99 - 0.001, 0.99, *values_of(run.step(99)))


def values_of(step):
    values = step["inputs"][0]["values"]
    return tuple(values[:7]), tuple(values[7:14]), values[14], values[15]


def test_a_damaged_step_of_a_known_length_is_an_error_in_words(run_bag):
    with open_bag(run_bag) as bag:
        read = bag.run().step_inputs()
        steps = [raw.step for raw in bag.run().raw_steps()]
        for step in steps[:5]:
            read(step)
        at = steps[5].index(b"joint")
        for wrong in (steps[5][: at - 4] + struct.pack("<I", 2**31) + steps[5][at:], steps[5][:at] + b"jolly" + steps[5][at + 5 :]):
            with pytest.raises(SkillkitError):
                read(wrong)
