"""A re-execution by several processes, each from one keyframe to another: a long bag in a fraction of the time.

A stretch begins from a state that the bag holds and ends where it must have come to the next one, so the stretches together prove what one
re-execution from the beginning does; the rolling digests are worked out again over the whole bag meanwhile.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Final, NamedTuple

from skillkit.assembly.checkpoint import FILE
from skillkit.bags import Bag
from skillkit.bags.digests import Digests, recorded
from skillkit.bags.runs import RecordedRun
from skillkit.bags.schemas import KEYFRAME, STEP_RESULT

FORK: Final = "fork"  # a child has the system and its compiled code at once, and nothing has to be handed to it


class Stretch(NamedTuple):
    """Part of a run: behind the last keyframe before ``start`` [s], up to and with the step ``last``; ``None`` up to the end."""

    start: float
    last: int | None


class Tally(NamedTuple):
    """What the re-execution of a stretch, or of all, found; ``digest`` of all results where it is of all."""

    steps: int
    compared: int
    equal: bool
    digest: str = ""


def stretches(bag: Bag, jobs: int) -> list[Stretch]:
    """At most ``jobs`` parts of nearly equal length that cover the run; one where it cannot be divided."""
    run = bag.run()
    whole = [Stretch(0.0, None)]
    if FILE in bag.attachments or not {STEP_RESULT, KEYFRAME} <= set(run.topics) or FORK not in multiprocessing.get_all_start_methods():
        return whole
    first = next(run.raw_steps(), None)
    frames = [frame for frame in run.keyframes() if frame.tick > 0]
    if first is None or first.tick != 0 or not frames:
        return whole
    cuts = sorted({frames[len(frames) * part // jobs] for part in range(1, jobs)})
    return [Stretch(start, last) for start, last in zip([0.0, *(cut.time for cut in cuts)], [*(cut.tick for cut in cuts), None], strict=True)]


def side_by_side(bag: Bag, jobs: int, go: Callable[[Stretch], Tally]) -> Tally | None:
    """Re-execute the stretches of a bag at once; ``None`` where it cannot be divided, or anything is not as it was."""
    parts = stretches(bag, jobs)
    if len(parts) == 1:
        return None
    context = multiprocessing.get_context(FORK)
    children = []
    for part in parts:
        here, there = context.Pipe(duplex=False)
        child = context.Process(target=_answer, args=(there, go, part), daemon=True)
        child.start()
        there.close()
        children.append((child, here))
    digest = _digest(bag.run())
    tallies = [_told(here) for _, here in children]
    for child, _ in children:
        child.join()
    found = [tally for tally in tallies if tally is not None and tally.equal]
    if not digest or len(found) < len(parts):
        return None
    return Tally(sum(tally.steps for tally in found), sum(tally.compared for tally in found), True, digest)


def _answer(there: Connection, go: Callable[[Stretch], Tally], part: Stretch) -> None:
    there.send(go(part))


def _told(here: Connection) -> Tally | None:
    try:
        found = here.recv()
    except EOFError:  # the child ended by itself; a re-execution in one process says why
        return None
    return found if isinstance(found, Tally) else None


def _digest(run: RecordedRun) -> str:
    """SHA-256 over all recorded results; empty where a step or a result is missing, or a recorded rolling digest is not theirs."""
    seen, expected = Digests(), 0
    for raw in run.raw_steps():
        if raw.result is None or raw.tick != expected:
            return ""
        now, expected = seen.after(raw.tick, raw.step, raw.result), raw.tick + 1
        if raw.digest is not None and any(recorded(raw.digest, name) != now[name] for name in ("inputs", "results")):
            return ""
    return seen.results.hexdigest()
