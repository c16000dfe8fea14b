"""Task trees: YAML → py_trees → an option.

The vocabulary is py_trees' own; the words and their semantics are in ``words.py`` and the files it names.
"""

from skillkit.trees.drawing import show, svg
from skillkit.trees.policy import NodeState, TreePolicy
from skillkit.trees.schema import task_schema
from skillkit.trees.task import Task, check_task, load_task
from skillkit.trees.words import WORDS

__all__ = ["WORDS", "NodeState", "Task", "TreePolicy", "check_task", "load_task", "show", "svg", "task_schema"]
