"""The live view, from messages as they come."""

from __future__ import annotations

from types import SimpleNamespace as Message

from skillkit.cli.live import NodeLine
from skillkit.cli.watch import View, fitted


def result(time: float, **parts: list[Message]) -> Message:
    whole = int(time)
    stamp = Message(sec=whole, nanosec=round((time - whole) * 1e9))
    return Message(header=Message(stamp=stamp), **{"commands": [], "started": [], "transitions": [], "ended": [], **parts})


def test_a_skill_that_begins_shows_its_score_and_one_that_ends_its_reason() -> None:
    view = View()
    view.result(result(1.0, started=[Message(path="t/grasp_cup", option="grasp", parameters="{}", time=1.0, score=0.75)]))
    assert "grasp_cup  I 0.75" in view.footer()
    view.result(result(3.5, transitions=[Message(path="t/grasp_cup", outcome="FAILED", reason="it slipped", duration=2.5)]))
    assert "I 0.75" not in view.footer()
    assert "β        grasp_cup: FAILED: it slipped" in view.footer()
    assert [line.split()[2] for line in view.lines] == ["begins", "ends"]


def test_the_residual_is_the_largest_joint_difference_of_each_arm() -> None:
    view = View()
    view.step(Message(inputs=[Message(kind="joint", name="panda", values=[0.1, 0.2, 0.0, 0.0, 0.08, 0.0]), Message(kind="signal", name="s", values=[1.0])]))
    view.result(result(1.0, commands=[Message(arm="panda", position=[0.1, 0.25], limited=["velocity:joint2"])]))
    assert abs(view.residual["panda"] - 0.05) < 1e-12
    assert "residual 0.0500, limited by velocity:joint2" in view.footer()


def test_a_runtime_that_was_never_heard_is_silent() -> None:
    assert "silent" in View().footer()


def test_a_goal_that_ended_takes_its_tree_along() -> None:
    view = View()
    view.tree(Message(goal="g", nodes=[Message(name="t", type="sequence", status="RUNNING", parent=-1, detail="")]))
    assert [line.name for line in view.nodes()] == ["t"]
    view.result(result(2.0, ended=[Message(goal="g", outcome="SUCCEEDED", reason="")]))
    assert view.nodes() == []


def lines(total: int, running: int) -> list[NodeLine]:
    return [NodeLine("root", "sequence", "RUNNING", 0, "")] + [
        NodeLine(f"n{index}", "skill", "RUNNING" if index == running else "INVALID", 1, "") for index in range(1, total)
    ]


def test_a_tree_that_fits_is_shown_whole() -> None:
    assert fitted(lines(20, 5), 20) == lines(20, 5)


def test_of_a_tree_of_a_thousand_nodes_the_running_one_its_parents_and_neighbours_are_shown_and_the_rest_is_counted() -> None:
    shown = [line.name for line in fitted(lines(1000, 700), 30)]
    assert len(shown) <= 30
    assert shown[0] == "root"
    assert {"n699", "n700", "n701"} <= set(shown)
    hidden = sum(int(name.split()[1]) for name in shown if name.startswith("⋮"))
    assert hidden + len([name for name in shown if not name.startswith("⋮")]) == 1000
