"""Import of XML tells everything it would drop, loses no file, and reads back names that BehaviorTree.CPP keeps for itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from skillkit.cli.import_ import import_
from skillkit.exceptions import InvalidFile, InvalidValue, Problem
from skillkit.trees import Task, read_xml, xml

LEAF = "<Sleep msec='1'/>"


def problems(node: str, around: str = "") -> list[Problem]:
    with pytest.raises(InvalidFile) as caught:
        read_xml(f"<root>{around}<BehaviorTree ID='t'>\n{node}</BehaviorTree></root>")
    return list(caught.value.problems)


@pytest.mark.parametrize("name", ["_skipIf", "_successIf", "_failureIf", "_while", "_onSuccess", "_onFailure", "_onHalted", "_post", "_autoremap", "colour"])
@pytest.mark.parametrize(
    "node", ["<Sleep msec='1' {}/>", "<Sequence {}><Sleep msec='1'/></Sequence>", "<set a='1' {}/>", "<Action ID='s' {}/>", "<SubTree ID='s' {}/>"]
)
def test_an_attribute_that_is_not_read_is_an_error(node: str, name: str) -> None:
    if name == "colour" and node.startswith(("<set", "<Action", "<SubTree")):
        return
    [problem] = problems(node.format(f"{name}='true'"))
    assert (problem.code, problem.line) == ("unknown-word", 2)
    assert name in problem.message


def test_includes_and_children_of_leaves_are_errors() -> None:
    assert "'include'" in problems(LEAF, "<include path='b.xml'/>")[0].message
    assert "no children" in problems(f"<set a='1'>{LEAF}</set>")[0].message


def test_what_only_labels_is_allowed() -> None:
    read_xml("<root><BehaviorTree ID='t'><SubTree ID='s' name='n' _uid='1' _fullpath='a' _description='d' _autoremap='false'/></BehaviorTree></root>")


@pytest.mark.parametrize(
    ("counts", "needed"),
    [("", 2), ("success_count='-1' failure_count='1'", 2), ("success_count='1' failure_count='2'", 1), ("success_count='-2' failure_count='-1'", 1),
     ("success_count='1'", None), ("failure_count='2'", None), ("success_count='x'", None)],
)  # fmt: skip
def test_both_counts_of_a_parallel_are_read(counts: str, needed: int | None) -> None:
    node = f"<Parallel {counts}>{LEAF}{LEAF}</Parallel>"
    if needed is None:
        assert len(problems(node)) == 1
        return
    found = read_xml(f"<root><BehaviorTree ID='t'>{node}</BehaviorTree></root>")["t"]["tree"]["parallel"]
    assert (found["succeed"] if isinstance(found, dict) else len(found)) == needed


def trees(*names: str) -> str:
    return "<root>" + "".join(f"<BehaviorTree ID='{name}'>{LEAF}</BehaviorTree>" for name in names) + "</root>"


@pytest.mark.parametrize("names", [("a", "out"), ("a", "b", "b"), ("a", "../evil"), ("a", ""), ("a", "there")])
def test_nothing_is_written_where_a_file_would_be_lost(names: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "t.xml").write_text(trees(*names))
    (tmp_path / "there.yaml").write_text("mine")
    with pytest.raises((InvalidFile, InvalidValue)):
        import_(tmp_path / "t.xml", tmp_path / "out.yaml")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["t.xml", "there.yaml"]
    assert (tmp_path / "there.yaml").read_text() == "mine"


def test_names_that_behaviortree_cpp_keeps_come_back(task: Callable[..., Task]) -> None:
    declared = ", ".join(f"{name}: {{type: integer, default: 0}}" for name in ("name", "ID", "_x", "port__a"))
    made = task("{set: {name: 3, ID: 4, _x: 5, port__a: 6}}", f"variables: {{{declared}}}")
    values = read_xml(xml(made))["t"]["tree"]["set"]
    assert {name: int(value) for name, value in values.items()} == {"name": 3, "ID": 4, "_x": 5, "port__a": 6}
