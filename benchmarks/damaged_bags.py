"""10 000 damaged bags: cut, bytes flipped, lengths and checksums overwritten, parts lost or doubled. Each opens, in part, or is refused in words.

    python benchmarks/damaged_bags.py [--count 10000] [--seed 0] [--json]

Everything is read of each: topics, attachments, steps, columns, the state in the middle. Prints how many were read and how many refused,
tracebacks (0, or the exit status is 1), and how much memory the process has taken at most (peak of its resident set).
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import struct
import sys
import tempfile
import traceback
from collections import Counter
from pathlib import Path

from skillkit.bags import BagWriter, open_bag, recover
from skillkit.exceptions import SkillkitError

KINDS = ("cut", "flipped", "length", "lost", "doubled")
HOSTILE = (0, 1, 255, 2**31, 2**32 - 1, 2**62, 2**63, 2**64 - 1)
MEMORY = 300.0  # [MB] that one bag of 30 kB may make the process take, besides what its libraries take
STEPS = 30


def damaged(whole: bytes, rng: random.Random) -> bytes:
    """One file with one kind of damage."""
    data = bytearray(whole)
    kind, at = rng.choice(KINDS), rng.randrange(8, len(data) - 8)
    if kind == "cut":
        return bytes(data[:at])
    if kind == "flipped":
        for _ in range(rng.randrange(1, 20)):
            data[rng.randrange(len(data))] = rng.randrange(256)
    elif kind == "length":
        data[at : at + 8] = struct.pack("<Q", rng.choice(HOSTILE))
    elif kind == "lost":
        del data[at : at + rng.randrange(1, 64)]
    else:
        data[at:at] = data[at : at + rng.randrange(1, 64)]
    return bytes(data)


def sound(path: Path, compression: str) -> bytes:
    """A small bag as the runtime writes it."""
    with BagWriter(path, compression=compression) as writer:
        writer.attach("task.yaml", b"task: t", "application/yaml")
        writer.metadata("run", {"task": "t"})
        for tick in range(STEPS):
            now = 0.01 * tick
            joint = {"kind": "joint", "name": "panda", "stamp": now, "received": now, "values": [0.1 * tick] * 16, "text": ""}
            cup = {"kind": "object", "name": "cup", "stamp": now, "received": now, "values": [0.4, 0.0, 0.1, 0.0, 0.0, 0.0, 1.0], "text": ""}
            command = {"arm": "panda", "position": [0.1] * 7, "velocity": [0.0] * 7, "closure": 0.5, "limited": ["gate"], "safe": True}
            writer.write_step({"tick": tick, "now": now, "inputs": [joint, cup]}, {"tick": tick, "commands": [command]})
            if tick % 10 == 0:
                writer.write_keyframe(tick, "{}", now)
    return path.read_bytes()


def read(path: Path) -> int:
    """Read everything; how many messages there were.

    Raises:
        SkillkitError: in words, why not.
    """
    with open_bag(path) as bag:
        for name in bag.attachments:
            bag.attachments[name]
        found = sum(1 for _ in bag.raw_messages())
        for name in bag.runtimes:
            for _ in bag.run(name).raw_steps():
                pass
        for topic in bag.topics:
            bag.columns(topic)
        bag.at(0.5 * STEPS * 0.01)
        for _ in bag.messages():
            pass
    return found


def attempt(data: bytes, path: Path, results: Counter[str], failures: list[str]) -> None:
    """One damaged bag, read and recovered."""
    path.write_bytes(data)
    whole = path.with_suffix(".whole")
    whole.unlink(missing_ok=True)
    try:
        found = read(path)
        recover(path, whole)
        results["read" if found else "empty"] += 1
    except SkillkitError:
        results["refused"] += 1
    except Exception:  # what must not be
        results["tracebacks"] += 1
        failures.append(traceback.format_exc())


def run(count: int, seed: int) -> tuple[dict[str, float], list[str]]:
    """``count`` damaged bags."""
    rng, results, failures = random.Random(seed), Counter[str](), list[str]()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bag.mcap"
        bags = [sound(Path(folder) / f"{word}.mcap", word) for word in ("zstd", "lz4", "none")]
        read(Path(folder) / "zstd.mcap")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        for number in range(count):
            attempt(damaged(bags[number % len(bags)], rng), path, results, failures)
    more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before
    return {"count": count, **{word: results[word] for word in ("read", "empty", "refused", "tracebacks")}, "memory_mb": more}, failures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    figures, failures = run(given.count, given.seed)
    print(json.dumps(figures) if given.json else "\n".join(f"{name:<12} {figure:,.0f}" for name, figure in figures.items()))
    for failure in failures[:3]:
        print(failure, file=sys.stderr)
    return 0 if not failures and figures["memory_mb"] <= MEMORY else 1


if __name__ == "__main__":
    sys.exit(main())
