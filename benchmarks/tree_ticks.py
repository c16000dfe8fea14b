"""What a tick costs: trees of 10, 100 and 1 000 nodes, against the same trees of bare py_trees behaviours, in one run.

    python benchmarks/tree_ticks.py [--repeat 2000] [--json]

*running*: the last leaf runs, everything before it is done, as in most ticks of a task; the cost may grow with the depth, not with the
size. *reactive*: every condition is asked again at every decision, so the cost has to grow with the size. *step*: a control step without a
decision. The bare trees evaluate nothing and tell nobody; ours evaluate expressions with units and report every change of status. Times are those of the
processor, so that a busy machine disturbs less.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import py_trees
from py_trees.behaviour import Behaviour
from py_trees.common import Status

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "trees"))

from scripted import SKILLS, observation  # noqa: E402

from skillkit.option import Situation  # noqa: E402
from skillkit.trees import load_task  # noqa: E402

SIZES = (10, 100, 1000)
CONDITION = "{condition: signal(a) < 1}"


class Always(Behaviour):
    """Gives the same status at every tick."""

    def __init__(self, name: str, status: Status) -> None:
        super().__init__(name)
        self.given = status

    def update(self) -> Status:
        return self.given


def nested(size: int) -> str:
    """Sequences of ten, of tens, until there are ``size`` nodes; the last leaf runs on."""
    leaves = ["{wait: 0 s}"] * (size - 2) + ["{skill: s100S}"]
    while len(leaves) > 10:
        leaves = [f"{{sequence: [{', '.join(leaves[i : i + 10])}]}}" for i in range(0, len(leaves), 10)]
    return f"{{sequence: [{', '.join(leaves)}]}}"


def bare_nested(size: int) -> Behaviour:
    nodes: list[Behaviour] = [Always(f"n{i}", Status.SUCCESS) for i in range(size - 2)] + [Always("last", Status.RUNNING)]
    level = 0
    while len(nodes) > 1:
        level += 1
        nodes = [py_trees.composites.Sequence(f"s{level}_{i}", True, nodes[i : i + 10]) for i in range(0, len(nodes), 10)]
    return nodes[0]


def flat(size: int) -> str:
    return f"{{reactive_sequence: [{', '.join([CONDITION] * (size - 2))}, {{skill: s100S}}]}}"


def bare_flat(size: int) -> Behaviour:
    children: list[Behaviour] = [Always(f"n{i}", Status.SUCCESS) for i in range(size - 2)]
    return py_trees.composites.Sequence("root", False, [*children, Always("last", Status.RUNNING)])


def median_us(call: Callable[[], object], repeat: int) -> float:
    times = []
    for _ in range(repeat):
        begun = time.thread_time()
        call()
        times.append(time.thread_time() - begun)
    return round(1e6 * statistics.median(times), 1)


def measure(tree: str, bare: Behaviour, repeat: int, folder: Path) -> dict[str, float]:
    path = folder / "t.yaml"
    path.write_text(f"task: t\ntree: {tree}\n")
    policy = load_task(path, SKILLS).option(SKILLS).policy()
    situation = Situation(observation(0.0, a=0.5), {"arm": "panda"}, {}, 0.0)
    policy.start(situation)
    policy.act(situation)
    bare.tick_once()
    if bare.status is not Status.RUNNING or policy.root.status is not Status.RUNNING:
        raise SystemExit("both trees have to run on")
    decide, step, plain = median_us(policy._decide, repeat), median_us(lambda: policy.act(situation), repeat), median_us(bare.tick_once, repeat)
    return {"decision_us": decide, "bare_us": plain, "step_us": step}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--repeat", type=int, default=2000)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found: dict[str, dict[str, dict[str, float]]] = {"running": {}, "reactive": {}}
    with tempfile.TemporaryDirectory() as folder:
        for size in SIZES:
            found["running"][str(size)] = measure(nested(size), bare_nested(size), arguments.repeat, Path(folder))
            found["reactive"][str(size)] = measure(flat(size), bare_flat(size), max(50, arguments.repeat * 10 // size), Path(folder))
    if arguments.json:
        print(json.dumps({"machine": platform.processor() or platform.machine(), "python": platform.python_version(), **found}, indent=1))
        return 0
    print(f"{'tree':10}{'nodes':>7}{'decision [us]':>15}{'bare py_trees [us]':>20}{'control step [us]':>19}")
    for kind, sizes in found.items():
        for size, row in sizes.items():
            print(f"{kind:10}{size:>7}{row['decision_us']:>15}{row['bare_us']:>20}{row['step_us']:>19}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
