"""Task files: what is read from them, and what is said about wrong ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from scripted import SKILLS, Bench

from skillkit import share
from skillkit.events import Started
from skillkit.exceptions import InvalidFile, UnknownName
from skillkit.library import load_skills
from skillkit.spaces import Outcome
from skillkit.trees import Task, check_task, load_task

ROOT = Path(__file__).resolve().parents[2]

WRONG = [  # the line of the tree (line 4), column, code, part of message and hint
    ("  sequenc: [{wait: 1 s}]", 3, "unknown-word", "did you mean 'sequence'"),
    ("  s1S: {object: cup}", 3, "unknown-word", "write 'skill: s1S'"),
    ("  skill: s1Z", 10, "unknown-skill", "did you mean 's"),
    ("  skill: {s1Z: {object: cup}}", 11, "unknown-skill", "did you mean 's"),
    ("  skill: {s1S: {objct: cup}}", 17, "unknown-parameter", "did you mean 'object'"),
    ("  skill: {s1S: {far: 3}}", 22, "out-of-range", "from 0 to 1 m"),
    ("  skill: {s1S: {far: 300 cm}}", 22, "out-of-range", "from 0 to 1 m"),
    ("  skill: {s1S: {far: 3 deg}}", 22, "wrong-type", "a number in m"),
    ("  skill: {s1S: {object: $cpu}}", 25, "unknown-parameter", "did you mean 'cup'"),
    ("  skill: {s1S: {far: $cup}}", 22, "wrong-type", "of type object"),
    ("  skill: {s1S: {far: $angle}}", 22, "wrong-type", "of type number in rad"),
    ("  skill: {s1S: {}, s2S: {}}", 10, "wrong-type", "s1S, s2S"),
    ("  skill: {s1S: {far: [1]}}", 22, "wrong-type", "a list"),
    ("  retry: {times: 0, do: {skill: s1S}}", 18, "out-of-range", "from 1 to 1000"),
    ("  retry: {times: many, do: {skill: s1S}}", 18, "wrong-type", "whole number"),
    ("  retry: {time: 3, do: {skill: s1S}}", 11, "unknown-word", "did you mean 'times'"),
    ("  retry: {times: 3}", 10, "missing", "'do'"),
    ("  retry: 3", 10, "wrong-type", "retry: {times: 3, do: node}"),
    ("  timeout: {after: 3 m, do: {skill: s1S}}", 20, "wrong-type", "'10 s'"),
    ("  timeout: {after: $cup, do: {skill: s1S}}", 20, "wrong-type", "of type object"),
    ("  condition: on($cup, ", 22, "expression", "expected"),
    ("  condition: \"on($cup, tray) and distance(tool, $cop) < 1 m\"", 49, "expression", "did you mean 'cup'"),
    ("  condition: distance(tool, $cup) < 1", 37, "expression", "write 1 m"),
    ("  condition: height($cup)", 14, "expression", "not a condition"),
    ("  condition: 3", 14, "wrong-type", "an expression"),
    ("  sequence: []", 13, "wrong-type", "at least one"),
    ("  sequence: {skill: s1S}", 13, "wrong-type", "sequence: [node"),
    ("  invert: s1S", 11, "wrong-type", "write 'skill: s1S'"),
    ("  {wait: 1 s, skill: s1S}", 15, "two-words", "'sequence:'"),
    ("  {skill: s1S, whith: {}}", 16, "unknown-word", "did you mean 'with'"),
    ("  {wait: 1 s, label: 3}", 22, "wrong-type", "label"),
    ("  {skill: {s1S: {far: 1}}, with: {far: 1}}", 28, "two-words", "given twice"),
    ("  task: other", 9, "unknown-task", "unknown task 'other'"),
    ("  task: {../other: {}}", 10, "wrong-type", "a word of letters"),
    ("  task: wrong", 9, "recursion", "wrong → wrong"),
]  # fmt: skip


@pytest.mark.parametrize(("tree", "column", "code", "says"), WRONG, ids=lambda value: str(value)[:50])
def test_a_wrong_task_is_told_with_line_column_and_fix(tmp_path: Path, tree: str, column: int, code: str, says: str) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(f"task: wrong\nparameters: {{cup: {{type: object}}, angle: {{type: number, unit: rad, default: 1}}}}\ntree:\n{tree}\n")
    found = check_task(path, SKILLS)
    places = [(problem.line, problem.column, problem.code) for problem in found if says in f"{problem.message} {problem.hint}"]
    assert (4, column, code) in places
    assert {problem.file for problem in found} == {str(path)}


def test_all_problems_are_told_at_once_and_loading_raises_them(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text("task: t t\nscene: 3\ngaol: true\ntree:\n  sequence:\n    - skill: s1Z\n    - retry: {times: 0, do: {wait: x}}\n    - 7\n")
    with pytest.raises(InvalidFile) as caught:
        load_task(path, SKILLS)
    assert [(problem.line, problem.code) for problem in caught.value.problems] == [
        (1, "wrong-type"), (2, "wrong-type"), (3, "unknown-word"), (6, "unknown-skill"), (7, "out-of-range"), (7, "wrong-type"), (8, "wrong-type"),
    ]  # fmt: skip


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"- 1", b"3", b"task: t", b"tree: {wait: 1 s}", b"a: &x [*x]", b"\t", b"? [1]\n: 2"])
def test_a_file_that_is_no_task_is_a_problem_and_no_exception(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "t.yaml"
    path.write_bytes(data)
    assert check_task(path, SKILLS)


def test_a_missing_file_is_a_problem(tmp_path: Path) -> None:
    assert [problem.code for problem in check_task(tmp_path / "none.yaml")] == ["unreadable-file"]


def test_long_and_short_forms_of_a_skill_are_the_same(task: Callable[..., Task]) -> None:
    forms = [
        "{skill: s1S, with: {far: 20 cm}, label: a}",
        "{skill: {s1S: {far: 0.2}, label: a}}",
        "{skill: {s1S: {far: 200 mm}}, label: a}",
        "{skill: {s1S: , with: {far: 0.2}}, label: a}",
    ]
    nodes = [task(form).tree for form in forms]
    assert {(node.name, node.values["call"], round(node.values["with"]["far"], 12)) for node in nodes} == {("a", "s1S", 0.2)}


def test_words_that_yaml_once_took_for_booleans_are_objects(task: Callable[..., Task]) -> None:
    assert task("{skill: {s1S: {object: on}}}").tree.values["with"] == {"object": "on"}


def test_a_task_in_a_task_is_one_run_with_its_own_leaves_inside(task: Callable[..., Task]) -> None:
    task("{sequence: [{skill: {s1S: {object: $thing}}}, {skill: s2S}]}", "parameters: {thing: {type: object}}", name="inner")
    outer = task("{sequence: [{task: inner, with: {thing: mug}, label: first}, {skill: s1S}]}")
    assert [Path(file).stem for file in outer.files] == ["t", "inner"]
    bench = Bench(outer)
    ending = bench.run()
    assert ending is not None
    assert ending.outcome is Outcome.SUCCEEDED
    assert bench.runs() == [("s1S", "SUCCEEDED"), ("s2S", "SUCCEEDED"), ("first", "SUCCEEDED"), ("s1S", "SUCCEEDED")]
    started = [(event.path, dict(event.parameters)) for event in bench.events if isinstance(event, Started)]
    assert started[1] == ("t/first", {"thing": "mug"})
    assert started[2] == ("t/first/0:sequence/s1S", {"object": "mug", "far": 0.5})
    assert [node.path for node in bench.policy.nodes()] == ["t", "t/first", "t/first/0:sequence", "t/first/0:sequence/s1S", "t/first/0:sequence/s2S", "t/s1S"]
    assert {node.status for node in bench.policy.nodes()} == {"SUCCESS"}
    assert all(bench.directives[:-1])


@pytest.mark.parametrize("letter", "UEP")
def test_what_may_not_be_swallowed_passes_out_of_a_task_in_a_task(task: Callable[..., Task], letter: str) -> None:
    task(f"{{force_success: {{skill: s1{letter}}}}}", name="inner")
    ending = Bench(task("{fallback: [{task: inner}, {skill: s1S}]}")).run()
    assert ending is not None
    assert ending.outcome not in (Outcome.SUCCEEDED, Outcome.FAILED)
    assert ending.reason.startswith("inner: s1")


def test_halting_the_outer_task_ends_the_runs_of_the_inner_one(task: Callable[..., Task]) -> None:
    task("{timeout: {after: 60 s, do: {skill: s100S}}}", name="inner")
    bench = Bench(task("{timeout: {after: 0.2 s, do: {task: inner}}}"))
    bench.run()
    assert bench.runs() == [("s100S", "PREEMPTED"), ("inner", "PREEMPTED")]


def test_tasks_that_use_each_other_in_a_ring_are_refused(task: Callable[..., Task], tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("task: a\ntree: {task: b}\n")
    (tmp_path / "b.yaml").write_text("task: b\ntree: {task: a}\n")
    found = check_task(tmp_path / "a.yaml", SKILLS)
    assert any(problem.code == "recursion" and "a → b → a" in problem.message for problem in found)


def test_problems_of_an_inner_task_are_told_at_their_own_place(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("task: a\ntree: {task: b}\n")
    (tmp_path / "b.yaml").write_text("task: b\ntree: {skill: s1Z}\n")
    found = {(Path(problem.file).name, problem.code) for problem in check_task(tmp_path / "a.yaml", SKILLS)}
    assert found == {("b.yaml", "unknown-skill"), ("a.yaml", "broken-task")}


def test_an_option_over_skills_that_are_not_there_is_refused(task: Callable[..., Task]) -> None:
    made = task("{skill: s1S}", options=None)
    with pytest.raises(UnknownName):
        made.option({})


@pytest.mark.parametrize("path", sorted((ROOT / "tasks").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_task_that_comes_with_the_package_is_without_a_problem(path: Path) -> None:
    options = {name: skill.option() for name, skill in load_skills(share.folders("skills")).items()}
    assert check_task(path, options) == []
    made = load_task(path, options)
    assert made.name == path.stem
    assert made.option(options, roles=made.arms or ("arm",)).digest == made.digest
