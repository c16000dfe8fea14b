"""The running tree as py_trees_ros shows its own: shapes, statuses, identifiers, and the services by which its viewers open a stream."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

pytestmark = pytest.mark.ros
rclpy = pytest.importorskip("rclpy")
pytest.importorskip("skillkit_interfaces")
pytest.importorskip("py_trees_ros_interfaces", reason="ros-<distro>-py-trees-ros-interfaces is not installed")

from py_trees_ros_interfaces.msg import Behaviour, BehaviourTree  # noqa: E402
from py_trees_ros_interfaces.srv import CloseSnapshotStream, OpenSnapshotStream  # noqa: E402
from skillkit_interfaces.msg import TreeNode, TreeSnapshot  # noqa: E402

from skillkit.ros.names import EVERY, LATCHED, TREE  # noqa: E402
from skillkit.ros.snapshots import Snapshots, behaviour_tree  # noqa: E402


def tree(*statuses: str) -> TreeSnapshot:
    words = (("t", "sequence", -1), ("t/again", "retry", 0), ("t/again/take", "skill", 1), ("t/put", "skill", 0))
    nodes = [
        TreeNode(path=path, name=path.rpartition("/")[2], type=word, status=status, parent=parent, detail=f"of {path}")
        for (path, word, parent), status in zip(words, statuses, strict=True)
    ]
    return TreeSnapshot(goal="g", task="t", nodes=nodes)


def test_every_node_has_its_shape_its_status_and_its_place() -> None:
    told = behaviour_tree(tree("RUNNING", "RUNNING", "RUNNING", "INVALID"), True, 7)
    root, again, take, put = told.behaviours
    assert [one.type for one in told.behaviours] == [Behaviour.SEQUENCE, Behaviour.DECORATOR, Behaviour.BEHAVIOUR, Behaviour.BEHAVIOUR]
    assert [one.status for one in told.behaviours] == [Behaviour.RUNNING] * 3 + [Behaviour.INVALID]
    assert [one.is_active for one in told.behaviours] == [True, True, True, False]
    assert (root.child_ids, again.parent_id, root.tip_id, root.current_child_id) == ([again.own_id, put.own_id], root.own_id, take.own_id, again.own_id)
    assert (take.message, root.additional_detail, told.changed, told.statistics.count) == ("of t/again/take", "WithMemory", True, 7)
    assert len({bytes(one.own_id.uuid) for one in told.behaviours}) == 4
    later = behaviour_tree(tree("SUCCESS", "SUCCESS", "SUCCESS", "SUCCESS"), True, 8)
    assert [one.own_id for one in later.behaviours] == [one.own_id for one in told.behaviours]


def test_a_viewer_opens_a_stream_gets_the_tree_as_it_is_and_its_changes_and_closes_it() -> None:
    heard: list[BehaviourTree] = []
    with rclpy.init():
        node, viewer = Snapshots(), rclpy.create_node("viewer")
        executor = rclpy.executors.SingleThreadedExecutor()
        executor.add_node(node)
        executor.add_node(viewer)

        def until(what: Callable[[], bool]) -> None:
            end = time.monotonic() + 20.0
            while not what() and time.monotonic() < end:
                executor.spin_once(timeout_sec=0.05)
            assert what()

        runtime = viewer.create_publisher(TreeSnapshot, TREE, EVERY)
        until(lambda: runtime.get_subscription_count() == 1)
        runtime.publish(tree("RUNNING", "RUNNING", "RUNNING", "INVALID"))
        until(lambda: bool(node.newest.behaviours))
        services = dict(viewer.get_service_names_and_types())
        assert services["/tree/snapshot_streams/open"] == ["py_trees_ros_interfaces/srv/OpenSnapshotStream"]
        open_stream = viewer.create_client(OpenSnapshotStream, "/tree/snapshot_streams/open")
        opened = open_stream.call_async(OpenSnapshotStream.Request())
        until(opened.done)
        topic = opened.result().topic_name
        assert topic == "/tree/snapshot_streams/_snapshots_1"
        viewer.create_subscription(BehaviourTree, topic, heard.append, LATCHED)
        until(lambda: len(heard) == 1)
        runtime.publish(tree("RUNNING", "SUCCESS", "SUCCESS", "RUNNING"))
        until(lambda: len(heard) == 2)
        assert [one.status for one in heard[1].behaviours][3] == Behaviour.RUNNING
        closed = viewer.create_client(CloseSnapshotStream, "/tree/snapshot_streams/close").call_async(CloseSnapshotStream.Request(topic_name=topic))
        until(closed.done)
        assert closed.result().result
        assert topic not in node.streams
        executor.shutdown()
        node.destroy_node()
        viewer.destroy_node()
