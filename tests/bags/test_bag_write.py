import errno
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from skillkit.bags import BagWriter, copy_without, open_bag
from skillkit.bags.compare import same
from skillkit.exceptions import BagError, InvalidValue

WRITER = Path(__file__).with_name("killed_writer.py")
FLOAT64 = "std_msgs/msg/Float64"


def test_an_existing_file_is_never_overwritten(tmp_path):
    path = tmp_path / "run.mcap"
    path.write_bytes(b"precious")
    with pytest.raises(BagError, match="choose another name"):
        BagWriter(path)
    assert path.read_bytes() == b"precious"


def test_a_folder_that_is_missing_is_made_and_one_that_cannot_be_is_refused(tmp_path):
    BagWriter(tmp_path / "new" / "run.mcap").close()
    assert (tmp_path / "new" / "run.mcap").exists()
    with pytest.raises(BagError, match="cannot be created"):
        BagWriter(tmp_path / "new" / "run.mcap" / "run.mcap")


@pytest.mark.parametrize("options", [{"compression": "gzip"}, {"flush_every": 0.0}, {"flush_every": float("nan")}])
def test_an_option_that_makes_no_sense_is_refused_before_a_file_exists(tmp_path, options):
    with pytest.raises(InvalidValue):
        BagWriter(tmp_path / "run.mcap", **options)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("time", [-1.0, float("nan"), float("inf")])
def test_a_time_that_is_none_is_refused(tmp_path, time):
    with BagWriter(tmp_path / "run.mcap") as writer, pytest.raises(InvalidValue):
        writer.write("/x", FLOAT64, {"data": 1.0}, time)


def test_a_topic_keeps_its_type(tmp_path):
    with BagWriter(tmp_path / "run.mcap") as writer:
        writer.write("/x", FLOAT64, {"data": 1.0}, 0.0)
        with pytest.raises(BagError, match="/x carries std_msgs/msg/Float64"):
            writer.write("/x", "std_msgs/msg/String", {"data": "a"}, 0.0)


@pytest.mark.parametrize("compression", ["zstd", "lz4", "none"])
def test_steps_come_back_exactly_as_they_were_given(tmp_path, run, compression):
    with BagWriter(tmp_path / "run.mcap", compression=compression) as writer:
        run.write(writer)
    with open_bag(tmp_path / "run.mcap") as bag:
        steps = list(bag.steps())
    assert len(steps) == 100
    for tick, (step, result) in enumerate(steps):
        assert same(step, run.step(tick))
        assert same(result, run.result(tick))


def test_everything_that_belongs_to_the_run_is_on_disk_before_the_first_message(tmp_path, run):
    writer = BagWriter(tmp_path / "run.mcap")
    run.write(writer, ticks=0)
    with open_bag(tmp_path / "run.mcap") as bag:
        assert bag.attachments["robot.urdf"] == b"<robot name='panda'/>"
        assert bag.metadata["run"] == {"task": "prepare_coffee", "robot": "panda", "seed": "7"}
        assert not bag.complete
    writer.close()


def test_no_more_than_the_flush_time_is_missing_while_the_writer_is_open(tmp_path, run):
    writer = BagWriter(tmp_path / "run.mcap", flush_every=0.2)
    for tick in range(200):
        writer.write_step(run.step(tick), run.result(tick))
        if tick % 17:
            continue
        with open_bag(tmp_path / "run.mcap") as bag:
            assert tick * 0.01 - (bag.end if bag.topics else 0.0) <= 0.2 + 1e-9
    writer.close()


