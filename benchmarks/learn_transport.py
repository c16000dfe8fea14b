"""A skill cloned from the hand-designed one, run in the tree: how often prepare_coffee succeeds with it, and that it is the network that does it.

    python benchmarks/learn_transport.py [--demonstrations 60] [--episodes 50] [--jobs 1] [--folder runs/learn/transport] [--json]

Collects demonstrations of ``transport`` on the Panda (layouts that the evaluation does not use), trains, exports, and runs the task with ``--use``; then
once more with every weight set to zero, which must fail. Needs the extra learn; about a quarter of an hour on one core. Goes on in its folder.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


def skillkit(*words: object) -> str:
    """One command of the command line; its output."""
    done = subprocess.run([sys.executable, "-m", "skillkit", *map(str, words)], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(f"skillkit {' '.join(map(str, words))} ended with {done.returncode}")
    return done.stdout


def zeroed(folder: Path, target: Path) -> None:
    """The same skill with all numbers of its network zero, and a hash to match."""
    import torch
    from safetensors.torch import load_file, save_file

    shutil.copytree(folder, target)
    file = target / "weights.safetensors"
    save_file({name: torch.zeros_like(value) if name.startswith("members.") else value for name, value in load_file(file).items()}, file)
    said = json.loads((target / "policy.json").read_text())
    said["sha256"] = hashlib.sha256(file.read_bytes()).hexdigest()
    (target / "policy.json").write_text(json.dumps(said))


def run(folder: Path, episodes: int, jobs: int) -> dict[str, Any]:
    """Episodes of the task with the skill from a folder."""
    found: dict[str, Any] = json.loads(skillkit("run", "prepare_coffee", "--use", f"transport={folder}", "--episodes", episodes, "--jobs", jobs, "--json"))
    return found


def main() -> int:
    """Do what is not done yet; exit 0 where at least nine in ten episodes succeed and none does with zeroed weights."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--demonstrations", type=int, default=60)
    parser.add_argument("--episodes", type=int, default=50)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=ROOT / "runs" / "learn" / "transport")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    data, trained, skill, empty = (options.folder / name for name in ("demos", "run", "skill", "zeroed"))
    if not (data / "meta" / "info.json").exists():
        skillkit("demos", "prepare_coffee:transport", "-o", data, "--episodes", options.demonstrations, "--seed", 1000, "--jobs", options.jobs)
    skillkit("train", ROOT / "configs" / "learn" / "skill.yaml", "--set", f"dataset={data}", "-o", trained)
    for old in (skill, empty):
        shutil.rmtree(old, ignore_errors=True)
    skillkit("export", trained, "-o", skill)
    zeroed(skill, empty)
    found, none = run(skill, options.episodes, options.jobs), run(empty, 1, 1)
    lost = [[episode["seed"], episode["reason"]] for episode in found["runs"] if not episode["success"]]
    zero = "successes" if none.get("successes") else none["runs"][0]["reason"]
    document = {"episodes": options.episodes, "successes": options.episodes - len(lost), "failures": lost, "zeroed": zero}
    if options.json:
        print(json.dumps(document))
    else:
        print(f"{document['successes']} of {options.episodes} with the learned skill; with zeroed weights: {document['zeroed']}")
        for seed, reason in lost:
            print(f"  seed {seed}: {reason}")
    return 0 if 10 * document["successes"] >= 9 * options.episodes and zero != "successes" else 1


if __name__ == "__main__":
    sys.exit(main())
