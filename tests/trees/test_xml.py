"""BehaviorTree.CPP's XML: out and in again gives the same task; what has no counterpart is told with its place."""

from __future__ import annotations

import json
import random
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import reference
import yaml
from scripted import SKILLS

from skillkit.exceptions import InvalidFile
from skillkit.library import load_skills
from skillkit.option import Option
from skillkit.trees import Task, dot, load_task, mermaid, read_xml, xml
from skillkit.trees.node import Node
from skillkit.trees.xml_words import scalar, unscalar, with_braces, without_braces

ROOT = Path(__file__).resolve().parents[2]
FULL = """
task: full
description: Every word.
parameters:
  cup: {type: object, default: mug, description: what}
  far: {type: number, unit: m, minimum: 0, maximum: 1, default: 0.3}
  n: {type: integer, default: 2}
variables: {count: {type: integer, default: 0}, colour: {type: word}}
outputs: {found: {type: object}}
goal: full($cup) and $count < 3
tree:
  finally:
    do:
      sequence:
        - ask: {question: 'Which one? Red "or" <blue>', answers: [red, blue], into: $colour}
        - set: {count: $count + 1, found: bowl}
        - switch:
            cases:
              - {when: $colour == red, do: {skill: {s1S: {object: $cup, far: 5 cm}, label: first}}}
              - {when: full($cup), do: {wait: 1.5 s}}
            otherwise: {wait: {until: full($cup)}}
        - parallel: {succeed: 1, do: [{skill: s1S, arm: left, budgets: {find: 1 s, settle: 2 s}}, {skill: s2S, arm: right, budgets: {execute: 250 ms}}]}
        - for_each: {each: thing, where: 'on($thing, tray)', do: {retry: {times: $n, do: {skill: {s1S: {object: $thing, far: $far}}}}}}
        - for_each: {each: other, in: [a, $cup], do: {repeat: {times: forever, do: {guard: {when: full($cup), do: {timeout: {after: 1 s, do: {wait: 2 s}}}}}}}}
        - recover: {do: {skill: s1S}, by: {wait: 1 s}, times: $n}
        - recover: {do: {skill: {s2S: {object: $cup}}, arm: left}}
        - plan: full($cup)
          arm: left
          budgets: {find: 1 s}
        - task: inner
          with: {thing: $cup}
          into: {where: $found}
    then:
      on_failure: {do: {invert: {condition: 'true'}}, then: {force_success: {force_failure: {wait: 1 s}}}}
"""
INNER = "task: inner\nparameters: {thing: {type: object}}\noutputs: {where: {type: object, default: here}}\ntree: {skill: {s1S: {object: $thing}}}\n"


def bare(node: Node) -> Any:
    """A node without its place in a file."""
    values = {key: str(value) if key in ("when", "until", "where", "cases", "values", "declared") else value for key, value in node.values.items()}
    return (node.word, node.name, values, [bare(child) for child in node.children])


def there_and_back(task: Task, folder: Path, options: Mapping[str, Option]) -> Task:
    folder.mkdir(exist_ok=True)
    for name, content in read_xml(xml(task)).items():
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True))
    return load_task(folder / f"{task.name}.yaml", options)


def assert_same(task: Task, folder: Path, options: Mapping[str, Option]) -> None:
    again = there_and_back(task, folder, options)
    assert bare(again.tree) == bare(task.tree)
    assert (again.parameters, again.variables, again.outputs, str(again.goal)) == (task.parameters, task.variables, task.outputs, str(task.goal))
    assert (again.description, again.scene, again.cell) == (task.description, task.scene, task.cell)
    assert xml(again) == xml(task)


def test_a_task_with_every_word_survives_the_round_trip(tmp_path: Path) -> None:
    (tmp_path / "inner.yaml").write_text(INNER)
    (tmp_path / "full.yaml").write_text(FULL)
    assert_same(load_task(tmp_path / "full.yaml", SKILLS), tmp_path / "again", SKILLS)


