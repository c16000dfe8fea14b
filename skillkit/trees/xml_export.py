"""A task as XML of BehaviorTree.CPP 4, with the tasks it uses."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from skillkit.option import Parameter
from skillkit.trees.node import Node
from skillkit.trees.reader import BUDGETS
from skillkit.trees.task import Task
from skillkit.trees.xml_words import BETWEEN, CUSTOM, FORMAT, LISTS, SAME, WRAPPERS, milliseconds, ported, scalar, whole_milliseconds, without_braces

HEADER = "_skillkit"  # attribute with what a BehaviorTree element has no words for


def xml(task: Task) -> str:
    """The task and the tasks it uses, each a ``BehaviorTree``, and the model of their nodes."""
    root = Element("root", {"BTCPP_format": FORMAT, "main_tree_to_execute": task.name})
    tasks = {task.name: task, **{inner.name: inner for inner in _tasks(task.tree)}}
    model = Element("TreeNodesModel")
    for one in tasks.values():
        tree = SubElement(root, "BehaviorTree", {"ID": one.name, HEADER: without_braces(json.dumps(header(one), ensure_ascii=False))})
        tree.append(_element(one.tree))
        _declare(model, one)
    root.append(model)
    indent(root, "  ")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode")


def header(task: Task) -> dict[str, Any]:
    """Everything of a task file but its name and tree."""
    inner = {variable.name: _declaration(variable) for variable in task.variables}
    found: dict[str, Any] = {
        "description": task.description,
        "parameters": {parameter.name: _declaration(parameter) for parameter in task.parameters},
        "variables": {name: declared for name, declared in inner.items() if name not in task.outputs},
        "outputs": {name: inner[name] for name in task.outputs},
        "scene": task.scene,
        "cell": task.cell,
        "goal": str(task.goal) if task.goal is not None else "",
        "judge": str(task.judge) if task.judge is not None else "",
    }
    return {word: value for word, value in found.items() if value}


def _declaration(parameter: Parameter) -> dict[str, Any]:
    values = {word: getattr(parameter, word) for word in ("type", "unit", "minimum", "maximum", "default", "choices", "description")}
    return {word: list(value) if word == "choices" else value for word, value in values.items() if value is not None and value != "" and value != ()}


def _nodes(node: Node) -> Iterator[Node]:
    """The node and those below it, other tasks left out."""
    yield node
    for child in written(node):
        yield from _nodes(child)


def _tasks(tree: Node) -> Iterator[Task]:
    for node in _nodes(tree):
        if node.task is not None:
            yield node.task
            yield from _tasks(node.task.tree)


# ---- nodes ---------------------------------------------------------------------------------------------------------------------------


def _element(node: Node) -> Element:
    element = _opened(node)
    _beside(element, node)
    if node.name and node.name != node.values.get("call"):
        element.set("name", node.name)
    for child in written(node):
        element.append(_element(child))
    return element


def written(node: Node) -> tuple[Node, ...]:
    """The children of a node that stand in its file: not those of another task, nor a way back that is planned."""
    return () if node.task is not None else tuple(child for child in node.children if "start" not in child.values)


def _opened(node: Node) -> Element:
    values = node.values
    if node.word in LISTS or node.word in WRAPPERS:
        return Element(SAME[node.word])
    if node.word == "parallel":
        needed, of = values["succeed"], len(node.children)
        return Element("Parallel", {"success_count": str(needed), "failure_count": str(of - needed + 1)})
    if node.word in ("retry", "repeat"):
        times = "-1" if values["times"] == "forever" else scalar(values["times"] if isinstance(values["times"], int) else str(values["times"]))
        return Element(SAME[node.word], {"num_attempts" if node.word == "retry" else "num_cycles": times})
    if node.word == "timeout":
        return Element("Timeout", whole_milliseconds("msec", values["after"]))
    if node.word == "wait" and "for" in values:
        return Element("Sleep", whole_milliseconds("msec", values["for"]))
    return _call(node) if node.word in ("skill", "task") else Element(node.word, _ports(node))


def _ports(node: Node) -> dict[str, str]:
    values = node.values
    if node.word == "switch":
        return {"cases": BETWEEN.join(str(case) for case in values["cases"])}
    if node.word == "for_each":
        among = {} if values["in"] is None else {"in": BETWEEN.join(scalar(str(one)) for one in values["in"])}
        return {"each": values["each"], **among, **({"where": str(values["where"])} if values["where"] is not None else {})}
    if node.word in ("guard", "condition"):
        return {"when": str(values["when"])}
    if node.word == "set":
        return {ported(name): scalar(value if isinstance(value, (bool, int, float)) else str(value)) for name, value in values["values"].items()}
    if node.word == "recover":
        return {"times": scalar(values["times"] if isinstance(values["times"], int) else str(values["times"]))}
    if node.word == "plan":
        return {"goal": str(values["goal"])}
    if node.word == "ask":
        into = {"into": f"{{{values['into']}}}"} if values["into"] else {}
        return {"question": values["question"], "answers": BETWEEN.join(values["answers"]), **into}
    return {"until": str(values["until"])} if node.word == "wait" else {}


def _beside(element: Element, node: Node) -> None:
    """What BehaviorTree.CPP passes over: the arm, and budgets."""
    if "arm" in node.values:
        element.set("_arm", node.values["arm"])
    for budget in (name for name in BUDGETS if name in node.values):
        element.set(f"_{budget}_msec", milliseconds(node.values[budget]))


def _call(node: Node) -> Element:
    called = node.values["call"]
    element = Element(SAME["task"], {"ID": called}) if node.word == "task" else Element(called)
    for name, value in node.values["with"].items():
        element.set(ported(name), scalar(value if isinstance(value, (bool, int, float)) else str(value)))
    for output, name in node.values.get("into", {}).items():
        element.set(ported(output), f"{{{name}}}")
    return element


# ---- the model of the nodes, for Groot2 -------------------------------------------------------------------------------------------------


def _declare(model: Element, task: Task) -> None:
    subtree = SubElement(model, "SubTree", {"ID": task.name})
    for parameter in task.parameters:
        default: Mapping[str, str] = {} if parameter.default is None else {"default": str(parameter.default)}
        SubElement(subtree, "input_port", {"name": ported(parameter.name), **default}).text = parameter.description
    for output in task.outputs:
        SubElement(subtree, "output_port", {"name": ported(output), "default": f"{{{task.name}_{output}}}"})  # without, it would have to be taken over
    known = {(child.tag, child.get("ID")) for child in model}
    for node in _nodes(task.tree):
        ports: tuple[str, ...] = tuple(map(ported, node.values["with"])) if node.word == "skill" else CUSTOM[node.word].ports if node.word in CUSTOM else ()
        ports = tuple(map(ported, node.values["values"])) if node.word == "set" else ports
        name = node.values["call"] if node.word == "skill" else node.word
        category = "Action" if node.word == "skill" else CUSTOM[node.word].category if node.word in CUSTOM else ""
        if not category or (node.word == "wait" and "for" in node.values):
            continue
        if (category, name) not in known:
            known.add((category, name))
            SubElement(model, category, {"ID": name})
        element = next(child for child in model if (child.tag, child.get("ID")) == (category, name))
        declared = {child.get("name") for child in element}
        for port in ports:
            if port not in declared:
                SubElement(element, "input_port", {"name": port})
