import random
import struct
from pathlib import Path
from runpy import run_path

import numpy as np
import pytest
from mcap.reader import make_reader
from mcap.writer import CompressionType, Writer

from skillkit.bags import BagWriter, open_bag, summary, timeline, timeline_html
from skillkit.bags.compare import same
from skillkit.bags.playback import Playback
from skillkit.exceptions import BagError, UnknownName

FLOAT64 = "std_msgs/msg/Float64"


def read_all(path):
    """What a user may do with a bag, as one number of messages; raises what it raises."""
    with open_bag(path) as bag:
        for name in bag.attachments:
            assert isinstance(bag.attachments[name], bytes)
        timeline_html(summary(bag)) if "/skillkit/result" in bag.topics else None
        for _ in bag.steps():
            pass
        return sum(1 for _ in bag.messages())


def test_a_finished_bag_is_complete_and_says_so(run_bag):
    with open_bag(run_bag) as bag:
        assert bag.complete
        assert bag.note == ""
        assert (bag.start, bag.end) == (0.0, 0.99)
        assert bag.topics["/skillkit/step"].type == "skillkit_interfaces/msg/Step"
        assert bag.topics["/skillkit/step"].count == 100


def test_the_index_agrees_with_mcap_s_own_reader(run_bag):
    with run_bag.open("rb") as stream:
        counts = make_reader(stream).get_summary().statistics.channel_message_counts
    with open_bag(run_bag) as bag:
        assert sum(topic.count for topic in bag.topics.values()) == sum(counts.values())


def test_messages_are_cut_to_a_time_range_with_both_ends_inside(run_bag):
    with open_bag(run_bag) as bag:
        times = [message.time for message in bag.messages("/signals/cup_1_fill", start=0.2, end=0.3)]
        assert times == [tick / 100 for tick in range(20, 31)]
        assert not list(bag.messages("/signals/cup_1_fill", start=5.0))


def test_an_unknown_topic_is_named_with_its_nearest(run_bag):
    with open_bag(run_bag) as bag, pytest.raises(UnknownName, match="did you mean '/skillkit/step'"):
        list(bag.messages("/skillkit/steps"))


def test_a_step_finds_its_result_whichever_came_first(tmp_path, run):
    with BagWriter(tmp_path / "run.mcap") as writer:
        for tick in range(20):
            writer.write("/skillkit/result", "skillkit_interfaces/msg/StepResult", run.result(tick), tick * 0.01)
            if tick > 2:
                writer.write("/skillkit/step", "skillkit_interfaces/msg/Step", run.step(tick - 3), tick * 0.01)
    with open_bag(tmp_path / "run.mcap") as bag:
        assert [(step["tick"], result["tick"]) for step, result in bag.steps()] == [(tick, tick) for tick in range(17)]


@pytest.mark.parametrize(
    ("chunked", "compression"), [(True, CompressionType.ZSTD), (True, CompressionType.LZ4), (True, CompressionType.NONE), (False, CompressionType.NONE)]
)
def test_messages_of_another_writer_come_in_order_of_time(tmp_path, chunked, compression):
    rng = random.Random(3)
    stamps = [max(0, int(i * 1e6 + rng.gauss(0, 5e7))) for i in range(2000)]
    with (tmp_path / "other.mcap").open("wb") as stream:
        writer = Writer(stream, chunk_size=2000, compression=compression, use_chunking=chunked)
        writer.start(profile="ros2")
        schema = writer.register_schema(FLOAT64, "ros2msg", b"float64 data")
        channel = writer.register_channel("/x", "cdr", schema)
        for i, stamp in enumerate(stamps):
            writer.add_message(channel, stamp, b"\x00\x01\x00\x00" + struct.pack("<d", i), stamp)
        writer.finish()
    with open_bag(tmp_path / "other.mcap") as bag:
        seen = [(message.stamp, struct.unpack("<d", message.data[4:])[0]) for message in bag.raw_messages("/x")]
        assert bag.complete
    assert seen == sorted((stamp, float(i)) for i, stamp in enumerate(stamps))


