"""``skillkit export``: a trained model becomes a skill's folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

EXAMPLE = "skillkit export runs/transport -o skills/transport --onnx --int8"


def export(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a training.")],
    folder: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="The skill's folder, new or empty.")],
    task: Annotated[str, typer.Option("--task", metavar="TASK", help="Which of its tasks, where it learned several.")] = "",
    onnx: Annotated[bool, typer.Option("--onnx", help="Write policy.onnx as well, and let it run the skill.")] = False,
    int8: Annotated[bool, typer.Option("--int8", help="Write it with eight-bit weights as well, and let those run the skill.")] = False,
) -> int:
    """Write skill.yaml, weights.safetensors with their hash, and CARD.md.

    What was learned from Meta-World has no skill.yaml: no arm here speaks its actions.
    """
    from skillkit.learn.export import export_skill
    from skillkit.policies.quantise import quantise

    written = export_skill(run, folder, task, onnx or int8, quantise if int8 else None)
    print(f"{folder}: {', '.join(sorted(path.name for path in written))}")
    return 0
