"""Hostile inputs through the safety gate, judged by a monitor that sees only what a driver would receive.

    python benchmarks/gate_hostile.py [--inputs 100000] [--seed 1] [--robot panda] [--json]

Prints the number of violations (0, or the exit status is 1) and the time of one gate step.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from time import perf_counter
from typing import Any

import numpy as np

from skillkit import compiled, share
from skillkit.braking_tail import braking_tail
from skillkit.embodiment import Embodiment
from skillkit.safety import SafetyGate

if compiled.chosen():  # both paths send the same, bit for bit
    from skillkit.compiled.limits import CompiledLimits as LIMITS
else:
    from skillkit.braking import JointLimits as LIMITS

RATES = (50.0, 100.0, 125.0, 250.0, 500.0, 1000.0)  # [Hz]
SEQUENCE = (100, 400)  # inputs between two resets


class Monitor:
    """Recomputes velocity and acceleration from the positions sent, by tick and nominal period."""

    def __init__(self, arm: Embodiment, rate: float) -> None:
        self.arm, self.dt = arm, 1.0 / rate
        self.violations: list[str] = []

    def start(self, position: np.ndarray) -> None:
        """The arm rests at ``position`` (n,)."""
        self.last, self.step, self.change = np.array(position), np.zeros(self.arm.n), np.zeros(self.arm.n)

    def see(self, position: np.ndarray) -> None:
        """One position as it arrives at the driver; whatever breaks a limit goes into ``violations``."""
        arm, dt = self.arm, self.dt
        if not (isinstance(position, np.ndarray) and position.shape == (arm.n,) and np.isfinite(position).all()):
            self.violations.append(f"not {arm.n} finite numbers: {position!r}")
            return
        step = position - self.last
        ulp = 4.0 * np.spacing(np.maximum(np.abs(position), np.abs(self.last)))
        self._judge("velocity", np.abs(step) / dt - arm.velocity, np.maximum(1e-9 * arm.velocity, ulp / dt))
        self._judge("acceleration", np.abs(step - self.step) / dt**2 - arm.acceleration, np.maximum(1e-9 * arm.acceleration, ulp / dt**2))
        jerk = np.abs(step - self.step - self.change) / dt**3
        self._judge("jerk", jerk - arm.jerk, np.maximum(1e-9 * arm.jerk, 2.0 * ulp / dt**3))
        excess, before = (np.maximum(np.maximum(q - arm.upper, arm.lower - q), 0.0) for q in (position, self.last))
        self._judge("position", excess - before, np.zeros(arm.n))
        room = np.where(step > 0.0, arm.upper - position, position - arm.lower)
        inside = excess == 0.0
        distance = (step / dt) ** 2 / (2.0 * arm.acceleration)
        self._judge(
            "braking room", np.where(inside, distance - room, -1.0), 1e-9 * distance + 4.0 * np.spacing(np.maximum(np.abs(arm.lower), np.abs(arm.upper)))
        )
        self.last, self.change, self.step = np.array(position), step - self.step, step

    def resample(self, positions: list[np.ndarray], rate: float = 1000.0) -> None:
        """Look at the same stream as an arm does that interpolates it at ``rate`` [Hz]: inside the position limits, no faster than allowed."""
        sent = np.array(positions)
        ticks = np.arange(len(sent)) * self.dt
        times = np.arange(int(ticks[-1] * rate) + 1) / rate
        path = np.column_stack([np.interp(times, ticks, joint) for joint in sent.T])
        lower, upper = np.minimum(self.arm.lower, sent[0]), np.maximum(self.arm.upper, sent[0])
        self._judge("position at 1 kHz", np.maximum(path - upper, lower - path).max(axis=0), 4.0 * np.spacing(np.abs(path).max(axis=0)))
        if len(path) > 1:
            speed = np.abs(np.diff(path, axis=0)).max(axis=0) * rate
            self._judge("velocity at 1 kHz", speed - self.arm.velocity, 1e-9 * self.arm.velocity + 8.0 * np.spacing(np.abs(path).max(axis=0)) * rate)

    def _judge(self, what: str, excess: np.ndarray, tolerance: np.ndarray) -> None:
        for i in np.flatnonzero(~(excess <= tolerance)):
            self.violations.append(f"{what} of {self.arm.joints[i]} exceeded by {excess[i]:.3g}")


def hostile_inputs(arm: Embodiment, gate: SafetyGate, rng: np.random.Generator) -> Iterator[tuple[Any, Any, Any]]:
    """Endless (command, measured, age): phases of one kind of trouble each, at random."""
    kinds = (jumps, limits, noise, sweeps, at_speed, garbage, hold)
    while True:
        kind = kinds[int(rng.integers(len(kinds)))]
        make = kind(arm, gate, rng)
        trouble = rng.random() < 0.02
        for _ in range(int(rng.integers(1, 60))):
            measured, age = gate.snapshot()["sent"], float(rng.uniform(0.0, gate.stale_after))
            if trouble and rng.random() < 0.1:
                measured = [measured, None, [np.nan] * arm.n, measured[:-1], "where"][int(rng.integers(5))]
                age = [age, np.nan, np.inf, -np.inf, 1e300, None, gate.stale_after * 1.01][int(rng.integers(7))]
            yield make(), measured, age


Source = Callable[[Embodiment, SafetyGate, np.random.Generator], Callable[[], Any]]


def jumps(arm: Embodiment, gate: SafetyGate, rng: np.random.Generator) -> Callable[[], Any]:
    """Positions anywhere, up to 1e300 away."""
    return lambda: rng.normal(size=arm.n) * 10.0 ** rng.choice([-3, 0, 1, 5, 300])


def limits(arm: Embodiment, gate: SafetyGate, rng: np.random.Generator) -> Callable[[], Any]:
    """One limit, or the other, or a rounding error beside it."""
    flip = rng.random() < 0.5

    def make() -> np.ndarray:
        edge = np.where(rng.random(arm.n) < 0.5, arm.lower, arm.upper) if flip else arm.upper
        return np.nextafter(edge, rng.choice([-np.inf, np.inf])) if rng.random() < 0.3 else edge

    return make


def noise(arm: Embodiment, gate: SafetyGate, rng: np.random.Generator) -> Callable[[], Any]:
    """Shaking around where the arm is, by about what it could do in one tick."""
    size = 10.0 ** rng.uniform(-2, 2) * arm.acceleration / gate.rate**2
    return lambda: np.asarray(gate.snapshot()["sent"]) + size * rng.normal(size=arm.n)


def sweeps(arm: Embodiment, gate: SafetyGate, rng: np.random.Generator) -> Callable[[], Any]:
    """A line at up to three times the speed limit."""
    state = np.asarray(gate.snapshot()["sent"])
    step = rng.uniform(-3, 3, arm.n) * arm.velocity / gate.rate

    def make() -> np.ndarray:
        state[:] = state + step
        return state

    return make


def at_speed(arm: Embodiment, gate: SafetyGate, rng: np.random.Generator) -> Callable[[], Any]:
    """Full acceleration against one limit until it is reached, then the sudden reverse."""
    sign = rng.choice([-1.0, 1.0], arm.n)

    def make() -> np.ndarray:
        sent, step = (np.asarray(gate.snapshot()[key]) for key in ("sent", "step"))
        return sent + step + sign * rng.choice([0.999999, 1.0, 1.000001, 2.0]) * arm.acceleration / gate.rate**2

    return make


def garbage(arm: Embodiment, gate: SafetyGate, rng: np.random.Generator) -> Callable[[], Any]:
    """What is not a command at all."""
    good = np.asarray(gate.snapshot()["sent"])
    broken = good.copy()
    broken[int(rng.integers(arm.n))] = rng.choice([np.nan, np.inf, -np.inf])
    choices = [
        broken,
        good[:-1],
        np.append(good, 0.0),
        None,
        "stop",
        [[1.0], 2.0],
        np.zeros((arm.n, 1)),
        1j * good,
        {},
        10**400,
        object(),
        good,
        arm.home,
        [10**400] * arm.n,
    ]
    return lambda: choices[int(rng.integers(len(choices)))] if rng.random() < 0.3 else good


def hold(arm: Embodiment, gate: SafetyGate, rng: np.random.Generator) -> Callable[[], Any]:
    """Stay somewhere inside the limits."""
    goal = rng.uniform(arm.lower, arm.upper)
    return lambda: goal


def attack(arms: Sequence[Embodiment], inputs: int, seed: int) -> dict[str, Any]:
    """Send ``inputs`` hostile inputs in sequences, each to one of the ``arms``; the counts, the first violations and the step times [µs]."""
    rng = np.random.default_rng(seed)
    violations: list[str] = []
    times: list[float] = []
    counts = {"passed": 0, "limited": 0, "stopped": 0, "sequences": 0}
    while len(times) < inputs:
        arm, rate = arms[int(rng.integers(len(arms)))], float(rng.choice(RATES))
        gate, monitor = SafetyGate(arm, rate, limits=LIMITS), Monitor(arm, rate)
        start = rng.uniform(arm.lower, arm.upper)
        if rng.random() < 0.2:
            start = start + rng.uniform(-0.4, 0.4, arm.n) * np.minimum(1.0, arm.upper - arm.lower)  # may lie outside the limits
        gate.reset(start)
        if rng.random() < 0.3:
            gate.limit_speed(float(rng.uniform(0.05, 1.0)))
        monitor.start(start)
        sent = [start]
        counts["sequences"] += 1
        stream = hostile_inputs(arm, gate, rng)
        for _ in range(min(int(rng.integers(*SEQUENCE)), inputs - len(times))):
            command, measured, age = next(stream)
            begin = perf_counter()
            out = gate.step(command, measured, age)
            times.append(perf_counter() - begin)
            monitor.see(out.position)
            sent.append(out.position)
            counts["stopped" if not out.safe else "limited" if out.limited else "passed"] += 1
        monitor.resample(sent)
        tail = braking_tail(arm, out.position, out.velocity)
        positions = np.array(tail.positions)
        if any(tail.velocities[-1]) or np.any(
            np.maximum(positions - arm.upper, arm.lower - positions) > np.maximum(start - arm.upper, arm.lower - start).clip(0.0)
        ):
            monitor.violations.append("the braking tail leaves the limits or does not end at rest")
        violations += [f"{arm.name}, {rate:g} Hz: {violation}" for violation in monitor.violations]
    median, p99 = (float(x) * 1e6 for x in np.percentile(times, [50, 99]))
    return {
        "robots": [arm.name for arm in arms],
        "inputs": inputs,
        "seed": seed,
        **counts,
        "violations": len(violations),
        "first": violations[:5],
        "median_us": median,
        "p99_us": p99,
    }


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=100_000, help="how many inputs to send")
    parser.add_argument("--seed", type=int, default=1, help="seed of the inputs")
    parser.add_argument(
        "--robots", nargs="*", default=sorted(share.files("urdf")), help="names of robot models, or the paths of their YAML; all of them if left out"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    words = parser.parse_args()
    result = attack([Embodiment.load(robot) for robot in words.robots], words.inputs, words.seed)
    if words.json:
        print(json.dumps(result))
    else:
        print(f"{result['inputs']} hostile inputs in {result['sequences']} sequences: {result['violations']} violations")
        print(f"{result['passed']} passed unchanged, {result['limited']} limited, {result['stopped']} while stopped")
        print(f"gate step: median {result['median_us']:.0f} µs, p99 {result['p99_us']:.0f} µs")
        print("\n".join(result["first"]))
    return 1 if result["violations"] else 0


if __name__ == "__main__":
    sys.exit(main())
