"""From a goal to a task: skills' declared conditions and effects, the current symbolic state, a classical planner.

The search is not ours: unified-planning with pyperplan (STRIPS). What is ours is the translation: which truths there are, what every
skill needs and changes, and the task file that a person can read, edit and run.
"""

from skillkit.planning.knowledge import Consequence, Knowledge, load_knowledge
from skillkit.planning.problem import ANY, Action, Literal, Problem, ground_problem
from skillkit.planning.search import NoPlan, PlannedStep, plan
from skillkit.planning.task_text import task_text

__all__ = [
    "ANY", "Action", "Consequence", "Knowledge", "Literal", "NoPlan", "PlannedStep", "Problem", "ground_problem", "load_knowledge", "plan", "task_text",
]  # fmt: skip
