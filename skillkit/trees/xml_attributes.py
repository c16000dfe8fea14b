"""Which attributes of an XML element import reads; all others would change what a tree does, and are errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from skillkit.trees.reader import BUDGETS
from skillkit.trees.xml_words import CUSTOM, EXACT

CATEGORIES = ("Control", "Decorator", "Condition", "Action")  # tags whose attribute ID names the node
IGNORED = ("name", "_description", "_fullpath", "_uid")
BESIDE = ("_arm", *(f"_{name}_msec" for name in BUDGETS))
READ = {
    "parallel": ("success_count", "failure_count"),
    "retry": ("num_attempts",),
    "repeat": ("num_cycles",),
    "timeout": ("msec", f"{EXACT}msec"),
    "Sleep": ("msec", f"{EXACT}msec"),
    "Delay": ("delay_msec", f"{EXACT}delay_msec"),
    "plan": ("goal", *BESIDE),
}
ANY_PORT = ("skill", "task", "set")
LEAVES = ("skill", "task", "condition", "wait", "set", "plan", "ask", "Sleep", "AlwaysSuccess", "AlwaysFailure")


def unread(tag: str, word: str, attributes: Mapping[str, str]) -> Iterator[str]:
    """The attributes of a node that have no meaning here, by its tag and the word it stands for."""
    known = (*IGNORED, *(("ID",) if tag in (*CATEGORIES, "SubTree") else ()))
    ports = READ.get(word) or (CUSTOM[word].ports if word in CUSTOM else ())
    for name, value in attributes.items():
        remaps_nothing = name == "_autoremap" and tag == "SubTree" and value.lower() in ("false", "0")
        beside = word in ("skill", "task") and name in BESIDE
        free = word in ANY_PORT and not name.startswith("_") and (name != "ID" or tag in (*CATEGORIES, "SubTree"))
        if name not in known and name not in ports and not (remaps_nothing or beside or free):
            yield name


def parallel_counts(success: object, failure: object, children: int) -> tuple[int, int] | None:
    """The two thresholds of a ``Parallel`` as BehaviorTree.CPP counts them; none where one is not a whole number."""
    if type(success) is not int or type(failure) is not int:
        return None
    needed, failing = (max(0, children + count + 1) if count < 0 else count for count in (success, failure))
    return needed, failing
