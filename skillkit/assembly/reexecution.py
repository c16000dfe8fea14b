"""Re-execution: the replayed clock. The core is driven by the inputs of a bag and must decide as it did, bit for bit."""

from __future__ import annotations

import difflib
import hashlib
import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from skillkit import share
from skillkit.assembly.checkpoint import EVERY, FILE, Checkpoint
from skillkit.assembly.description import Description, changed_skills
from skillkit.assembly.system import System
from skillkit.bags import Difference, compare, open_bag
from skillkit.library import load_skills
from skillkit.records import inputs_from_record, result_record
from skillkit.spaces import NOTHING


@dataclass
class Replay:
    """What a re-execution found.

    Attributes:
        steps: how many were re-executed; compared: for how many the bag held a result.
        differences: steps that decided differently.
        first: the first of them.
        changed: skills whose files are not those of the recording, each with the lines that changed.
        digest: sha256 over every re-executed result: equal for equal sequences.
    """

    steps: int = 0
    compared: int = 0
    differences: int = 0
    first: Difference | None = None
    changed: dict[str, list[str]] = field(default_factory=dict)
    digest: str = ""
    note: str = ""


def replay(
    path: str | Path,
    skills: str | Path | None = None,
    use: Mapping[str, str | Path] = NOTHING,
    on_step: Callable[[int], None] | None = None,
) -> Replay:
    """Re-execute a bag and compare every directive, command, status and outcome with what it holds.

    Robot and tasks come from the bag; skills from disk, since they are code: a bag never runs code of its own.

    Args:
        skills: the folder of skill folders; the one that is found first, if left out.
        use: skill name → another folder to take it from.
        on_step: called with the number of steps done, for progress.

    Raises:
        BagError: not a bag of ours. InvalidFile, UnknownName: its files or the skills on disk are wrong.
    """
    found = Replay()
    rolling = hashlib.sha256()
    with open_bag(path) as bag, tempfile.TemporaryDirectory() as scratch:
        description = Description.from_attachments(bag.attachments)
        description.write_to(Path(scratch))
        system = System(description.cell_in(Path(scratch)), load_skills(skills or share.folder("skills"), use))
        found.changed = _changes(description, system)
        found.note = bag.note
        description.tasks_in(Path(scratch), system)
        runtime = system.runtime(description.sizes())
        resumed = Checkpoint.decoded(bag.attachments[FILE], FILE) if FILE in bag.attachments else None
        for step, recorded in bag.steps():
            inputs = inputs_from_record(step)
            if resumed is not None and not found.steps:
                runtime.resume(resumed.runtime, inputs, step["now"], EVERY)
            result = runtime.step(inputs, step["now"])
            again = result_record(result)
            rolling.update(json.dumps(again, sort_keys=True).encode())
            found.steps += 1
            if recorded is not None:
                found.compared += 1
                difference = compare(recorded, again)
                found.differences += difference is not None
                found.first = found.first or difference
            if on_step is not None:
                on_step(found.steps)
    found.digest = rolling.hexdigest()
    return found


def _changes(description: Description, system: System) -> dict[str, list[str]]:
    digests = {name: skill.digest for name, skill in system.skills.items()}
    return {name: _changed_lines(description, system, name) for name in changed_skills(description.run["skills"], digests)}


def _changed_lines(description: Description, system: System, name: str) -> list[str]:
    if name not in system.skills:
        return ["the skill is not on this machine"]
    lines: list[str] = []
    prefix = f"skills/{name}/"
    for attached, data in description.files.items():
        if attached.startswith(prefix):
            file = system.skills[name].folder / attached.removeprefix(prefix)
            now = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
            was = data.decode("utf-8", "replace").splitlines()
            lines += [f"{file.name}: {line}" for line in difflib.unified_diff(was, now, lineterm="", n=0) if not line.startswith(("---", "+++", "@@"))]
    return lines
