"""Drawings: every node is there, and the SVG is XML in which nothing overlaps."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Callable

from skillkit.trees import Task, show, svg

SVG = "{http://www.w3.org/2000/svg}"
TREE = """{sequence: [
  {fallback: [{condition: signal(a) < 1 and signal(b) > 2}, {skill: {s1S: {object: $cup}, label: first}}]},
  {retry: {times: 2, do: {skill: s2S}}}, {wait: 1 s}]}"""


def test_text_shows_parameters_nodes_and_goal_as_a_tree(task: Callable[..., Task]) -> None:
    text = show(task(TREE, "description: A test.\nparameters: {cup: {type: object, default: mug}}\ngoal: full($cup)"))
    assert text.splitlines() == [
        "t — A test.",
        "  $cup: object = mug",
        "└─ → sequence",
        "   ├─ ? fallback",
        "   │  ├─ ◇ condition signal(a) < 1 and signal(b) > 2",
        "   │  └─ ▣ first s1S(object=$cup)",
        "   ├─ ↻ retry 2 times",
        "   │  └─ ▣ s2S",
        "   └─ ◷ wait 1 s",
        "goal: full($cup)",
    ]


def test_svg_holds_every_node_once_and_no_two_boxes_overlap(task: Callable[..., Task]) -> None:
    made = task(TREE, "parameters: {cup: {type: object, default: mug}}")
    root = ElementTree.fromstring(svg(made, {"t": "RUNNING"}))
    groups = root.findall(f"{SVG}g")
    assert [group.findtext(f"{SVG}title") for group in groups] == [
        "t",
        "t/0:fallback",
        "t/0:fallback/0:condition",
        "t/0:fallback/first",
        "t/1:retry",
        "t/1:retry/s2S",
        "t/2:wait",
    ]
    boxes = [tuple(float(rect.get(key, "nan")) for key in ("x", "y", "width", "height")) for group in groups for rect in group.findall(f"{SVG}rect")]
    for i, (x, y, w, h) in enumerate(boxes):
        assert x >= 0 and y >= 0 and x + w <= float(root.get("width", "0")) and y + h <= float(root.get("height", "0"))  # noqa: PT018
        for x2, y2, w2, h2 in boxes[:i]:
            assert x + w <= x2 or x2 + w2 <= x or y + h <= y2 or y2 + h2 <= y
