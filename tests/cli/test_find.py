"""``skillkit find``, and bags of others in the commands that look into bags."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from skillkit.bags import open_bag
from skillkit.bags.find import Condition, find_text, find_where
from skillkit.cli.app import call
from skillkit.exceptions import InvalidValue


@pytest.fixture(params=["MCAP", "SQLITE3"])
def foreign(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder that rosbags wrote: joint states of which the second joint passes 1 rad at 0.6 s and at 1.6 s."""
    rosbag2 = pytest.importorskip("rosbags.rosbag2")
    from rosbags.typesys import Stores, get_typestore

    store = get_typestore(Stores.ROS2_HUMBLE)
    types = store.types
    array = pytest.importorskip("numpy").array
    folder = tmp_path / "foreign"
    with rosbag2.Writer(folder, version=9, storage_plugin=rosbag2.StoragePlugin[request.param]) as writer:
        joints = writer.add_connection("/joint_states", "sensor_msgs/msg/JointState", typestore=store)
        said = writer.add_connection("/said", "std_msgs/msg/String", typestore=store)
        for tick in range(20):
            header = types["std_msgs/msg/Header"](types["builtin_interfaces/msg/Time"](0, 0), "base")
            position = array([0.0, 2.0 if tick % 10 >= 6 else 0.5])
            message = types["sensor_msgs/msg/JointState"](header, ["a", "b"], position, array([0.0, 0.0]), array([]))
            writer.write(joints, tick * 100_000_000, store.serialize_cdr(message, "sensor_msgs/msg/JointState"))
        writer.write(said, 500_000_000, store.serialize_cdr(types["std_msgs/msg/String"]("the cup slipped"), "std_msgs/msg/String"))
    return folder


def test_bags_of_others_open_in_info_find_and_play(foreign: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["info", str(foreign), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["duration_s"] == pytest.approx(1.9)
    assert call(["find", str(foreign), "--text", "slipped", "--json"]) == 0
    [found] = json.loads(capsys.readouterr().out)
    assert (found["topic"], found["field"], found["value"], found["time"]) == ("/said", "data", "the cup slipped", 0.5)
    assert call(["play", str(foreign), "--topics", "/joint_states", "--dry-run"]) == 0
    assert str(foreign) in capsys.readouterr().out


def test_a_condition_is_found_where_it_begins_to_hold(foreign: Path) -> None:
    with open_bag(foreign) as bag:
        places = list(find_where(bag, Condition.parse("position[1] > 1")))
        assert [(place.time, place.value) for place in places] == [(pytest.approx(0.6), 2.0), (pytest.approx(1.6), 2.0)]
        assert list(find_where(bag, Condition.parse("position[7] > 1"))) == []
        assert list(find_text(bag, "slipped", ["/joint*"])) == []


def test_nothing_found_is_no_success_and_half_a_condition_is_an_error(foreign: Path) -> None:
    assert call(["find", str(foreign), "--text", "no such word"]) == 1
    assert call(["find", str(foreign), "--where", "position >"]) == 2
    assert call(["find", str(foreign)]) == 2
    for text in ("position", "position > much", "> 3"):
        with pytest.raises(InvalidValue):
            Condition.parse(text)
