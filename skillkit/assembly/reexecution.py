"""Re-execution: the replayed clock. The core is driven by the inputs of a bag and must decide as it did, bit for bit."""

from __future__ import annotations

import difflib
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from skillkit import compiled, share
from skillkit.assembly.checkpoint import EVERY, FILE, RESUMED, Checkpoint
from skillkit.assembly.departure import FirstDifference, Ways
from skillkit.assembly.description import Description, changed_skills
from skillkit.assembly.purity import Watch
from skillkit.assembly.side_by_side import Stretch, Tally, side_by_side
from skillkit.assembly.system import System
from skillkit.bags import Bag, open_bag
from skillkit.bags.compare import Difference, Rule, compare, first_unequal
from skillkit.bags.digests import Digests, recorded, word
from skillkit.bags.fingerprint import fingerprint, platform_differences
from skillkit.bags.runs import RawStep
from skillkit.bags.schemas import KEYFRAME, STEP, STEP_RESULT
from skillkit.bags.step_results import StepResults
from skillkit.library import load_skills
from skillkit.records import result_record, state_text, time_of
from skillkit.runtime import Runtime, StepResult
from skillkit.spaces import NOTHING, ControlInput, Input

PLATFORM_TOLERANCE = 1e-6  # [rad, m, …] numbers may differ by this much on another platform
MAY_BE_IMPURE = ("expression", "policy", "status", "random", "result")  # classes of a first difference that a look at the clock may be behind


@dataclass
class Replay:
    """What a re-execution found.

    Attributes:
        steps: how many were re-executed; compared: for how many the bag held a result or its digest.
        differences: steps that decided differently, or whose inputs are not those that were recorded.
        platform: steps that differ within the tolerance, on another platform than that of the recording.
        first: the first of the differences, else the first that is due to the platform.
        changed: skills whose files are not those of the recording, each with the lines that changed.
        impure: skills that read the clock or unseeded randomness: what, and where; watched for after a difference, or on demand.
        digest: sha256 over every re-executed result: equal for equal sequences.
        begun: log time of the keyframe it began behind, or of the beginning of the bag [s].
    """

    steps: int = 0
    compared: int = 0
    differences: int = 0
    platform: int = 0
    first: FirstDifference | None = None
    changed: dict[str, list[str]] = field(default_factory=dict)
    impure: dict[str, dict[str, str]] = field(default_factory=dict)
    digest: str = ""
    begun: float = 0.0
    note: str = ""


def replay(
    path: str | Path,
    skills: str | Path | Sequence[Path] | None = None,
    use: Mapping[str, str | Path] = NOTHING,
    on_step: Callable[[int], None] | None = None,
    *,
    tolerance: float | None = None,
    ignore: Sequence[str] = (),
    watch: bool = False,
    start: float = 0.0,
    jobs: int = 1,
) -> Replay:
    """Re-execute a bag and compare every directive, command, status and outcome with what it holds.

    Robot and tasks come from the bag; skills from disk, since they are code: a bag never runs code of its own.

    Args:
        skills: the folder of skill folders; all that are found, if left out.
        use: skill name → another folder to take it from.
        on_step: called with the number of steps done, for progress.
        tolerance: numbers may differ by this much; if left out, not at all on the platform of the recording, and by 1e-6 on another.
        ignore: patterns of fields that are not compared, such as ``commands[*].velocity*``.
        watch: look out for skills that read the clock or unseeded randomness, difference or not; takes several times as long.
        start: begin behind the last keyframe before this time [s]; at the beginning of the run where there is none.
        jobs: processes that each take a stretch between two keyframes; what one ends in must be what the next begins from, so that nothing is left
            unproven. Where anything differs, all is re-executed in one, which tells of it.

    Raises:
        BagError: not a bag of ours. InvalidFile, UnknownName: its files or the skills on disk are wrong.
    """
    rule = Rule(tolerance or 0.0, tuple(ignore))
    with open_bag(path) as bag, tempfile.TemporaryDirectory() as scratch:
        description, system = rebuild(bag, Path(scratch), skills, use)
        if jobs > 1 and start == 0.0 and not watch:
            tally = side_by_side(bag, jobs, lambda part: _stretch(path, system, description, rule, tolerance, part))
            if tally is not None:
                return Replay(tally.steps, tally.compared, changed=_changes(description, system), digest=tally.digest, begun=bag.start, note=bag.note)
        run = _Reexecution(bag, system, description, rule, tolerance, start)
        run.found.changed = _changes(description, system)
        run.go(on_step)
        if watch or (run.found.first is not None and run.found.first.kind in MAY_BE_IMPURE):
            run.watch()
        run.found.note = bag.note
        return run.found


