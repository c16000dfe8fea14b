"""50 000 broken task and skill files: every one is either accepted or refused with problems that name a place; none ends in a traceback.

    python benchmarks/mutated_files.py [--count 50000] [--seed 0]

Prints one JSON object; exit 0 only when nothing raised, and a file took less than 50 ms at the median.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from skillkit.exceptions import InvalidFile, Problem
from skillkit.library import check_skill, load_skills
from skillkit.option import Option
from skillkit.skill import Skill
from skillkit.trees import check_task, load_task, show, svg

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "corpus"))

from mutations import mutants  # noqa: E402


def check_one_task(path: Path, options: Mapping[str, Option], skills: Mapping[str, Skill]) -> Sequence[Problem]:
    """Everything a user may do with a task file."""
    problems = check_task(path, options, skills)
    try:
        task = load_task(path, options)
    except InvalidFile as error:
        return error.problems
    show(task)
    svg(task)
    task.option(options, roles=tuple(dict.fromkeys(("arm", *task.arms))))
    return [problem for problem in problems if problem.severity == "error"]


def run(count: int, seed: int) -> dict[str, object]:
    """Check ``count`` broken files, half of them tasks and half skills."""
    skills = load_skills(ROOT / "skills")
    files = [(path, True) for path in sorted((ROOT / "tasks").glob("*.yaml"))] + [(path, False) for path in sorted((ROOT / "skills").glob("*/skill.yaml"))]
    per_kind = {kind: sum(is_task is kind for _, is_task in files) for kind in (True, False)}
    results: Counter[str] = Counter()
    failures: list[str] = []
    times: list[float] = []
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        for number, (path, is_task) in enumerate(files):
            share = -(-count // (2 * per_kind[is_task]))
            target, check = _place(path, is_task, Path(folder), skills)
            for data in mutants(path.read_text(), share, seed + number):
                target.write_bytes(data)
                begun = time.perf_counter()
                results[_outcome(check, target, failures)] += 1
                times.append(1e3 * (time.perf_counter() - begun))
    median, slowest = round(statistics.median(times), 2), round(max(times), 1)
    counts = {"files": sum(results.values()), **results, "tracebacks": len(failures), "median_ms": median, "slowest_ms": slowest}
    return {**counts, "seconds": round(time.perf_counter() - start, 1), "first": failures[:3]}


def _place(path: Path, is_task: bool, folder: Path, skills: Mapping[str, Skill]) -> tuple[Path, Callable[[Path], Sequence[Problem]]]:
    if is_task:
        options = {name: skill.option() for name, skill in skills.items()}
        return folder / path.name, lambda target: check_one_task(target, options, skills)
    shutil.copytree(path.parent, folder / path.parent.name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder / path.parent.name / path.name, lambda target: check_skill(target)[1]


def _outcome(check: Callable[[Path], Sequence[Problem]], target: Path, failures: list[str]) -> str:
    try:
        problems = check(target)
    except Exception:
        failures.append(traceback.format_exc(limit=-4) + target.read_bytes().decode("utf-8", "replace"))
        return "raised"
    if any(problem.line < 1 or problem.column < 1 or not problem.message for problem in problems):
        failures.append(f"a problem without a place: {problems}")
    return "refused" if problems else "accepted"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--count", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    result = run(arguments.count, arguments.seed)
    print(json.dumps(result, indent=1))
    return 0 if not result["tracebacks"] and result["median_ms"] < 50 else 1


if __name__ == "__main__":
    sys.exit(main())