@pytest.mark.parametrize("path", sorted((ROOT / "tasks").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_task_that_comes_with_skillkit_survives_the_round_trip(path: Path, tmp_path: Path) -> None:
    options = {name: skill.option() for name, skill in load_skills(ROOT / "skills").items()}
    assert_same(load_task(path, options), tmp_path, options)


def test_random_trees_survive_the_round_trip(tmp_path: Path) -> None:
    for seed in range(60):
        tree = reference.random_tree(random.Random(seed))
        (tmp_path / "t.yaml").write_text(f"task: t\nvariables: {{n: {{type: number, default: 0}}}}\ntree: {json.dumps(tree)}\n")
        assert_same(load_task(tmp_path / "t.yaml", SKILLS), tmp_path / "again", SKILLS)


@pytest.mark.parametrize("value", ["mug", "3", 3, 0.1, 1e-3, True, "true", "$cup", "a; b", "no", "5 cm", "", "null", "{x}"])
def test_a_value_of_a_port_is_read_as_it_was_written(value: Any) -> None:
    assert unscalar(scalar(value)) == value


def test_every_custom_node_is_declared_for_groot(task: Callable[..., Task]) -> None:
    root = ElementTree.fromstring(xml(task("{guard: {when: 1 < 2, do: {skill: {s1S: {object: mug}}}}}")))
    assert root.attrib == {"BTCPP_format": "4", "main_tree_to_execute": "t"}
    declared = {(element.tag, element.get("ID")) for element in root.findall("TreeNodesModel/*")}
    assert declared == {("SubTree", "t"), ("Decorator", "guard"), ("Action", "s1S")}
    used = {element.tag for element in root.find("BehaviorTree").iter()} - {"BehaviorTree"}  # type: ignore[union-attr]
    assert used == {"guard", "s1S"}


@pytest.mark.parametrize("seed", range(40))
def test_the_rules_of_the_parser_of_behaviortree_cpp_are_kept(task: Callable[..., Task], tmp_path: Path, seed: int) -> None:
    """Nodes in the compact form, ports that are declared, whole milliseconds, subtrees with all of their ports."""
    tree = "{task: inner, with: {thing: a}}" if seed == 0 else json.dumps(reference.random_tree(random.Random(seed)))
    (tmp_path / "inner.yaml").write_text(INNER)
    root = ElementTree.fromstring(xml(task(tree, "variables: {n: {type: number, maximum: 3, default: 0}}")))
    model = {element.get("ID"): {port.get("name") for port in element} for element in root.findall("TreeNodesModel/*")}
    needed = {element.get("ID"): {port.get("name") for port in element if not port.get("default")} for element in root.findall("TreeNodesModel/SubTree")}
    for element in [node for tree_ in root.findall("BehaviorTree") for node in tree_.iter() if node is not tree_]:
        assert element.tag not in ("Action", "Condition", "Control", "Decorator")
        assert ("ID" in element.attrib) is (element.tag == "SubTree")
        ports = {name: value for name, value in element.attrib.items() if not name.startswith("_") and name not in ("name", "ID")}
        assert set(ports) <= model.get(element.get("ID", element.tag), set(ports))
        assert needed.get(element.get("ID", ""), set()) <= set(ports)
        assert all(value.isdigit() for name, value in ports.items() if name == "msec")


def test_a_part_of_a_millisecond_is_kept_beside_the_port_that_cannot_hold_it(task: Callable[..., Task]) -> None:
    made = task("{timeout: {after: 1.2345 s, do: {wait: 0.4 ms}}}")
    assert 'msec="1234"' in xml(made)
    assert 'msec="1"' in xml(made)
    assert read_xml(xml(made))["t"]["tree"] == {"timeout": {"after": "1.2345 s", "do": {"wait": "0.0004 s"}}}


def test_skills_are_read_in_the_compact_form_where_they_are_declared_or_known() -> None:
    tree = "<root><BehaviorTree ID='t'><s1S object='mug'/></BehaviorTree>{}</root>"
    for found in (read_xml(tree.format("<TreeNodesModel><Action ID='s1S'/></TreeNodesModel>")), read_xml(tree.format(""), options=SKILLS)):
        assert found["t"]["tree"] == {"skill": "s1S", "with": {"object": "mug"}}
    with pytest.raises(InvalidFile, match="'s1S' has no counterpart"):
        read_xml(tree.format(""))


FOREIGN = """<root BTCPP_format="4">
  <BehaviorTree ID="Main">
    <Sequence name="root">
      <AlwaysSuccess/>
      <RetryUntilSuccessful num_attempts="3"><Action ID="s1S" object="{target}"/></RetryUntilSuccessful>
      <Delay delay_msec="500"><SubTree ID="Rest"/></Delay>
    </Sequence>
  </BehaviorTree>
  <BehaviorTree ID="Rest"><Timeout msec="1500"><Fallback><Action ID="s2S" name="second"/><Sleep msec="20"/></Fallback></Timeout></BehaviorTree>
</root>"""


def test_a_tree_of_another_tool_becomes_a_task(tmp_path: Path) -> None:
    found = read_xml(FOREIGN, options=SKILLS)
    assert found["Main"]["parameters"] == {"target": {"type": "object"}}
    for name, content in found.items():
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    task = load_task(tmp_path / "Main.yaml", SKILLS)
    assert list(task.skills) == ["s1S", "s2S"]
    assert found["Rest"]["tree"] == {"timeout": {"after": "1.5 s", "do": {"fallback": [{"skill": "s2S", "label": "second"}, {"wait": "0.02 s"}]}}}


@pytest.mark.parametrize(
    ("text", "line", "column", "says"),
    [
        ("<root>\n <BehaviorTree ID='t'>\n  <Script code='x := 1'/></BehaviorTree></root>", 3, 3, "'Script' has no counterpart"),
        ("<root>\n <BehaviorTree ID='t'>\n  <_node/></BehaviorTree></root>", 3, 3, "'_node' has no counterpart"),
        ("<root><BehaviorTree ID='t'><Timeout msec='soon'><Sleep msec='1'/></Timeout></BehaviorTree></root>", 1, 28, "milliseconds"),
        ("<root><BehaviorTree ID='t'/></root>", 1, 7, "0 nodes"),
        ("<root><BehaviorTree", 1, 7, "unclosed"),
        ("<!DOCTYPE x [<!ENTITY a 'b'>]><root/>", 1, 14, "document type"),
        ("<tree/>", 1, 1, "outermost"),
        ("<root/>", 1, 1, "no 'BehaviorTree'"),
    ],
)
def test_what_has_no_counterpart_is_told_with_its_place(text: str, line: int, column: int, says: str) -> None:
    with pytest.raises(InvalidFile) as caught:
        read_xml(text)
    [problem] = caught.value.problems
    assert says in problem.message
    assert problem.line == line
    assert says in ("unclosed", "document type") or problem.column == column


def test_dot_and_mermaid_draw_every_node_and_edge_once(task: Callable[..., Task]) -> None:
    made = task('{sequence: [{condition: "signal(a) < 1"}, {fallback: [{skill: s1S}, {wait: 1 s}]}]}')
    for text, arrow in ((dot(made), "->"), (mermaid(made), "-->")):
        assert text.count(arrow) == 4
        assert all(f"n{index}[" in text.replace(" [", "[") for index in range(5))
    assert "#60;" in mermaid(made)


FOR_PY_TREES = """task: small
description: "100 % {of} it"
parameters: {cup: {type: object, default: cup_1}}
tree:
  sequence:
    - fallback:
        - condition: full($cup)
        - skill: {grasp: {object: $cup, facing: cabinet}, label: take}
    - {invert: {condition: holding()}, label: empty_hand}
    - parallel: [{condition: holding()}, {skill: {release: {object: $cup}}}]
"""


def test_the_reader_of_py_trees_builds_what_it_has_words_for(tmp_path: Path) -> None:
    parser = pytest.importorskip("py_trees.parsers.behaviour_tree_xml", reason="py_trees has an XML reader from 2.5 on")
    from py_trees.ports import BehaviourWithPorts, PortInformation

    ports = {"condition": ("when",), "grasp": ("object", "facing"), "release": ("object",)}
    leaves = {
        name: type(name, (BehaviourWithPorts,), {"INPUT_PORTS": {port: PortInformation(data_type=str, required=True) for port in inputs}, "OUTPUT_PORTS": {}})
        for name, inputs in ports.items()
    }
    (tmp_path / "small.yaml").write_text(FOR_PY_TREES)
    (tmp_path / "small.xml").write_text(xml(load_task(tmp_path / "small.yaml")))
    tree = parser.parse_behaviour_tree_xml(str(tmp_path / "small.xml"), node_registry=leaves)
    shapes = [(type(node).__name__, len(node.children)) for node in tree.iterate()]
    expected = [("condition", 0), ("grasp", 0), ("Selector", 2), ("condition", 0), ("Inverter", 1), ("condition", 0), ("release", 0), ("Parallel", 2)]
    assert shapes == [*expected, ("Sequence", 3)]
    assert any(node.name.endswith("take") for node in tree.iterate())


def test_braces_of_the_header_are_written_so_that_nobody_takes_them_for_references() -> None:
    text = '{"description": "100 % {of} %7B it"}'
    assert not set("{}") & set(without_braces(text))
    assert with_braces(without_braces(text)) == text == with_braces(text)
