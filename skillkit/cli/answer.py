"""``skillkit answer``: an operator's answer to a question that a running task asks."""

from __future__ import annotations

from typing import Annotated

import typer

from skillkit.cli.arguments import Namespace

EXAMPLE = "skillkit answer yes --question cup_is_clean"


def answer(
    text: Annotated[str, typer.Argument(metavar="ANSWER", help="One of the answers that the question allows.")],
    question: Annotated[str, typer.Option("--question", metavar="LABEL", help="Label or path of the question; else whichever is open.")] = "",
    namespace: Namespace = "",
) -> int:
    """Answer a question of a task that runs over ROS 2."""
    from skillkit.cli.over_ros import require_ros

    require_ros()
    from skillkit.ros.answer import send_answer

    send_answer(text, question, namespace)
    return 0
