"""Columns, joins and the state at a time say what the messages say, one by one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillkit.bags import BagWriter, as_of, open_bag, recover
from skillkit.bags.cdr import Codec
from skillkit.bags.chunk import same_rows
from skillkit.bags.columns import columns, piled
from skillkit.bags.growing import Growing
from skillkit.bags.schemas import FLOAT64, JOINT_STATE, schema
from skillkit.exceptions import BagError, UnknownName

NUMBERS = st.lists(st.floats(allow_nan=False), max_size=5)


def test_columns_are_what_the_messages_say(run_bag):
    with open_bag(run_bag) as bag:
        table = bag.columns("/panda/joint_states")
        messages = list(bag.messages("/panda/joint_states"))
    assert table["position"].shape == (100, 9)
    assert table["position"].tolist() == [message.value["position"] for message in messages]
    assert table["time"].tolist() == [message.time for message in messages]
    assert table["header.stamp.nanosec"].tolist() == [message.value["header"]["stamp"]["nanosec"] for message in messages]
    assert table["name[0]"].tolist() == ["panda_joint1"] * 100
    assert table["effort"].shape == (100, 0)
    assert not table["position"].flags.writeable


def test_columns_reach_into_nested_messages_and_stop_at_the_times(run_bag):
    with open_bag(run_bag) as bag:
        assert bag.columns("/panda/command", 0.2, 0.4)["points[0].velocities"].shape == (21, 7)
        assert bag.columns("/skillkit/result", 0.9)["transitions[0].reason"][0] == "the cup slipped"
        with pytest.raises(UnknownName, match="/panda/command"):
            bag.columns("/panda/comand")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.lists(st.text(max_size=4), max_size=3), NUMBERS, NUMBERS), min_size=1, max_size=12), st.integers(0, 40))
def test_messages_of_changing_length_are_padded_and_nothing_is_mixed_up(rows, expected):
    codec = Codec(JOINT_STATE, schema(JOINT_STATE))
    data = [codec.encode({"name": names, "position": position, "velocity": velocity}) for names, position, velocity in rows]
    table = columns(codec, piled(range(len(data)), data), expected)
    for row, (names, position, velocity) in enumerate(rows):
        assert table["position"][row].tolist()[: len(position)] == position
        assert np.isnan(table["position"][row, len(position) :]).all()
        assert table["velocity"][row].tolist()[: len(velocity)] == velocity
        assert [table[f"name[{i}]"][row] for i in range(len(names))] == [name.rstrip("\0") for name in names]


@given(st.integers(1, 4), st.integers(0, 30), st.integers(0, 30), st.binary(max_size=2))
def test_rows_are_the_same_where_every_byte_is(k, first, length, other):
    table = np.tile(np.arange(70, dtype=np.uint8), (k, 1))
    assert same_rows(table, first, first + length)
    for at, byte in enumerate(other):
        table[-1, 5 + 20 * at] = byte
    assert same_rows(table, first, first + length) == (table[:, first : first + length] == table[0, first : first + length]).all()


def test_a_column_grows_beyond_what_was_expected():
    grown, rows = Growing(np.dtype("<f8"), 3, 2), np.arange(300.0).reshape(100, 3)
    for some in np.split(rows, [1, 2, 7, 50]):
        grown.add(np.hstack([np.zeros((len(some), 5), np.uint8), some.view(np.uint8).reshape(len(some), 24)]), 5)
    assert np.array_equal(grown.rows, rows)


@given(st.binary(max_size=200))
def test_any_bytes_become_columns_or_are_refused(data):
    codec = Codec(JOINT_STATE, schema(JOINT_STATE))
    try:
        columns(codec, piled([0], [b"\x00\x01\x00\x00" + data]))
    except BagError:
        return


def test_a_join_takes_the_last_row_by_then():
    table = {"time": np.array([1.0, 2.0, 4.0]), "x": np.array([10.0, 20.0, 40.0]), "word": np.array(["a", "b", "d"], dtype=object)}
    joined = as_of(np.array([0.5, 1.0, 3.9, 4.0, 9.0]), table)
    assert np.isnan(joined["x"][0])
    assert joined["x"][1:].tolist() == [10.0, 20.0, 40.0, 40.0]
    assert joined["word"].tolist() == ["", "a", "b", "d", "d"]


@pytest.mark.parametrize("compression", ["zstd", "none"])
def test_the_state_at_a_time_is_the_last_message_of_every_topic(tmp_path, compression):
    rng = np.random.default_rng(3)
    times = {f"/topic{i}": sorted(rng.uniform(0.0, 20.0, 1 + 40 * i).round(6).tolist()) for i in range(6)}
    with BagWriter(tmp_path / "bag.mcap", compression=compression) as writer:
        for time, topic in sorted((time, topic) for topic, stamps in times.items() for time in stamps):
            writer.write(topic, FLOAT64, {"data": time}, time)
    with open_bag(tmp_path / "bag.mcap") as bag:
        for moment in (0.0, 0.5, 3.21, 10.0, 19.99, 30.0):
            expected = {topic: max(t for t in stamps if t <= moment) for topic, stamps in times.items() if stamps[0] <= moment}
            assert {topic: message.value["data"] for topic, message in bag.at(moment).items()} == expected


def test_the_state_at_a_time_of_a_cut_bag(tmp_path, run_bag):
    data = run_bag.read_bytes()
    (tmp_path / "cut.mcap").write_bytes(data[: 2 * len(data) // 3])
    with open_bag(tmp_path / "cut.mcap") as bag:
        assert bag.at(0.255)["/skillkit/step"].value["tick"] == 25


def test_a_recovered_bag_is_whole_and_its_losses_are_named(tmp_path, run):
    with BagWriter(tmp_path / "run.mcap", compression="none") as writer:
        run.write(writer)
    data = (tmp_path / "run.mcap").read_bytes()
    with open_bag(tmp_path / "run.mcap") as bag:
        block = bag._index.blocks[6]
    (tmp_path / "cut.mcap").write_bytes(data[: block.offset + block.length // 2])
    found = recover(tmp_path / "cut.mcap", tmp_path / "whole.mcap")
    with open_bag(tmp_path / "whole.mcap") as bag, open_bag(tmp_path / "cut.mcap") as cut:
        assert bag.complete
        assert sum(topic.count for topic in bag.topics.values()) == found.messages_saved
        assert [*bag.raw_messages()] == [*cut.raw_messages()]
        assert bag.attachments["task.yaml"] == cut.attachments["task.yaml"]
        steps = [step["tick"] for step, _ in bag.steps()]
    assert steps == list(range(len(steps)))
    assert 50 < len(steps) < 70
    assert 0.0 < found.seconds_lost <= 0.1
    assert found.bytes_lost > 0
    assert found.messages_lost == 0


def test_a_damaged_chunk_within_a_bag_is_counted_as_lost(tmp_path, run_bag):
    data = bytearray(run_bag.read_bytes())
    with open_bag(run_bag) as bag:
        block = bag._index.blocks[4]
    data[block.offset + block.length // 2] ^= 0x10
    (tmp_path / "bad.mcap").write_bytes(data)
    found = recover(tmp_path / "bad.mcap", tmp_path / "whole.mcap")
    assert (found.messages_lost, found.bytes_lost, found.seconds_lost) == (70, block.length, pytest.approx(0.09))
    assert "is damaged" in found.note


def test_columns_by_the_index_and_by_reading_through_are_the_same(tmp_path):
    rng = np.random.default_rng(5)
    codec = Codec(JOINT_STATE, schema(JOINT_STATE))
    with BagWriter(tmp_path / "bag.mcap", compression="none") as writer:
        for i in range(400):
            n = int(rng.integers(0, 4))
            time = 0.01 * i + float(rng.uniform(-0.04, 0.04)) + 1.0
            writer.write_raw("/a", JOINT_STATE, codec.encode({"name": ["x"] * n, "position": rng.normal(size=n).tolist()}), time)
            writer.write("/b", FLOAT64, {"data": float(i)}, time)
    data = (tmp_path / "bag.mcap").read_bytes()
    (tmp_path / "cut.mcap").write_bytes(data[:-40])
    with open_bag(tmp_path / "bag.mcap") as whole, open_bag(tmp_path / "cut.mcap") as cut:
        for topic in ("/a", "/b"):
            ours, theirs = whole.columns(topic, 1.5, 4.0), cut.columns(topic, 1.5, 4.0)
            assert list(ours) == list(theirs)
            for name, column in ours.items():
                np.testing.assert_array_equal(column, theirs[name])
