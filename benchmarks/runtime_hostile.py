"""Hostile inputs through runtime, controller and gate, judged by a monitor that sees only what a driver would receive.

    python benchmarks/runtime_hostile.py [--inputs 1000000] [--seed 1] [--processes 2] [--robots panda ur5e] [--rows FILE] [--json]

A sequence drives one or two arms from a random state: at rest inside the limits or outside them, or at speed, with room to brake and without.
Policies ask for whatever they like, persons, drivers and joint states say whatever they like, goals come and go. Counted as hostile inputs are
the directives of the policies and all stamped inputs but true joint states and plain goals. The monitor judges positions, velocities, accelerations and
jerks by tick and nominal period, and the stream interpolated at 1 kHz. From a state that has no room left velocity and acceleration still have to hold, the
way out has to be braked at every tick, the excess may only fall from then on, and the report has to say so. Exit status 1 on a violation.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from gate_hostile import RATES, Monitor

from skillkit import compiled, share
from skillkit.arm import RESEED
from skillkit.assembly.system import arm_loop
from skillkit.braking import JointLimits
from skillkit.cell import CellArm
from skillkit.embodiment import Embodiment
from skillkit.option import Option, Situation
from skillkit.pose import Array, Pose
from skillkit.runtime import Runtime
from skillkit.spaces import (
    CancelInput,
    CartesianDelta,
    ControlInput,
    Directive,
    DriverInput,
    Ending,
    GoalInput,
    Hold,
    Input,
    JointCommand,
    JointInput,
    JointTarget,
    Outcome,
    TeleopInput,
)

CHUNK = 5_000  # inputs handed to a process at a time
NUMBERS = (0.0, -0.0, np.nan, np.inf, -np.inf, 1e300, -1e300, 1e-320, 1e18)
Rng = np.random.Generator


class Hostile:
    """A policy that asks for anything, in phases of one kind each."""

    def __init__(self, name: str, arm: Embodiment, rng: Rng) -> None:
        self.name, self.arm, self.rng, self.left, self.asked = name, arm, rng, 0, 0

    def start(self, situation: Situation) -> None:
        """Nothing to begin."""

    def act(self, situation: Situation) -> Any:
        self.asked += 1
        self.left -= 1
        if self.left < 0:
            kinds = (self._jump, self._drift, self._shake, self._joints, self._garbage, self._hold, self._joints)
            self.kind, self.left = kinds[int(self.rng.integers(len(kinds)))], int(self.rng.integers(5, 60))
            self.direction = self.rng.normal(size=6) * 10.0 ** self.rng.uniform(-4, 1)
            self.goal = self._somewhere()
        return {self.name: self.kind()}

    def snapshot(self) -> dict[str, Any]:
        """No state that a run would need."""
        return {}

    def restore(self, snapshot: dict[str, Any]) -> None:
        """No state."""

    def _somewhere(self) -> Array:
        lower, upper = self.arm.lower, self.arm.upper
        return self.rng.uniform(lower - 0.2, upper + 0.2) if self.rng.random() < 0.5 else np.where(self.rng.random(self.arm.n) < 0.5, lower, upper)

    def _delta(self, values: Array) -> Directive:
        frame = ("tool", "base", "world", "cup_9")[int(self.rng.choice(4, p=(0.3, 0.3, 0.38, 0.02)))]
        x, y, z, a, b, c = values.tolist()
        return CartesianDelta((x, y, z), (a, b, c), frame, float(self.rng.uniform(-1, 2)))

    def _jump(self) -> Directive:
        return self._delta(self.rng.normal(size=6) * 10.0 ** self.rng.choice([-3, -1, 0, 2, 5, 200]))

    def _drift(self) -> Directive:
        return self._delta(self.direction)

    def _shake(self) -> Directive:
        return self._delta(self.direction * self.rng.choice([-1.0, 1.0]))

    def _joints(self) -> Directive:
        return JointTarget(tuple(self.goal.tolist()))

    def _hold(self) -> Directive:
        return Hold()

    def _garbage(self) -> Any:
        values = self.rng.normal(size=6)
        values[int(self.rng.integers(6))] = self.rng.choice(NUMBERS)
        choices = (
            self._delta(values), JointTarget(tuple(values.tolist())), JointTarget(()), JointTarget(tuple(self.rng.choice(NUMBERS, self.arm.n).tolist())),
            None, "go", CartesianDelta(("x", None, 1j), (0.0,) * 3), CartesianDelta((0.0,) * 2, (0.0,) * 3),  # type: ignore[arg-type]
            Ending(Outcome.FAILED, "gave up"),
        )  # fmt: skip
        return choices[int(self.rng.choice(len(choices)))] if self.rng.random() < 0.3 else Hold()


class Driven:
    """One arm of a sequence: its loop, a mock that lags behind its commands, and the monitor of what it was sent."""

    def __init__(self, name: str, arm: Embodiment, rng: Rng) -> None:
        self.name, self.arm, self.rng, self.dt = name, arm, rng, 1.0 / arm.control_rate
        self.loop = arm_loop(CellArm(name, arm, Pose.from_vector()), compiled.chosen())
        self.policy = Hostile(name, arm, rng)
        self.position = rng.uniform(arm.lower, arm.upper)
        if rng.random() < 0.2:  # at rest, perhaps outside the limits
            self.position = self.position + rng.uniform(-0.4, 0.4, arm.n) * np.minimum(1.0, arm.upper - arm.lower)
        self.follows = float(rng.choice([1.0, 1.0, 0.6, 0.2]))
        self.monitor, self.sent, self.violations = Monitor(arm, arm.control_rate), list[Array](), list[str]()
        self.judged = 0
        self.overrunning = np.zeros(arm.n, dtype=bool)
        self.blocked = self.lied = self.anywhere = self.ran_out = self.halted = False

    def senses(self, now: float) -> tuple[list[Input], int]:
        """The joint state of this tick, and 1 where it is not the true one; at times none."""
        roll, values = self.rng.random(), self.position.tolist()
        if roll < 0.002:
            values[int(self.rng.integers(self.arm.n))] = float(self.rng.choice(NUMBERS))
        elif roll < 0.004:
            values = [*values, 0.0][int(self.rng.integers(2)) * 2 :]
        elif roll < 0.005 and self.loop.engaged:  # where a goal begins the joint state is believed
            values = (self.position + self.rng.normal(size=self.arm.n)).tolist()
        elif roll < 0.03 and not self.lied:
            return [], 1
        self.lied = roll < 0.005
        if len(values) == self.arm.n:
            self.told = np.array(values)
        return [JointInput(self.name, now, now, tuple(values), (0.0,) * len(values), 0.04)], int(roll < 0.005)

    def teleport(self) -> None:
        """Put the loop into a state at speed, with room to brake or without it."""
        arm, rng = self.arm, self.rng
        limits = JointLimits(arm, self.dt, 1.0 - 1e-6)
        position = rng.uniform(arm.lower, arm.upper)
        step, change = rng.uniform(-1, 1, arm.n) * limits.step, rng.uniform(-1, 1, arm.n) * limits.change * (rng.random() < 0.5)
        over = _overruns(arm, limits, position, step, change)
        if rng.random() < 0.7:
            step, change = np.where(over, 0.0, step), np.where(over, 0.0, change)
        else:
            change = np.where(over, 0.0, change)
        overrunning = _overruns(arm, limits, position, step, change)
        before, at = position - step, position.tolist()
        state = self.loop.snapshot()
        state["controller"] |= {"position": at, "before": before.tolist(), "step": step.tolist(), "change": change.tolist(), "holding": True}
        state["gate"] |= {"sent": at, "step": step.tolist(), "change": change.tolist(), "asked": at}
        state["latest"][2], state["sent"] = at, [at, (step / self.dt).tolist()]
        self.loop.restore(state)
        self.close()
        self._begin(position)
        self.overrunning, self.anywhere, self.ran_out = overrunning, True, bool(overrunning.any())
        self.monitor.step, self.monitor.change, self.position, self.told = step, change, position, position

    def see(self, command: JointCommand | None, idle: bool) -> None:
        """What the driver receives in a tick, or silence. The goal of an arm that was ``idle`` goes on from the last command while the arm is there."""
        if command is None:
            self.halted |= self.blocked and not idle  # an arm that is not driven has nothing to be halted in
            if self.sent and not self.blocked and (np.abs(self.monitor.step) > 1e-4 * self.dt).any():
                self.violations.append("silence while the arm moves")
            self.close()
            return
        if not self.sent or idle:
            self.close()
            stays = not self.halted and hasattr(self.monitor, "last") and np.abs(self.told - self.monitor.last).max() <= RESEED
            self._begin(self.monitor.last if stays else self.told)
        self.halted = not command.safe
        self.judged += 1
        self._judge(command)
        self.sent.append(command.position)
        self.position = self.position + self.follows * (command.position - self.position)

    def _begin(self, start: Array) -> None:
        self.monitor.start(start)
        self.sent, self.anywhere, self.ran_out = [np.array(start)], False, False

    def _judge(self, command: JointCommand) -> None:
        arm, monitor, before = self.arm, self.monitor, self.monitor.step
        known = len(monitor.violations)
        monitor.see(command.position)
        if self.anywhere:  # room is what is left of the range when the arm has braked, and that is judged by position
            monitor.violations[known:] = [text for text in monitor.violations[known:] if not text.startswith("braking room")]
        if not self.overrunning.any():
            return
        excess = np.maximum(np.maximum(command.position - arm.upper, arm.lower - command.position), 0.0)
        outward = np.where(command.position > arm.upper, monitor.step, -monitor.step)
        runs_out = self.overrunning & (excess > 0.0) & (outward > 0.0)
        slower = np.abs(monitor.step) < np.abs(before)
        names = [arm.joints[i] for i in np.flatnonzero(self.overrunning)]
        found = [text for text in monitor.violations[known:] if not (text.startswith("position") and text.split(" ")[2] in names)]
        monitor.violations[known:] = found
        self.violations += [f"{arm.joints[i]} runs out of its range without braking" for i in np.flatnonzero(runs_out & ~slower)]
        if runs_out.any() and command.safe and not command.limited:
            self.violations.append("an excess that the report does not tell")
        self.overrunning &= (np.abs(monitor.step) > 0.0) & ~((excess > 0.0) & (outward <= 0.0))

    def close(self) -> None:
        """Judge a stream that has ended as an arm sees it that interpolates it at 1 kHz."""
        if len(self.sent) > 2 and not self.ran_out:
            self.monitor.resample(self.sent)
        self.violations += self.monitor.violations
        self.monitor.violations, self.sent = [], []
        self.overrunning = np.zeros(self.arm.n, dtype=bool)


def _overruns(arm: Embodiment, limits: JointLimits, position: Array, step: Array, change: Array) -> Any:
    """(n,) whether the hardest braking from here, of the way up or of the way down, breaks a limit: found by braking."""
    broken = np.zeros(arm.n, dtype=bool)
    for sign in (1.0, -1.0):
        speed, bend, place = sign * step, sign * change, position
        for _ in range(100_000):
            bend = np.maximum(bend - limits.jerk, -limits.change)
            speed = speed + bend
            place = place + sign * np.maximum(speed, 0.0)
            broken |= (speed > limits.step) | ((speed > 0.0) & ((place > arm.upper) | (place < arm.lower)))
            if ((speed <= 0.0) & (bend <= 0.0)).all():
                break
        else:
            broken[:] = True
    return broken


def requests(names: list[str], now: float, rng: Rng) -> list[Input]:
    """What else arrives in a tick: mostly nothing."""
    if rng.random() > 0.08:
        return [ControlInput("resume", now), *(DriverInput(name, now, "ready") for name in names)] if rng.random() < 0.1 else []
    name, number = names[int(rng.integers(len(names)))], float(rng.choice(NUMBERS))
    speed, state = (1.0, 0.5, 0.0, number)[int(rng.integers(4))], ("ready", "ready", "blocked", "fault", "lost")[int(rng.integers(5))]
    twist = tuple((rng.normal(size=6) * 10.0 ** rng.uniform(-2, 4)).tolist())
    choices: tuple[Input, ...] = (
        TeleopInput(name, now, now, twist=twist, frame=("tool", "base", "world", "moon")[int(rng.integers(4))]),
        TeleopInput(name, now, now, twist=(*twist[:5], number)),
        TeleopInput(name, now, now, pose=(*twist[:3], *rng.normal(size=4).tolist()), frame="world"),
        TeleopInput(name, now, now, pose=(*twist[:3], 0.0, 0.0, 0.0, number), frame="world"),
        CancelInput("" if rng.random() < 0.3 else f"goal {name}", now),
        ControlInput(("pause", "resume", "step", "resume", "jump")[int(rng.integers(5))], now),
        DriverInput(name, now, state, "protective stop", speed),
        GoalInput(f"goal {int(rng.integers(99))}", now, f"hostile {name}", {"depth": number}),
        JointInput("nobody", now, now, (number,), (number,), number),
    )  # fmt: skip
    return [choices[int(rng.integers(len(choices)))]]


def sequence(arms: list[Embodiment], rng: Rng, counts: dict[str, int]) -> list[str]:
    """One sequence; what it violated."""
    rate = float(rng.choice(RATES))
    chosen = [replace(arms[int(rng.integers(len(arms)))], control_rate=rate) for _ in range(int(rng.integers(1, 3)))]
    driven = {f"arm{i}": Driven(f"arm{i}", arm, rng) for i, arm in enumerate(chosen)}
    options = {f"hostile {name}": Option(f"hostile {name}", partial(lambda one: one, d.policy), rate=0.0, roles=(name,)) for name, d in driven.items()}
    runtime = Runtime([d.loop for d in driven.values()], options)
    fault = f"{', '.join(arm.name for arm in chosen)} at {rate:g} Hz: "
    moving = rng.random() < 0.6
    for tick in range(int(rng.integers(100, 400))):
        now = tick / rate
        inputs: list[Input] = []
        for d in driven.values():
            heard, false = d.senses(now)
            inputs += heard
            counts["inputs"] += false
        extra = requests(list(driven), now, rng)
        counts["inputs"] += len(extra)
        extra += [GoalInput(f"goal {name}", now, f"hostile {name}") for name, d in driven.items() if not d.loop.engaged]
        if moving and tick == 5:
            for d in driven.values():
                if d.loop.engaged and not d.loop.held and not d.loop.stopped_because:
                    d.teleport()
        for given in extra:
            if isinstance(given, DriverInput):
                driven[given.arm].blocked = given.state == "blocked"
        idle = {name: not d.loop.engaged for name, d in driven.items()}
        asked = sum(d.policy.asked for d in driven.values())
        commands: Mapping[str, JointCommand] = runtime.step([*inputs, *extra], now).commands
        counts["inputs"] += sum(d.policy.asked for d in driven.values()) - asked
        for name, d in driven.items():
            command = commands.get(name)
            d.see(command, idle[name])
            counts["commands"] += command is not None
            counts["digest"] = crc32(b"" if command is None else command.position.tobytes(), counts["digest"])
            counts["limited"] += command is not None and bool(command.limited)
            counts["stopped"] += command is not None and not command.safe
    for d in driven.values():
        d.close()
    counts["sequences"] += 1
    return [fault + violation for d in driven.values() for violation in d.violations]


_model = cache(Embodiment.load)


def attack(robots: list[str], inputs: int, seed: int) -> dict[str, Any]:
    """At least ``inputs`` hostile inputs in sequences; counts, the first violations, and a ``digest`` of all commands."""
    arms, rng = [_model(robot) for robot in robots], np.random.default_rng(seed)
    counts = dict.fromkeys(("inputs", "commands", "limited", "stopped", "sequences", "digest"), 0)
    violations: list[str] = []
    with np.errstate(all="ignore"):
        while counts["inputs"] < inputs:
            violations += sequence(arms, rng, counts)
    return {**counts, "seed": seed, "violations": len(violations), "first": violations[:5]}


def rows(words: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """What every chunk found: first those that the file of rows knows, then the others as they end."""
    known = [json.loads(line) for line in words.rows.read_text().splitlines()] if words.rows and words.rows.exists() else []
    parts = [min(CHUNK, words.inputs - begun) for begun in range(0, words.inputs, CHUNK)]
    work = {words.seed * 100_003 + index: (words.robots, part, words.seed * 100_003 + index) for index, part in enumerate(parts)}
    for row in known:
        if work.pop(row["seed"], None):
            yield row
    with get_context("spawn").Pool(words.processes) as pool:
        for row in pool.imap_unordered(_attack, work.values()):
            if words.rows:
                with words.rows.open("a") as file:
                    file.write(json.dumps(row) + "\n")
            yield row


def _attack(work: tuple[list[str], int, int]) -> dict[str, Any]:
    return attack(*work)


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=1_000_000, help="how many hostile inputs at least")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--robots", nargs="*", default=sorted(share.files("urdf")), help="names of robot models, or paths of their YAML; all if left out")
    parser.add_argument("--rows", type=Path, help="a file of JSON lines, one per chunk: what it holds is not run again, what is run is added")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    words = parser.parse_args()
    total: dict[str, Any] = {"robots": words.robots, "seed": words.seed, "violations": 0, "first": [], "faulty": []}
    for found in rows(words):
        total |= {key: total.get(key, 0) + value for key, value in found.items() if key not in ("first", "seed", "digest")}
        total["first"] = [*total["first"], *found["first"]][:5]
        total["faulty"] += [found["seed"]] if found["violations"] else []
        print(f"{total['inputs']} inputs, {total['violations']} violations {total['faulty'] or ''}", file=sys.stderr, flush=True)
    if words.json:
        print(json.dumps(total))
    else:
        print(f"{total['inputs']} hostile inputs, {total['commands']} commands in {total['sequences']} sequences: {total['violations']} violations")
        print(f"{total['limited']} commands were limited, {total['stopped']} stopped by the gate")
        print("\n".join(total["first"]))
    return 1 if total["violations"] else 0


if __name__ == "__main__":
    sys.exit(main())
