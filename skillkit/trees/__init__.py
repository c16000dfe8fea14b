"""Task trees: YAML → py_trees → an option.

The vocabulary is py_trees' own; the words and their semantics are in ``words.py`` and the files it names.
"""

from skillkit.trees.drawing import show, svg
from skillkit.trees.graphs import dot, mermaid
from skillkit.trees.judge import Judge
from skillkit.trees.planned import no_plan_text, plan_text
from skillkit.trees.policy import NodeState, TreePolicy
from skillkit.trees.question import Question, Wanted
from skillkit.trees.schema import task_schema
from skillkit.trees.task import Task, check_task, load_task
from skillkit.trees.words import WORDS
from skillkit.trees.xml_export import xml
from skillkit.trees.xml_import import read_xml

__all__ = [
    "WORDS", "Judge", "NodeState", "Question", "Task", "TreePolicy", "Wanted", "check_task", "dot", "load_task", "mermaid", "no_plan_text", "plan_text",
    "read_xml", "show", "svg", "task_schema", "xml",
]  # fmt: skip
