"""``skillkit replay``: the core re-executed from a bag's inputs, and the first step that decides differently."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skillkit.cli.arguments import AsJson, SkillsFolder, UseSkills, pairs, skills_folder
from skillkit.cli.output import print_json, progress, say

if TYPE_CHECKING:
    from skillkit.assembly import Replay

EXAMPLE = "skillkit replay runs/prepare_coffee-panda-seed0.mcap"
SHOWN_LINES = 12  # changed lines of a skill that are shown to people


def replay(
    bag: Annotated[Path, typer.Argument(metavar="BAG", help="A recorded run (.mcap).")],
    use: UseSkills = None,
    skills: SkillsFolder = None,
    tolerance: Annotated[float | None, typer.Option("--tolerance", min=0.0, help="Numbers may differ by this much.")] = None,
    ignore: Annotated[list[str] | None, typer.Option("--ignore", metavar="FIELD", help="Do not compare these fields, such as 'commands[*].velocity*'.")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Also look out for skills that read the clock or unseeded randomness.")] = False,
    start: Annotated[float, typer.Option("--from", min=0.0, metavar="SECONDS", help="Begin behind the last keyframe before this time.")] = 0.0,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Processes that share a long bag, each from one keyframe to another; the answer is the same.")] = 1,
    as_json: AsJson = False,
) -> int:
    """Re-execute a recorded run without robot, simulator or ROS and compare every decision. Exit 0 only when all are equal."""
    from skillkit.assembly import replay as re_execute
    from skillkit.bags import open_bag

    with open_bag(bag) as opened:
        total, end = _steps(opened.topics), opened.end
    begun = perf_counter()
    with progress("re-executing", total) if jobs == 1 else nullcontext(nobody) as done:  # no thread may run beside what forks
        found = re_execute(
            bag, skills_folder(skills), pairs(use, "--use"), lambda step: done(step) if step % 50 == 0 else None,
            tolerance=tolerance, ignore=ignore or (), watch=watch, start=start, jobs=jobs,
        )  # fmt: skip
    took = perf_counter() - begun
    speed = (end - found.begun) / took if took > 0.0 else 0.0
    cause = "" if found.first is None else found.first.because or _cause(bag, found, found.first.time)
    if as_json:
        print_json({**_document(found), "cause": cause, "bag": str(bag), "wall_s": took, "times_real_time": speed})
    else:
        _explain(found, cause, took, speed)
    return 0 if found.differences == 0 and found.steps > 0 else 1


def nobody(step: int) -> None:
    """Told of progress that nobody is shown."""


def _steps(topics: Any) -> int | None:
    counts = [topic.count for name, topic in topics.items() if name.endswith("/step")]
    return counts[0] if counts else None


def _document(found: Replay) -> dict[str, Any]:
    return {
        "steps": found.steps,
        "compared": found.compared,
        "from_s": found.begun,
        "differences": found.differences,
        "first_difference": None if found.first is None else found.first.as_dict(),
        "platform_differences": found.platform,
        "impure": found.impure,
        "changed": found.changed,
        "digest": found.digest,
        "note": found.note,
    }


def _cause(bag: Path, found: Replay, time: float) -> str:
    from skillkit.bags import fingerprint, open_bag, summary
    from skillkit.cli.cause import cause_of

    with open_bag(bag) as opened:
        return cause_of(time, summary(opened), found.changed, opened.metadata.get("platform", {}), fingerprint())


def _explain(found: Replay, cause: str, took: float, speed: float) -> None:
    if found.note:
        say(f"note: {found.note}", error=True)
    for name, lines in found.changed.items():
        say(f"the skill '{name}' has changed since the recording:")
        for line in lines[:SHOWN_LINES]:
            say(f"  {line}")
        if len(lines) > SHOWN_LINES:
            say(f"  … and {len(lines) - SHOWN_LINES} more lines")
    say(f"{found.steps} steps re-executed in {took:.1f} s, {speed:.1f} × real time; {found.compared} compared, {found.differences} differ")
    if found.first is not None:
        first = found.first
        say(f"first difference at step {first.step} ({first.time:.3f} s), {first.kind} {first.path}:")
        say(f"  recorded  {first.expected}")
        say(f"  now       {first.got}")
        say(f"  cause     {cause}")
        if first.last_equal is not None:
            say(f"  last equal step {first.last_equal[0]} ({first.last_equal[1]:.3f} s)")
        for node in first.why:
            say(f"  in        {' '.join(word for word in (node.path, node.type, node.status, node.detail) if word)}")
    for skill, read in found.impure.items():
        say(f"the skill '{skill}' reads {', '.join(read.values())}")
    if found.platform:
        say(f"{found.platform} steps differ within the tolerance, put down to the platform")
    if found.steps == 0:
        say("the bag holds no step")
