"""What one action of a learned policy costs, at batch 1 on one thread: torch, numpy, ONNX Runtime, and ONNX Runtime with eight bits; and ten policies
beside one that serves ten tasks, in numbers held.

    python benchmarks/learn_latency.py [--repeat 2000] [--hidden 400,400,400] [--json]

Needs the extras learn and onnx. The network is untrained: its cost does not depend on its numbers. Ten seconds.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from skillkit.learn.config import from_dict
from skillkit.learn.dataset import Space
from skillkit.learn.folding import fold
from skillkit.learn.model import Model, Task
from skillkit.learn.onnx_graph import write_onnx
from skillkit.policies.learned import Network, onnx_function
from skillkit.policies.quantise import quantise

INPUTS, ACTIONS, TASKS = 39, 4, 10
SPACE = Space(tuple(f"o{number}" for number in range(INPUTS)), tuple(f"a{number}" for number in range(ACTIONS)), 20.0)


def model(network: str, hidden: list[int]) -> Model:
    """An untrained model of ten tasks."""
    torch.manual_seed(0)
    config = from_dict({"dataset": "", "network": network, "hidden": hidden, "features": "plain", "scales": []})
    return Model(config, SPACE, [Task(f"task{number}", "do it", ACTIONS) for number in range(TASKS)]).eval()


def times(act: Callable[[np.ndarray], Any], seen: np.ndarray, repeat: int) -> dict[str, float]:
    """Median and 99th percentile [µs]."""
    for row in seen[:50]:
        act(row)
    found = []
    for number in range(repeat):
        row = seen[number % len(seen)]
        begun = time.perf_counter_ns()
        act(row)
        found.append((time.perf_counter_ns() - begun) / 1000)
    return {"median_us": statistics.median(found), "p99_us": sorted(found)[int(0.99 * len(found))]}


def main() -> int:
    """Measure all in one run, and print them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=2000)
    parser.add_argument("--hidden", default="400,400,400")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    hidden = [int(width) for width in options.hidden.split(",")]
    made = model("shared", hidden)
    seen = np.random.default_rng(0).normal(size=(256, INPUTS))
    arrays = {name: value.numpy() for name, value in fold(made, "task3").items()}
    task = torch.tensor([3])

    def with_torch(row: np.ndarray) -> torch.Tensor:
        with torch.inference_mode():
            return made(torch.from_numpy(row.astype(np.float32))[None, None], task)

    with tempfile.TemporaryDirectory() as folder:
        plain, small = Path(folder) / "plain.onnx", Path(folder) / "int8.onnx"
        write_onnx(plain, arrays, (), made.features.first)
        quantise(plain, small, seen.astype(np.float32))
        functions = {"torch": with_torch, "numpy": Network(arrays, (), made.features.first)}
        for name, path in (("onnx", plain), ("onnx int8", small)):
            functions[name] = onnx_function(path, hashlib.sha256(path.read_bytes()).hexdigest())
        rows = {name: times(act, seen, options.repeat) for name, act in functions.items()}
        sizes = {"float32": plain.stat().st_size, "int8": small.stat().st_size}
    count = {name: sum(parameter.numel() for parameter in model(name, hidden).parameters()) for name in ("separate", "shared")}
    found = {"machine": platform.processor() or platform.machine(), "hidden": hidden, "times": rows, "bytes": sizes, "parameters_of_ten_tasks": count}
    if options.json:
        print(json.dumps(found))
        return 0
    for name, row in rows.items():
        print(f"{name:10} {row['median_us']:7.1f} µs median  {row['p99_us']:7.1f} µs at the 99th percentile")
    print(f"files: {sizes['float32']} bytes with 32-bit floats, {sizes['int8']} with eight bits")
    print(f"ten tasks: {count['separate']} numbers in ten policies, {count['shared']} in one ({count['separate'] / count['shared']:.1f} times)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
