"""How the words of a task are written in the XML of BehaviorTree.CPP 4 (https://www.behaviortree.dev/docs/learn-the-basics/xml_format).

Words that BehaviorTree.CPP has as well take its names; the others are custom nodes, declared in the ``TreeNodesModel`` so that Groot2
opens them. Nodes are written in the compact form, by their own name: its parser takes no other below a ``ReactiveSequence``. ``$name`` is
written ``{name}``; expressions stay as they are.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from skillkit import documents

FORMAT = "4"
SAME = {
    "sequence": "Sequence", "reactive_sequence": "ReactiveSequence", "fallback": "Fallback", "reactive_fallback": "ReactiveFallback",
    "parallel": "Parallel", "retry": "RetryUntilSuccessful", "repeat": "Repeat", "timeout": "Timeout", "invert": "Inverter",
    "force_success": "ForceSuccess", "force_failure": "ForceFailure", "task": "SubTree",
}  # fmt: skip
LISTS = ("sequence", "reactive_sequence", "fallback", "reactive_fallback")
WRAPPERS = ("invert", "force_success", "force_failure")


class Custom(NamedTuple):
    """A node of ours: its category in BehaviorTree.CPP and its ports."""

    category: str
    ports: tuple[str, ...]


CUSTOM = {
    "switch": Custom("Control", ("cases",)),
    "for_each": Custom("Decorator", ("each", "in", "where")),
    "guard": Custom("Decorator", ("when",)),
    "on_failure": Custom("Control", ()),
    "finally": Custom("Control", ()),
    "condition": Custom("Condition", ("when",)),
    "wait": Custom("Action", ("until",)),
    "set": Custom("Action", ()),
    "recover": Custom("Control", ("times",)),
    "plan": Custom("Action", ("goal",)),
    "ask": Custom("Action", ("question", "answers", "into")),
}
BRACES = (("%", "%25"), ("{", "%7B"), ("}", "%7D"))
BETWEEN = "; "  # between several words in one port


def scalar(value: Any) -> str:
    """A value as the text of a port."""
    if isinstance(value, str):
        if value.startswith("$") and value[1:].isidentifier():
            return f"{{{value[1:]}}}"
        return value if unscalar(value) == value else f'"{value}"'
    return str(value).lower() if isinstance(value, bool) else repr(value)


def unscalar(text: str) -> Any:
    """The inverse of :func:`scalar`."""
    if text.startswith("{") and text.endswith("}") and text[1:-1].isidentifier():
        return f"${text[1:-1]}"
    document = documents.parse(text)
    plain = isinstance(document.data, (str, bool, int, float)) and not document.problems
    return document.data if plain and (not isinstance(document.data, str) or text.startswith('"')) else text


PORT = "port__"  # before a name that BehaviorTree.CPP keeps for itself


def ported(name: str) -> str:
    """A name as that of a port: ``name``, ``ID`` and a leading ``_`` mean something else in the XML."""
    return f"{PORT}{name}" if name in ("name", "ID") or name.startswith(("_", PORT)) else name


def unported(name: str) -> str:
    """The inverse of :func:`ported`."""
    return name.removeprefix(PORT)


EXACT = "_exact_"  # before the name of a port that holds whole milliseconds: what it stands for


def whole_milliseconds(name: str, value: Any) -> dict[str, str]:
    """A port for seconds, or a reference to them; their parser takes whole milliseconds only, so a part of one stands beside it."""
    text = milliseconds(value)
    whole = text if text.startswith("{") or text.isdigit() else str(max(1, round(float(text))))
    return {name: whole} if whole == text else {name: whole, f"{EXACT}{name}": text}


def milliseconds(value: Any) -> str:
    """Seconds, or a reference to them, as the text of a port."""
    return f"{round(1000.0 * value, 6):.12g}" if isinstance(value, (int, float)) else scalar(str(value))


def seconds(text: str) -> Any:
    """The inverse of :func:`milliseconds`.

    Raises:
        ValueError: neither a number nor a reference.
    """
    return unscalar(text) if text.startswith("{") else f"{round(float(text) / 1000.0, 9):.12g} s"


def without_braces(text: str) -> str:
    """Text that no other reader takes for a reference: py_trees looks for ``{name}`` in every attribute."""
    for sign, written in BRACES:
        text = text.replace(sign, written)
    return text


def with_braces(text: str) -> str:
    """The inverse of :func:`without_braces`; text that begins with a brace was written before there was one."""
    for sign, written in () if text.startswith("{") else reversed(BRACES):
        text = text.replace(written, sign)
    return text
