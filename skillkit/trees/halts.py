"""Cleanups that a node above them can keep from beginning: whatever halts a running node begins nothing."""

from __future__ import annotations

from skillkit.documents import Document
from skillkit.trees.node import Node

CLEANUPS = ("on_failure", "finally")
HALTING = {"timeout": 0, "guard": 0, "reactive_sequence": 1, "reactive_fallback": 1, "parallel": 0}
"""Word → the first of its children that it may halt."""


def warn_of_halts(document: Document, tree: Node) -> None:
    """Tell of every ``finally`` and ``on_failure`` of a file that stands below a word which halts its children, and of tasks that hold such."""
    _walk(document, tree, "")


def _walk(document: Document, node: Node, halted_by: str) -> None:
    if node.word in CLEANUPS and halted_by:
        message = f"the cleanup of this '{node.word}' does not begin when the '{halted_by}' around it ends it"
        document.error(node.where, "halted-cleanup", message, f"put the '{node.word}:' around the '{halted_by}:'", key=True, severity="warning")
    if node.word == "task":
        if halted_by and (cleanup := _cleanup_in(node.children[0])):
            message = f"the '{cleanup}' in the task '{node.values['call']}' does not clean up when the '{halted_by}' around the task ends it"
            document.error(node.where, "halted-cleanup", message, f"put the cleanup around the '{halted_by}:'", key=True, severity="warning")
        return  # its own file is told of the rest
    alone = node.word == "parallel" and len(node.children) == 1
    for index, child in enumerate(node.children):
        halts = not alone and index >= HALTING.get(node.word, len(node.children))
        _walk(document, child, node.word if halts else halted_by)


def _cleanup_in(node: Node) -> str:
    return node.word if node.word in CLEANUPS else next(filter(None, map(_cleanup_in, node.children)), "")
