"""``skillkit verify``: bags as regression tests; each must decide today as it did when it was recorded."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from skillkit.cli.arguments import AsJson, SkillsFolder, UseSkills, pairs, skills_folder
from skillkit.cli.output import print_json, say

if TYPE_CHECKING:
    from skillkit.assembly import Replay

EXAMPLE = "skillkit verify runs/*.mcap --junit bags.xml"


class Verdict(NamedTuple):
    """One bag: what its re-execution found, or why it could not be re-executed."""

    bag: str
    seconds: float
    found: Replay | None
    error: str

    @property
    def passed(self) -> bool:
        """Whether every step decided as recorded."""
        return self.found is not None and self.found.differences == 0 and self.found.steps > 0

    @property
    def words(self) -> str:
        """Why it did not pass; empty where it did."""
        if self.found is None or self.passed:
            return self.error
        if self.found.first is None:
            return "the bag holds no step"
        first = self.found.first
        counted = f"{self.found.differences} of {self.found.steps} steps differ"
        return f"{counted}, first at step {first.step}: {first.kind} {first.path}: {first.expected} → {first.got}"


def verify(
    bags: Annotated[list[Path], typer.Argument(metavar="BAG…", help="Recorded runs (.mcap).")],
    junit: Annotated[Path | None, typer.Option("--junit", metavar="FILE", help="Also write the verdicts there as JUnit XML, for CI.")] = None,
    update: Annotated[bool, typer.Option("--update", help="Record what is decided now in place of what differs; the old bag stays as BAG.old.")] = False,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Bags re-executed side by side.")] = 1,
    use: UseSkills = None,
    skills: SkillsFolder = None,
    tolerance: Annotated[float | None, typer.Option("--tolerance", min=0.0, help="Numbers may differ by this much.")] = None,
    ignore: Annotated[list[str] | None, typer.Option("--ignore", metavar="FIELD", help="Do not compare these fields.")] = None,
    as_json: AsJson = False,
) -> int:
    """Re-execute recorded runs and fail where one decides otherwise. Exit 0 only when all pass, 2 where one cannot be read."""
    check = partial(_verdict, skills=skills_folder(skills), use=pairs(use, "--use"), tolerance=tolerance, ignore=tuple(ignore or ()), update=update)
    verdicts = []
    with ProcessPoolExecutor(jobs) if jobs > 1 else nullcontext() as pool:
        for verdict in pool.map(check, bags) if pool is not None else map(check, bags):
            verdicts.append(verdict)
            if not as_json:
                say(f"{'passed' if verdict.passed else 'FAILED'}  {verdict.bag}" + (f"  {verdict.words}" if verdict.words else ""))
    if junit is not None:
        junit.write_bytes(_xml(verdicts))
    if as_json:
        print_json([_document(verdict) for verdict in verdicts])
    return 2 if any(verdict.error for verdict in verdicts) else 0 if all(verdict.passed for verdict in verdicts) else 1


def _verdict(bag: Path, skills: Path | list[Path], use: Mapping[str, str], tolerance: float | None, ignore: tuple[str, ...], update: bool) -> Verdict:
    """Re-execute one bag, and bring it up to date where that is asked for."""
    from skillkit.assembly import replay, update_bag
    from skillkit.exceptions import SkillkitError

    begun = perf_counter()
    try:
        found = replay(bag, skills, use, tolerance=tolerance, ignore=ignore)
    except SkillkitError as problem:
        return Verdict(str(bag), perf_counter() - begun, None, str(problem))
    verdict = Verdict(str(bag), perf_counter() - begun, found, "")
    if update and not verdict.passed and found.steps:
        update_bag(bag, skills, use)
        verdict = verdict._replace(found=replay(bag, skills, use))
    return verdict


def _document(verdict: Verdict) -> dict[str, object]:
    found = verdict.found
    return {
        "bag": verdict.bag, "passed": verdict.passed, "why": verdict.words, "steps": found.steps if found else 0,
        "differences": found.differences if found else 0, "first_difference": found.first.as_dict() if found and found.first else None,
    }  # fmt: skip


def _xml(verdicts: list[Verdict]) -> bytes:
    """JUnit's form, as CI systems read it."""
    failed = sum(not verdict.passed and not verdict.error for verdict in verdicts)
    broken = sum(bool(verdict.error) for verdict in verdicts)
    suite = ElementTree.Element("testsuite", name="skillkit verify", tests=str(len(verdicts)), failures=str(failed), errors=str(broken))
    for verdict in verdicts:
        case = ElementTree.SubElement(suite, "testcase", classname="bags", name=verdict.bag, time=f"{verdict.seconds:.3f}")
        if not verdict.passed:
            ElementTree.SubElement(case, "error" if verdict.error else "failure", message=verdict.words).text = verdict.words
    return bytes(ElementTree.tostring(suite, encoding="utf-8", xml_declaration=True))