def test_the_standard_topics_say_what_the_inputs_and_commands_say(run_bag, run):
    with open_bag(run_bag) as bag:
        state = next(bag.messages("/panda/joint_states", start=0.5)).value
        command = next(bag.messages("/panda/command", start=0.5)).value
        pose = next(bag.messages("/objects/cup_1/pose", start=0.5)).value
        level = next(bag.messages("/signals/cup_1_fill", start=0.5)).value
    assert state["name"] == [*run.joints.arm, *run.joints.fingers]
    assert state["position"] == [*run.step(50)["inputs"][0]["values"][:7], 0.04, 0.04]
    assert state["header"]["stamp"] == {"sec": 0, "nanosec": 500_000_000}
    assert command["joint_names"] == list(run.joints.arm)
    assert command["points"][0]["positions"] == run.result(50)["commands"][0]["position"]
    assert pose["header"]["frame_id"] == "world"
    assert pose["pose"]["position"] == {"x": 0.4, "y": -0.1 / 3, "z": 0.2}
    assert level == {"data": 0.25}


def test_a_full_disk_ends_the_recording_and_not_the_run(tmp_path, run, monkeypatch):
    writer = BagWriter(tmp_path / "run.mcap")
    for tick in range(50):
        writer.write_step(run.step(tick), run.result(tick))

    def full(data):
        raise OSError(errno.ENOSPC, "No space left on device")

    stream = writer._stream
    monkeypatch.setattr(writer._file, "_stream", type("Full", (), {"write": staticmethod(full), "flush": stream.flush})())
    for tick in range(50, 150):
        writer.write_step(run.step(tick), run.result(tick))
    assert "No space left on device" in writer.failure
    writer.close()
    with open_bag(tmp_path / "run.mcap") as bag:
        assert len(list(bag.steps())) >= 30
        assert not bag.complete