def test_a_bag_written_by_rosbags_is_read(tmp_path):
    import numpy as np
    from rosbags.rosbag2 import StoragePlugin, Writer
    from rosbags.typesys import Stores, get_typestore

    store = get_typestore(Stores.ROS2_JAZZY)
    kinds = store.types
    state = kinds["sensor_msgs/msg/JointState"]
    header = kinds["std_msgs/msg/Header"](kinds["builtin_interfaces/msg/Time"](1, 2), "base")
    with Writer(tmp_path / "theirs", version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        connection = writer.add_connection("/joint_states", state.__msgtype__, typestore=store)
        message = state(header, ["a", "b"], np.array([1.0, 2.0]), np.array([]), np.array([0.5]))
        writer.write(connection, 1_500_000_000, store.serialize_cdr(message, state.__msgtype__))
    with open_bag(tmp_path / "theirs") as bag:
        (only,) = bag.messages("/joint_states")
    assert only.time == 1.5
    assert only.value["name"] == ["a", "b"]
    assert only.value["position"] == [1.0, 2.0]
    assert only.value["effort"] == [0.5]


@pytest.mark.parametrize(("content", "words"), [(b"", "the file is empty"), (b"hello world", "not an MCAP file"), (b"\x89MCAP0\r", "not an MCAP file")])
def test_a_file_that_is_no_bag_is_refused_in_words(tmp_path, content, words):
    (tmp_path / "no.mcap").write_bytes(content)
    with pytest.raises(BagError, match=words):
        open_bag(tmp_path / "no.mcap")


def test_a_bag_that_is_not_there_is_refused_in_words(tmp_path):
    with pytest.raises(BagError, match="cannot be read"):
        open_bag(tmp_path / "no.mcap")
    with pytest.raises(BagError, match=r"no metadata\.yaml"):
        open_bag(tmp_path)


@pytest.mark.parametrize("compression", ["zstd", "lz4", "none"])
def test_a_cut_bag_gives_its_beginning_and_says_how_much_is_missing(tmp_path, run, compression):
    path = tmp_path / "run.mcap"
    with BagWriter(path, compression=compression) as writer:
        run.write(writer)
    whole = path.read_bytes()
    lengths = []
    for part in (0.3, 0.5, 0.6, 0.7):
        path.write_bytes(whole[: int(len(whole) * part)])
        with open_bag(path) as bag:
            steps = [step["tick"] for step, _ in bag.steps()]
            assert not bag.complete
            assert "the recording was cut" in bag.note
        assert steps == list(range(len(steps)))
        lengths.append(len(steps))
    assert lengths == sorted(lengths)
    assert 0 < lengths[-1] < 100


def test_an_uncompressed_partial_chunk_is_saved_to_its_last_whole_message(tmp_path, run):
    path = tmp_path / "run.mcap"
    writer = BagWriter(path, compression="none", flush_every=10.0)
    for tick in range(100):
        writer.write_step(run.step(tick), run.result(tick))
    writer.close()
    whole = path.read_bytes()
    chunk_end = whole.rindex(b"cup_1_fill")
    path.write_bytes(whole[: int(chunk_end * 0.4)])
    with open_bag(path) as bag:
        saved = len(list(bag.steps()))
        assert "were saved from the partial last chunk" in bag.note
    assert 10 < saved < 100


def test_a_flipped_byte_in_a_chunk_is_found_by_its_checksum(tmp_path, run_bag):
    data = bytearray(run_bag.read_bytes())
    with open_bag(run_bag) as bag:
        block = bag._index.blocks[2]
    data[block.offset + block.length // 2] ^= 0x10
    path = tmp_path / "bad.mcap"
    path.write_bytes(data)
    with open_bag(path) as bag:
        ticks = [message.value["tick"] for message in bag.messages("/skillkit/step")]
        assert not bag.complete
        assert "is damaged and was left out" in bag.note
    assert ticks == [*range(20), *range(30, 100)]


def test_damaged_bags_are_refused_or_read_in_part_and_never_anything_else():
    """A hundredth of ``benchmarks/damaged_bags.py``, with another seed."""
    folder = Path(__file__).parents[2] / "benchmarks"
    benchmark = run_path(str(folder / "damaged_bags.py"))
    figures, failures = benchmark["run"](100, seed=11)
    assert not failures
    assert figures["read"] > 40
    assert figures["refused"] > 0
    assert figures["memory_mb"] <= benchmark["MEMORY"]


def test_a_chunk_that_claims_to_be_huge_does_not_take_memory(tmp_path, run_bag):
    import tracemalloc

    data = bytearray(run_bag.read_bytes())
    with open_bag(run_bag) as bag:
        block = bag._index.blocks[0]
    data[block.offset + 16 : block.offset + 24] = struct.pack("<Q", 2**62)
    (tmp_path / "huge.mcap").write_bytes(data)
    tracemalloc.start()
    with open_bag(tmp_path / "huge.mcap") as bag:
        steps = sum(1 for _ in bag.steps())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert steps >= 79
    assert peak < 50e6


def test_the_timeline_of_a_cut_bag_still_reads(tmp_path, run_bag):
    data = run_bag.read_bytes()
    (tmp_path / "cut.mcap").write_bytes(data[: len(data) // 2])
    with open_bag(tmp_path / "cut.mcap") as bag:
        text = timeline(summary(bag))
    assert "the recording was cut" in text
    assert "not finished" in text


def with_schema(source, target, topic, change):
    """A copy of a bag whose schema text of one topic is changed."""
    with open_bag(source) as bag, BagWriter(target) as writer:
        for message in bag.raw_messages():
            name, text = bag.schema_of(message.topic)
            writer.write_stamped(message.topic, name, message.data, message.stamp, change(text) if message.topic == topic else text)


def test_a_field_that_an_older_writer_did_not_know_reads_as_zero(tmp_path, run_bag):
    with_schema(run_bag, tmp_path / "old.mcap", "/skillkit/result", lambda text: text.replace("string reason\nfloat64 time", "string why\nfloat64 time"))
    with open_bag(tmp_path / "old.mcap") as bag:
        ended = [entry for _, result in bag.steps() for entry in result["ended"]]
        assert summary(bag).outcome == "FAILED"
    assert [(entry["reason"], entry["time"]) for entry in ended] == [("", 0.9)]


def test_a_field_that_changed_its_type_is_refused(tmp_path, run_bag):
    with_schema(run_bag, tmp_path / "other.mcap", "/skillkit/step", lambda text: text.replace("uint64 tick", "int64 tick"))
    with open_bag(tmp_path / "other.mcap") as bag, pytest.raises(BagError, match="'tick' is recorded as int64, not uint64"):
        list(bag.steps())


def test_the_records_of_several_runtimes_are_told_apart(tmp_path, run):
    with BagWriter(tmp_path / "run.mcap") as writer:
        for tick in range(10):
            for arm in ("left", "right"):
                writer.write(f"/{arm}/step", "skillkit_interfaces/msg/Step", run.step(tick), tick * 0.01)
            writer.write("/right/result", "skillkit_interfaces/msg/StepResult", run.result(tick), tick * 0.01)
    with open_bag(tmp_path / "run.mcap") as bag:
        assert set(bag.runtimes) == {"/left", "/right"}
        assert [result is None for _, result in bag.steps("/left")] == [True] * 10
        assert [result["tick"] for _, result in bag.steps("/right")] == list(range(10))
        with pytest.raises(BagError, match="several runtimes: /left, /right; name one of them"):
            list(bag.steps())
        with pytest.raises(UnknownName, match="did you mean '/left'"):
            list(bag.steps("/leftt"))


@pytest.mark.parametrize("storage", ["SQLITE3", "MCAP"])
def test_a_folder_written_by_rosbags_opens_with_equal_content(tmp_path, storage):
    rosbag2 = pytest.importorskip("rosbags.rosbag2")
    from rosbags.typesys import Stores, get_typestore

    store = get_typestore(Stores.LATEST)
    kind = store.types["std_msgs/msg/Float64"]
    with rosbag2.Writer(tmp_path / "bag", version=9, storage_plugin=rosbag2.StoragePlugin[storage]) as writer:
        connection = writer.add_connection("/x", "std_msgs/msg/Float64", typestore=store)
        for i in range(50):
            writer.write(connection, i * 10_000_000, store.serialize_cdr(kind(data=0.5 * i), kind.__msgtype__))
    with open_bag(tmp_path / "bag") as bag:
        assert [message.value["data"] for message in bag.messages("/x")] == [0.5 * i for i in range(50)]
        assert bag.columns("/x", 0.1, 0.2)["data"].tolist() == [0.5 * i for i in range(10, 21)]
        assert bag.at(0.255)["/x"].value["data"] == 12.5
        assert "/x" in timeline(summary(bag))
        tape = Playback(bag, ["/x"])
        assert [tape.take(0.0).stamp for _ in range(50)] == [i * 10_000_000 for i in range(50)]
        assert tape.ended


def test_a_recording_that_was_split_is_one_bag_with_everything_in_place(tmp_path, run):
    with (
        BagWriter(tmp_path / "whole.mcap", arms={"panda": run.joints}) as whole,
        BagWriter(tmp_path / "split" / "a.mcap", arms={"panda": run.joints}, split_time=0.2) as split,
    ):
        for writer in (whole, split):
            writer.attach("task.yaml", b"task: coffee", "application/yaml")
            writer.metadata("run", {"task": "coffee"})
        for i in range(100):
            for writer in (whole, split):
                writer.write_step(run.step(i), run.result(i))
    assert len(split.paths) >= 4
    with open_bag(tmp_path / "whole.mcap") as one, open_bag(tmp_path / "split") as several:
        assert {name: topic.count for name, topic in several.topics.items()} == {name: topic.count for name, topic in one.topics.items()}
        assert list(several.raw_messages()) == list(one.raw_messages())
        assert (dict(several.attachments), several.metadata, several.start, several.end) == (dict(one.attachments), one.metadata, one.start, one.end)
        states = [{topic: message._asdict() for topic, message in bag.at(0.55).items()} for bag in (one, several)]
        assert same(*states)
        a, b = (bag.columns("/panda/joint_states", 0.1, 0.7) for bag in (one, several))
        assert a.keys() == b.keys()
        assert all(np.array_equal(a[name], b[name], equal_nan=a[name].dtype.kind == "f") for name in a)
        assert several.complete


def test_the_parts_of_a_bag_may_be_cut_and_strangers_are_not_put_together(tmp_path, run_bag):
    data = run_bag.read_bytes()
    (tmp_path / "a.mcap").write_bytes(data)
    (tmp_path / "a_1.mcap").write_bytes(data[: len(data) // 2])
    with open_bag(tmp_path) as bag:
        assert not bag.complete
        assert bag.note.startswith("a_1.mcap: the recording was cut")
        assert 100 < len(list(bag.messages("/panda/joint_states"))) < 200
    (tmp_path / "b.mcap").write_bytes(data)
    with pytest.raises(BagError, match=r"several bags: a\.mcap"):
        open_bag(tmp_path)