def _stretch(path: str | Path, system: System, description: Description, rule: Rule, tolerance: float | None, part: Stretch) -> Tally:
    with open_bag(path) as bag:
        run = _Reexecution(bag, system, description, rule, tolerance, part.start, part.last)
        run.go(None)
        return Tally(run.found.steps, run.found.compared, run.found.first is None)


def rebuild(bag: Bag, scratch: Path, skills: str | Path | Sequence[Path] | None = None, use: Mapping[str, str | Path] = NOTHING) -> tuple[Description, System]:
    """The system that a bag was recorded with; its files are laid out below ``scratch``.

    Raises:
        as :func:`replay`.
    """
    description = Description.from_attachments(bag.attachments)
    description.write_to(scratch)
    fast = compiled.as_recorded(bag.metadata.get("platform"))
    system = System(description.cell_in(scratch), load_skills(skills or share.folders("skills"), use), compiled=fast)
    description.tasks_in(scratch, system)
    return description, system


class _Reexecution:
    """One bag against one system."""

    def __init__(self, bag: Bag, system: System, description: Description, rule: Rule, tolerance: float | None, start: float, last: int | None = None) -> None:
        """From behind the last keyframe before ``start`` [s] up to the step ``last``."""
        self.bag, self.system, self.sizes, self.last = bag, system, description.sizes(), last
        self.found = Replay()
        platform = {**fingerprint(), "control": compiled.path(system.compiled)}
        here = platform_differences({"control": compiled.PLAIN, **bag.metadata["platform"]}, platform) if "platform" in bag.metadata else {}
        self.elsewhere = {name: values for name, values in here.items() if not name.startswith("version_mcap")}
        self.run = bag.run()
        unknown = self.run.missing(STEP_RESULT)  # to the version that recorded it
        self.older = bool(unknown)
        self.rule = rule._replace(ignore=(*rule.ignore, *unknown, *(f"*.{name}" for name in unknown)))
        self.loose = self.rule._replace(tolerance=PLATFORM_TOLERANCE if tolerance is None else tolerance)
        self.decoders = {kind: self.run.decoder(kind) for kind in self.run.topics}
        self.encoded = StepResults()
        self.seen = Digests()
        self.expected_tick: int | None = None
        self.last_equal: tuple[int, float] | None = None
        self.live = description.run.get("clock") == "ros"
        self.resumed = Checkpoint.decoded(bag.attachments[FILE], FILE) if FILE in bag.attachments else None
        self.keyframe = self._keyframe(start)
        self.found.begun = bag.start if self.keyframe is None else time_of(self.keyframe)
        later = self.keyframe is not None  # rolling digests count from the beginning of the run
        self.broken = {"inputs": later, "results": later}

    def _keyframe(self, start: float) -> Mapping[str, Any] | None:
        """The state to begin from: the last one before ``start``, or the first one of a recording that began later than its run."""
        first = next(self.run.raw_steps(), None) if STEP in self.decoders else None
        found = self.run.keyframe(start) if first is not None and start > 0.0 else None
        return self.run.keyframe() if first is not None and found is None and first.tick > 0 and self.resumed is None else found

    def _begun(self, runtime: Runtime, inputs: list[Input], now: float, count: int) -> list[Input]:
        """The inputs of a step; where the recorded run went on from a checkpoint, the runtime goes on from it, too: live where the bag says so,
        else before the first step."""
        if self.resumed is not None and self.live and any(isinstance(given, ControlInput) and given.word == RESUMED for given in inputs):
            self.expected_tick = None  # it counts on from the checkpoint
            runtime.resume(self.resumed.runtime, runtime.newest_inputs(), now, EVERY)
        elif self.resumed is not None and not self.live and self.keyframe is None and count == 0:
            runtime.resume(self.resumed.runtime, inputs, now, EVERY)
        return inputs

    def _steps(self) -> Iterator[tuple[RawStep, float, list[Input]]]:
        """Every recorded step behind the keyframe, with its time and inputs."""
        if STEP not in self.decoders:
            return
        read, after = self.run.step_inputs(), self.keyframe["tick"] if self.keyframe else -1
        for raw in self.run.raw_steps(start=self.found.begun):
            if self.last is not None and raw.tick > self.last:
                return
            if raw.tick > after:
                yield raw, *read(raw.step)

    def _runtime(self) -> Runtime:
        """A runtime in the state behind the keyframe; a fresh one where the run is re-executed from its beginning."""
        runtime = self.system.runtime(self.sizes)
        if self.keyframe is not None:
            runtime.restore(json.loads(self.keyframe["state"]))
        return runtime

    def go(self, on_step: Callable[[int], None] | None) -> None:
        """Re-execute and compare."""
        runtime, found = self._runtime(), self.found
        ways = Ways(runtime)
        for raw, now, inputs in self._steps():
            inputs = self._begun(runtime, inputs, now, found.steps)
            late = self._inputs(raw, now)
            result = runtime.step(inputs, now)
            if result.events:
                ways.follow(result.events)
            difference = self._results(raw, result, now) or self._state(raw, runtime, now)
            found.steps += 1
            found.compared += raw.result is not None or (raw.digest is not None and self.keyframe is None)
            departed = late or difference
            if departed is None:
                self.last_equal = (raw.tick, now)
            else:
                self._note(departed, ways, runtime)
            if on_step is not None:
                on_step(found.steps)
        found.digest = self.seen.results.hexdigest()

    def watch(self) -> None:
        """Re-execute again, up to the first difference if there is one, and name the skills that look at what they were not given."""
        first = self.found.first
        watch = Watch({name: skill.folder for name, skill in self.system.skills.items()})
        runtime = self._runtime()
        for count, (raw, now, inputs) in enumerate(self._steps()):
            inputs = self._begun(runtime, inputs, now, count)
            with watch.watching():
                runtime.step(inputs, now)
            if first is not None and raw.tick >= first.step:
                break
        self.found.impure = watch.found
        self.found.first = None if first is None else first.blamed(watch.found)

    # -- one step --------------------------------------------------------------------------------------------------------------------------

    def _inputs(self, raw: RawStep, now: float) -> Difference | None:
        """A step that is missing, or inputs that are not those whose digest was recorded."""
        expected, self.expected_tick = self.expected_tick, raw.tick + 1
        self.seen.inputs.update(raw.step)
        if expected is not None and raw.tick != expected:
            self.broken["inputs"] = self.broken["results"] = True  # the digests count on from what is missing
            return Difference("input", "step.tick", expected, raw.tick, expected, now)
        return self._rolled("input", "step.inputs", raw, "inputs", self.seen.inputs, now)

    def _results(self, raw: RawStep, result: StepResult, now: float) -> Difference | None:
        data = self.encoded(result)
        self.seen.results.update(data)
        if raw.result is not None:
            return None if data == raw.result else self._compared(self.decoders[STEP_RESULT](raw.result), result_record(result), now)
        return self._rolled("result", "result", raw, "results", self.seen.results, now)

    def _rolled(self, kind: str, path: str, raw: RawStep, name: str, seen: Any, now: float) -> Difference | None:
        """A rolling digest that is not the recorded one; from there on it no longer counts."""
        was = self._recorded(raw, name)
        if was is None or was == word(seen):
            return None
        self.broken[name] = True
        return Difference(kind, path, f"{was:016x}", f"{word(seen):016x}", raw.tick, now)

    def _compared(self, recorded: Mapping[str, Any], again: Mapping[str, Any], now: float) -> Difference | None:
        found = compare(recorded, again, now, self.rule)
        if found is not None and self.elsewhere and compare(recorded, again, now, self.loose) is None:
            return found._replace(kind="platform")
        return found

    def _state(self, raw: RawStep, runtime: Runtime, now: float) -> Difference | None:
        """What the runtime remembers, where the bag holds a keyframe."""
        if raw.keyframe is None:
            return None
        recorded = self.decoders[KEYFRAME](raw.keyframe)["state"]
        if recorded == state_text(runtime):
            return None
        was, again = json.loads(recorded), json.loads(state_text(runtime))
        unequal = first_unequal(was, _known_to(was, again) if self.older else again, "state", self.loose if self.elsewhere else self.rule)
        return None if unequal is None else Difference("blackboard", *unequal, raw.tick, now)

    def _recorded(self, raw: RawStep, name: str) -> int | None:
        """The recorded rolling digest, where there is one that still counts."""
        return None if raw.digest is None or self.broken[name] else recorded(raw.digest, name)

    def _note(self, difference: Difference, ways: Ways, runtime: Runtime) -> None:
        found, by_platform = self.found, difference.kind == "platform"
        found.platform += by_platform
        found.differences += not by_platform
        if found.first is not None and (by_platform or found.first.kind != "platform"):
            return
        first = FirstDifference.of(difference, ways, self.last_equal, runtime, self.system.skills, found.changed)
        found.first = first.by_platform(self.elsewhere) if by_platform else first


def _known_to(recorded: Any, again: Any) -> Any:
    """What an older version records of a state: no value under a name that it does not know."""
    if isinstance(recorded, dict) and isinstance(again, dict):
        return {name: _known_to(recorded[name], value) for name, value in again.items() if name in recorded}
    return again


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
    return lines or ["files that are not text have changed"]