def test_a_killed_writer_leaves_all_but_the_last_moments(tmp_path):
    rng = random.Random(5)
    for attempt in range(5):
        path = tmp_path / f"{attempt}.mcap"
        process = subprocess.Popen([sys.executable, str(WRITER), str(path)], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(rng.uniform(0.05, 0.6))
        process.send_signal(signal.SIGKILL)
        last = int(process.stdout.read().split("\n")[-2] or 0)
        process.wait()
        with open_bag(path) as bag:
            steps = [step for step, _ in bag.steps()]
            assert bag.attachments["task.yaml"] == b"task: t"
            assert "cut" in bag.note
        assert [step["tick"] for step in steps] == list(range(len(steps)))
        assert (last - len(steps) + 1) * 0.01 <= 0.12


def test_a_copy_lacks_the_topics_left_out_and_nothing_else(run_bag, tmp_path):
    copied = copy_without(run_bag, tmp_path / "copy.mcap", ["/skillkit/result", "/panda/command", "/not/there"])
    with open_bag(run_bag) as bag, open_bag(tmp_path / "copy.mcap") as copy:
        assert set(bag.topics) - set(copy.topics) == {"/skillkit/result", "/panda/command"}
        assert dict(copy.attachments) == dict(bag.attachments)
        assert copy.attachments.media_types == bag.attachments.media_types
        assert copy.metadata == bag.metadata
        assert list(copy.raw_messages()) == list(bag.raw_messages(copy.topics))
        assert [step.result for step in copy.steps()] == [None] * 100
        assert copied == {name: topic.count for name, topic in copy.topics.items()}


def test_a_bag_is_not_copied_onto_another(run_bag, tmp_path):
    (tmp_path / "there.mcap").write_bytes(b"")
    for target in (run_bag, tmp_path / "there.mcap"):
        with pytest.raises(BagError):
            copy_without(run_bag, target, [])


def test_a_clock_that_is_set_back_does_not_end_flushing(tmp_path):
    with BagWriter(tmp_path / "run.mcap") as writer:
        for time in (1.7e9, 0.0, 0.1, 0.2, 0.3, 0.4):
            writer.write("/x", FLOAT64, {"data": time}, time)
        with open_bag(tmp_path / "run.mcap") as bag:
            assert {message.value["data"] for message in bag.messages("/x")} == {1.7e9, 0.0, 0.1, 0.2, 0.3}


def test_stamps_that_overtake_each_other_share_a_chunk(tmp_path):
    with BagWriter(tmp_path / "run.mcap", flush_every=0.2) as writer:
        for i in range(100):
            writer.write("/x", FLOAT64, {"data": float(i)}, 1.0 + 0.01 * i - (0.05 if i % 2 else 0.0))
    with open_bag(tmp_path / "run.mcap") as bag:
        assert len(bag._index.blocks) <= 7
        assert [message.time for message in bag.messages("/x")] == sorted(message.time for message in bag.messages("/x"))


def test_the_message_files_are_found_in_an_installed_environment(tmp_path, monkeypatch):
    from skillkit.bags import schemas

    folder = tmp_path / "share" / "skillkit" / "msg"
    folder.mkdir(parents=True)
    (folder / "Only.msg").write_text("float64 x\n")
    monkeypatch.setattr(schemas, "PACKAGE", tmp_path / "lib" / "skillkit")
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.delenv("AMENT_PREFIX_PATH", raising=False)
    assert schemas.definitions.__wrapped__()["skillkit_interfaces/Only"] == "float64 x\n"
    (folder / "Only.msg").unlink()
    with pytest.raises(BagError, match=r"its \.msg files are in none of"):
        schemas.definitions.__wrapped__()


@pytest.mark.parametrize("length", [0, 4000, 4096, 5000, 300_000])
def test_an_attachment_of_any_length_comes_back_whole(tmp_path, length):
    data = random.Random(length).randbytes(length)
    with BagWriter(tmp_path / "run.mcap") as writer:
        writer.attach("skills/grasp/policy.py", data, "text/x-python")
    with open_bag(tmp_path / "run.mcap") as bag:
        assert bag.complete
        assert bag.attachments["skills/grasp/policy.py"] == data
        assert bag.attachments.media_types == {"skills/grasp/policy.py": "text/x-python"}


def write_numbers(writer, n, topic="/x", every=0.01):
    for i in range(n):
        writer.write(topic, FLOAT64, {"data": float(i)}, i * every)


def numbers(path, topic="/x"):
    with open_bag(path) as bag:
        return [message.value["data"] for message in bag.messages(topic)]


def test_a_thread_writes_the_same_file(tmp_path, run):
    for threaded in (False, True):
        with BagWriter(tmp_path / f"{threaded}.mcap", threaded=threaded) as writer:
            run.write(writer)
    assert (tmp_path / "True.mcap").read_bytes() == (tmp_path / "False.mcap").read_bytes()


def test_a_ring_writes_what_was_before_and_after_its_trigger(tmp_path):
    with BagWriter(tmp_path / "ring.mcap", ring=1.0, flush_every=0.1) as writer:
        for i in range(1000):
            writer.write("/x", FLOAT64, {"data": float(i)}, i * 0.01)
            if i == 500:
                writer.trigger(after=0.5)
    found = numbers(tmp_path / "ring.mcap")
    assert found == [float(i) for i in range(int(found[0]), int(found[-1]) + 1)]
    assert 380 <= found[0] <= 400
    assert 550 <= found[-1] <= 561


def test_a_ring_that_nobody_triggered_is_empty_and_whole(tmp_path):
    with BagWriter(tmp_path / "ring.mcap", ring=1.0) as writer:
        write_numbers(writer, 300)
    with open_bag(tmp_path / "ring.mcap") as bag:
        assert bag.complete
        assert bag.topics["/x"].count == 0


@pytest.mark.parametrize("options", [{"split_time": 1.0}, {"split_size": 4000, "compression": "none"}])
def test_a_long_recording_goes_on_in_another_file_with_the_same_belongings(tmp_path, options):
    with BagWriter(tmp_path / "long.mcap", **options) as writer:
        writer.attach("task.yaml", b"task: t")
        writer.metadata("run", {"task": "t"})
        write_numbers(writer, 350)
    assert len(writer.paths) >= 4
    assert [number for path in writer.paths for number in numbers(path)] == [float(i) for i in range(350)]
    for path in writer.paths:
        with open_bag(path) as bag:
            assert (bag.complete, bag.attachments["task.yaml"], bag.metadata["run"]) == (True, b"task: t", {"task": "t"})


def test_only_the_topics_that_were_asked_for_are_written(tmp_path):
    with BagWriter(tmp_path / "some.mcap", topics=("/arm*/x", "/y")) as writer:
        for topic in ("/arm1/x", "/arm2/x", "/arm1/z", "/y", "/yy"):
            write_numbers(writer, 3, topic)
    with open_bag(tmp_path / "some.mcap") as bag:
        assert list(bag.topics) == ["/arm1/x", "/arm2/x", "/y"]


def test_a_long_index_is_made_short_on_closing_and_nothing_else_changes(tmp_path, run, monkeypatch):
    bags = {}
    for name, many in (("long", 10**9), ("short", 50)):
        monkeypatch.setattr("skillkit.bags.compact.MANY", many)
        with BagWriter(tmp_path / f"{name}.mcap", arms={"panda": run.joints}, flush_every=0.01) as writer:
            run.write(writer)
        with open_bag(tmp_path / f"{name}.mcap") as bag:
            assert bag.complete
            bags[name] = (len(bag._index.blocks), list(bag.raw_messages()), dict(bag.attachments), dict(bag.metadata), bag.topics)
            assert bag.at(0.5)["/skillkit/step"].value["tick"] == 50
            assert len(bag.columns("/panda/joint_states")["time"]) == 100
    assert (bags["long"][0], bags["short"][0]) == (100, 1)
    assert bags["short"][1:] == bags["long"][1:]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["long.mcap", "short.mcap"]


def test_a_disk_too_full_to_write_a_bag_again_leaves_it_as_it_is(tmp_path, run, monkeypatch):
    monkeypatch.setattr("skillkit.bags.compact.MANY", 50)
    (tmp_path / "run.mcap.compacting").mkdir()  # cannot be opened for writing
    with BagWriter(tmp_path / "run.mcap", flush_every=0.01) as writer:
        run.write(writer)
    with open_bag(tmp_path / "run.mcap") as bag:
        assert bag.complete
        assert len(list(bag.steps())) == 100


def test_what_is_said_about_a_topic_stays_with_it_through_copies_and_splits(tmp_path):
    with BagWriter(tmp_path / "b" / "a.mcap", split_time=0.5) as writer:
        writer.describe("/tf_static", {"durability": "transient_local"})
        for i in range(20):
            for topic in ("/tf_static", "/tf"):
                writer.write(topic, "std_msgs/msg/Float64", {"data": i}, 0.1 * i)
    copy_without(tmp_path / "b", tmp_path / "copy.mcap", [])
    for path in (*writer.paths, tmp_path / "copy.mcap"):
        with open_bag(path) as bag:
            assert {name: topic.latched for name, topic in bag.topics.items()} == {"/tf": False, "/tf_static": True}


@pytest.mark.parametrize("plugin", ["MCAP", "SQLITE3"])
def test_a_latched_topic_of_rosbag2_is_known_as_one(tmp_path, plugin):
    rosbag2, typesys = pytest.importorskip("rosbags.rosbag2"), pytest.importorskip("rosbags.typesys")
    qos = pytest.importorskip("rosbags.interfaces")
    store = typesys.get_typestore(typesys.Stores.LATEST)
    forever = qos.QosTime(9223372036, 854775807)
    latched = qos.Qos(
        qos.QosHistory.KEEP_LAST, 1, qos.QosReliability.RELIABLE, qos.QosDurability.TRANSIENT_LOCAL, forever, forever,
        qos.QosLiveliness.AUTOMATIC, forever, False,
    )  # fmt: skip
    with rosbag2.Writer(tmp_path / "bag", version=9, storage_plugin=rosbag2.StoragePlugin[plugin]) as writer:
        for topic, offered in (("/tf_static", [latched]), ("/tf", [])):
            connection = writer.add_connection(topic, "std_msgs/msg/Float64", typestore=store, offered_qos_profiles=offered)
            writer.write(connection, 10, store.serialize_cdr(store.types["std_msgs/msg/Float64"](1.0), "std_msgs/msg/Float64"))
    with open_bag(tmp_path / "bag") as bag:
        assert {name: topic.latched for name, topic in bag.topics.items()} == {"/tf": False, "/tf_static": True}
