"""10 000 random task trees against an independent reference interpreter: the same skills, outcomes and ticks; no lease shared, nothing left active.

    python benchmarks/tree_semantics.py [--count 10000] [--seed 1000]

Prints one JSON object; exit 0 only when every tree did the same in both.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "trees"))

from equivalence import compare  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1000)
    arguments = parser.parse_args()
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        different = [text for seed in range(arguments.seed, arguments.seed + arguments.count) if (text := compare(seed, Path(folder)))]
    seconds = round(time.perf_counter() - begun, 1)
    print(json.dumps({"trees": arguments.count, "different": len(different), "seconds": seconds, "first": different[:3]}, indent=1))
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
