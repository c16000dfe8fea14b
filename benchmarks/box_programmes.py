"""The compiled box programme against daqp and scipy on random problems, degenerate ones among them.

    python benchmarks/box_programmes.py [--count 100000] [--scipy-every 20] [--json]

Up to eight joints; tasks of any rank, closed intervals, wishes exactly on a bound. Judged by cost: ours may be no more than a millionth (and rounding)
above either solver's, and no point outside the box. Exit 0 when that held for all.
"""

from __future__ import annotations

import argparse
import json
import sys
from time import perf_counter

import daqp
import numpy as np
from scipy.optimize import lsq_linear

from skillkit.compiled import box
from skillkit.pose import Array

WIDEST = 1e-12  # a closed interval is opened by this for scipy


def problem(rng: np.random.Generator) -> tuple[Array, Array, Array, Array, Array]:
    """Rows (m, n), their programme (n, n), what is wanted, and the bounds (n,)."""
    n = int(rng.integers(1, 9))
    rows = rng.normal(size=(int(rng.integers(1, 7)), n)) * (rng.random(n) < 0.95)
    rows = np.vstack((rows, 10.0 ** rng.uniform(-3, -1) * np.eye(n)))
    rows /= np.sqrt((rows**2).sum(axis=0).max())
    low, high = -rng.uniform(0.0, 1.0, n), rng.uniform(0.0, 1.0, n)
    closed = rng.random(n) < 0.1 * (rng.random() < 0.3)
    high = np.where(closed, low, high)
    wanted = rng.normal(size=n) * 10.0 ** rng.uniform(-1, 1)
    wanted = np.where(rng.random(n) < 0.1, low, np.where(rng.random(n) < 0.1, high, wanted))
    return rows, rows.T @ rows, wanted, low, high


def main() -> int:
    """Run, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--scipy-every", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    words = parser.parse_args()
    rng, figures = np.random.default_rng(0), {"problems": 0, "bounded": 0, "scipy": 0, "worse": 0, "outside": 0, "unproven": 0, "daqp_failed": 0}
    ours, theirs = [], []
    for k in range(words.count):
        rows, hessian, wanted, low, high = problem(rng)
        n, flat, g, x, work = len(wanted), hessian.ravel(), hessian @ wanted, wanted.copy(), np.empty(80)
        begun = perf_counter()
        figures["unproven"] += not box.solve(flat, g, n, low, high, x, work)
        between = perf_counter()
        other, _, status, _ = daqp.solve(hessian, -g, np.zeros((0, n)), high, low, np.zeros(n, dtype=np.int32))
        ours.append(between - begun)
        theirs.append(perf_counter() - between)
        rivals = [np.clip(other, low, high)] if status == 1 else []
        figures["daqp_failed"] += status != 1
        if k % words.scipy_every == 0:
            rivals.append(np.clip(lsq_linear(rows, rows @ wanted, (low, np.maximum(high, low + WIDEST)), tol=1e-15, method="bvls").x, low, high))
            figures["scipy"] += 1
        cost = float(np.sum((rows @ (x - wanted)) ** 2))
        figures["worse"] += any(cost > float(np.sum((rows @ (rival - wanted)) ** 2)) * (1.0 + 1e-6) + 1e-15 for rival in rivals)
        figures["outside"] += not ((x >= low) & (x <= high)).all()
        figures["bounded"] += not ((wanted >= low) & (wanted <= high)).all()
        figures["problems"] += 1
    times = {"ours_us": float(np.median(ours)) * 1e6, "daqp_us": float(np.median(theirs)) * 1e6}
    print(json.dumps({**figures, **times}) if words.json else "\n".join(f"{name:12} {value:g}" for name, value in {**figures, **times}.items()))
    return 1 if figures["worse"] or figures["outside"] or figures["unproven"] else 0


if __name__ == "__main__":
    sys.exit(main())
