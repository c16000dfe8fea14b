"""An interpreter of task trees that shares no code with the library: the meaning of every word, in one page, in whole control ticks.

Trees are plain dicts as a task file holds them. Time is counted in ticks of 10 ms; the tree decides every tenth tick, when a skill has
ended, when a guard breaks and when a time is over. ``docs/tree-semantics.md`` says the same in words.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

DECIDE, STEP, REST, LIMIT = 10, 5, 10, 3  # ticks between decisions, between policy steps, at rest before a cleanup; largest value of $n
RUNNING, SUCCESS, FAILURE = "running", "success", "failure"
SWALLOWED = "SFTR"
TESTS: dict[str, Callable[[World], bool]] = {
    "signal(beat) < 0.5": lambda w: w.beat < 0.5,
    "signal(beat) > 0.5": lambda w: w.beat > 0.5,
    "$n < 0.5": lambda w: w.n < 0.5,
    "$n > 0.5": lambda w: w.n > 0.5,
}
VALUES: dict[str, Callable[[World], float]] = {
    "0": lambda w: 0.0, "1": lambda w: 1.0, "signal(beat)": lambda w: w.beat, "1 - $n": lambda w: 1.0 - w.n, "$n + 3": lambda w: w.n + 3.0,
}  # fmt: skip


def beat(tick: int) -> float:
    """The signal that conditions look at."""
    return float(int(tick * 0.01 * 7) % 2)


class Fatal(Exception):
    """An ending that no word may swallow."""


class World:
    """What every node sees, and what it leaves behind: ``log`` holds (skill, letter, first tick, last tick) of every run."""

    def __init__(self) -> None:
        self.tick, self.n, self.wake = 0, 0.0, None
        self.active: list[Skill] = []
        self.guards: list[Guard] = []
        self.log: list[tuple[str, str, int, int]] = []
        self.next_decision = 0

    @property
    def beat(self) -> float:
        return beat(self.tick)

    def wake_at(self, tick: int) -> None:
        self.wake = tick if self.wake is None else min(self.wake, tick)


class Thing:
    """A node. ``begin`` is called when it is ticked and does not run."""

    def __init__(self, world: World, children: list[Thing]) -> None:
        self.world, self.children, self.runs = world, children, False

    def tick(self) -> str:
        if not self.runs:
            self.begin()
        self.runs = True
        status = self.go()
        self.runs = status == RUNNING
        return status

    def begin(self) -> None: ...

    def go(self) -> str:
        raise NotImplementedError

    def halt(self) -> None:
        self.runs = False
        for child in self.children:
            child.halt()


class Skill(Thing):
    def __init__(self, world: World, script: str, arm: str) -> None:
        super().__init__(world, [])
        self.script, self.arm, self.length, self.letter = script, arm, int(script[1:-1]), script[-1]

    def begin(self) -> None:
        self.first, self.over = self.world.tick, False
        if not (self.letter == "R" and self.length == 0):
            for other in [other for other in self.world.active if other.arm == self.arm]:
                other.halt()
        self.world.active.append(self)
        self.advance()

    def advance(self) -> None:
        if self.world.tick >= self.first + STEP * self.length:
            self.over = True
            self.end(self.letter)

    def end(self, letter: str) -> None:
        self.world.active.remove(self)
        self.world.log.append((self.script, letter, self.first, self.world.tick))

    def go(self) -> str:
        if not self.over:
            return RUNNING
        if self.letter not in SWALLOWED:
            raise Fatal(self.letter)
        return SUCCESS if self.letter == "S" else FAILURE

    def halt(self) -> None:
        if self.runs and not self.over:
            self.end("P")
        self.runs = False


class Condition(Thing):
    def __init__(self, world: World, text: str) -> None:
        super().__init__(world, [])
        self.text = text

    def go(self) -> str:
        return SUCCESS if TESTS[self.text](self.world) else FAILURE


class Set(Condition):
    def go(self) -> str:
        value = VALUES[self.text](self.world)
        if value > LIMIT:
            return FAILURE
        self.world.n = value
        return SUCCESS


class Wait(Thing):
    def __init__(self, world: World, ticks: int) -> None:
        super().__init__(world, [])
        self.ticks = ticks

    def begin(self) -> None:
        self.until = self.world.tick + self.ticks

    def go(self) -> str:
        if self.world.tick >= self.until:
            return SUCCESS
        self.world.wake_at(self.until)
        return RUNNING


class InTurn(Thing):
    """sequence (goes on with success) and fallback (goes on with failure)."""

    def __init__(self, world: World, children: list[Thing], on: str, memory: bool) -> None:
        super().__init__(world, children)
        self.on, self.memory, self.index = on, memory, 0

    def begin(self) -> None:
        self.index = 0

    def go(self) -> str:
        for index in range(self.index if self.memory else 0, len(self.children)):
            status = self.children[index].tick()
            if status != self.on:
                self.index = index
                for later in self.children[index + 1 :]:
                    later.halt()
                return status
        return self.on


class Parallel(Thing):
    def __init__(self, world: World, children: list[Thing], needed: int) -> None:
        super().__init__(world, children)
        self.needed = needed

    def begin(self) -> None:
        self.statuses = [RUNNING] * len(self.children)

    def go(self) -> str:
        for index, child in enumerate(self.children):
            if self.statuses[index] == RUNNING:
                self.statuses[index] = child.tick()
        if self.statuses.count(SUCCESS) >= self.needed:
            return self.close(SUCCESS)
        return self.close(FAILURE) if self.statuses.count(FAILURE) > len(self.children) - self.needed else RUNNING

    def close(self, status: str) -> str:
        for child in self.children:
            child.halt()
        return status


class Switch(Thing):
    def __init__(self, world: World, cases: list[str], children: list[Thing]) -> None:
        super().__init__(world, children)
        self.cases = cases

    def begin(self) -> None:
        held = [index for index, case in enumerate(self.cases) if TESTS[case](self.world)] + list(range(len(self.cases), len(self.children)))
        self.chosen = self.children[held[0]] if held else None

    def go(self) -> str:
        return self.chosen.tick() if self.chosen is not None else FAILURE


class Again(Thing):
    """retry (again after failure), repeat and for_each (again after success)."""

    def __init__(self, world: World, child: Thing, times: int, on: str) -> None:
        super().__init__(world, [child])
        self.times, self.on = times, on

    def begin(self) -> None:
        self.rounds = 0

    def go(self) -> str:
        if self.rounds >= self.times:
            return self.on
        status = self.children[0].tick()
        if status != self.on:
            return status
        self.rounds += 1
        return self.on if self.rounds >= self.times else RUNNING


class Timeout(Thing):
    def __init__(self, world: World, child: Thing, ticks: int) -> None:
        super().__init__(world, [child])
        self.ticks, self.first = ticks, True

    def begin(self) -> None:
        self.until, self.first = self.world.tick + self.ticks, True

    def go(self) -> str:
        if not self.first and self.world.tick >= self.until:
            self.children[0].halt()
            return FAILURE
        self.first = False
        status = self.children[0].tick()
        if status == RUNNING:
            self.world.wake_at(self.until)
        return status


class Guard(Thing):
    def __init__(self, world: World, child: Thing, text: str) -> None:
        super().__init__(world, [child])
        self.text = text
        world.guards.append(self)

    def go(self) -> str:
        if TESTS[self.text](self.world):
            return self.children[0].tick()
        self.children[0].halt()
        return FAILURE


class Turned(Thing):
    def __init__(self, world: World, child: Thing, success: str, failure: str) -> None:
        super().__init__(world, [child])
        self.to = {SUCCESS: success, FAILURE: failure, RUNNING: RUNNING}

    def go(self) -> str:
        return self.to[self.children[0].tick()]


class Recover(Thing):
    def __init__(self, world: World, work: Thing, back: Thing, times: int) -> None:
        super().__init__(world, [work, back])
        self.times = times

    def begin(self) -> None:
        self.count, self.goes_back = 0, False

    def go(self) -> str:
        work, back = self.children
        if not self.goes_back:
            status = work.tick()
            if status != FAILURE or work.letter != "R" or self.count >= self.times:
                return status
            self.count, self.goes_back = self.count + 1, True
        status = back.tick()
        self.goes_back = status == RUNNING
        return RUNNING if status == SUCCESS else status


class Cleanup(Thing):
    def __init__(self, world: World, work: Thing, then: Thing, always: bool) -> None:
        super().__init__(world, [work, then])
        self.always = always

    def begin(self) -> None:
        self.result, self.rested = "", 0

    def go(self) -> str:
        if not self.result:
            status = self.children[0].tick()
            if status == RUNNING:
                return RUNNING
            if status == SUCCESS and not self.always:
                return SUCCESS
            self.result, self.rested = status, self.world.tick + REST
        if self.world.tick < self.rested:
            self.world.wake_at(self.world.tick)
            return RUNNING
        return RUNNING if self.children[1].tick() == RUNNING else self.result


def make(tree: dict[str, Any], world: World, arm: str = "left") -> Thing:
    """The node that a dict stands for; a skill moves ``arm`` unless it says otherwise."""
    [word] = [key for key in tree if key != "arm"]
    value = tree[word]
    if word == "skill":
        return Skill(world, value, tree.get("arm", arm))
    if word in ("condition", "set", "wait"):
        return {"condition": Condition, "set": lambda w, v: Set(w, v["n"]), "wait": lambda w, v: Wait(w, round(v * 100))}[word](world, value)
    below = [make(child, world, arm) for child in children(tree)]
    return {
        "sequence": lambda: InTurn(world, below, SUCCESS, True),
        "fallback": lambda: InTurn(world, below, FAILURE, True),
        "reactive_sequence": lambda: InTurn(world, below, SUCCESS, False),
        "reactive_fallback": lambda: InTurn(world, below, FAILURE, False),
        "parallel": lambda: Parallel(world, below, value["succeed"]),
        "switch": lambda: Switch(world, [case["when"] for case in value["cases"]], below),
        "retry": lambda: Again(world, below[0], value["times"], FAILURE),
        "repeat": lambda: Again(world, below[0], value["times"], SUCCESS),
        "for_each": lambda: Again(world, below[0], len(value["in"]), SUCCESS),
        "timeout": lambda: Timeout(world, below[0], round(value["after"] * 100)),
        "guard": lambda: Guard(world, below[0], value["when"]),
        "recover": lambda: Recover(world, below[0], below[1], value["times"]),
        "invert": lambda: Turned(world, below[0], FAILURE, SUCCESS),
        "force_success": lambda: Turned(world, below[0], SUCCESS, SUCCESS),
        "force_failure": lambda: Turned(world, below[0], FAILURE, FAILURE),
        "on_failure": lambda: Cleanup(world, below[0], below[1], False),
        "finally": lambda: Cleanup(world, below[0], below[1], True),
    }[word]()


def children(tree: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The nodes directly below one."""
    [word] = [key for key in tree if key != "arm"]
    value = tree[word]
    if isinstance(value, list):
        yield from value
    elif word in ("invert", "force_success", "force_failure"):
        yield value
    elif word == "parallel":
        yield from value["do"]
    elif word == "switch":
        yield from (case["do"] for case in value["cases"])
        yield from (value[key] for key in ("otherwise",) if key in value)
    elif isinstance(value, dict):
        yield from (value[key] for key in ("do", "by", "then") if key in value)


def run(tree: dict[str, Any], ticks: int) -> tuple[str, list[tuple[str, str, int, int]]]:
    """Outcome (a letter, or nothing while it runs) and the log after so many ticks."""
    world = World()
    root = make(tree, world)
    for world.tick in range(ticks):
        before = list(world.active)
        for skill in before:
            skill.advance()
        ended = [skill for skill in before if skill.over]
        broken = any(guard.runs and not TESTS[guard.text](world) for guard in world.guards)
        due = world.tick >= world.next_decision or (world.wake is not None and world.tick >= world.wake)
        if not (ended or broken or due):
            continue
        world.wake = None
        fatal = next((skill.letter for skill in ended if skill.letter not in SWALLOWED), "")
        try:
            status = root.tick() if not fatal else ""
        except Fatal as error:
            fatal = str(error)
        while world.next_decision <= world.tick:
            world.next_decision += DECIDE
        if fatal:
            for skill in list(world.active):
                skill.end("P")
            return fatal, world.log
        if status != RUNNING:
            return status[0].upper(), world.log
    return "", world.log


# ---- random trees --------------------------------------------------------------------------------------------------------------------


def random_tree(rng: random.Random, depth: int = 4, arms: tuple[str, ...] = ("left", "right")) -> dict[str, Any]:
    """A tree over scripted skills; in a parallel each child has arms of its own."""
    if depth == 0 or (depth < 4 and rng.random() < 0.22):
        return _leaf(rng, arms)

    def below() -> dict[str, Any]:
        return random_tree(rng, depth - 1, arms)

    word = rng.choice(
        ("sequence", "fallback", "reactive_sequence", "reactive_fallback", "parallel", "switch", "retry", "repeat", "for_each",
         "timeout", "guard", "invert", "force_success", "force_failure", "on_failure", "finally", "recover")
    )  # fmt: skip
    if word in ("sequence", "fallback", "reactive_sequence", "reactive_fallback"):
        return {word: [below() for _ in range(rng.randint(1, 4))]}
    if word == "parallel":
        shares = [(arm,) for arm in arms] if len(arms) > 1 else [arms, ()]
        return {word: {"succeed": rng.randint(1, len(shares)), "do": [random_tree(rng, depth - 1, share) for share in shares]}}
    if word == "switch":
        cases = [{"when": rng.choice(list(TESTS)), "do": below()} for _ in range(rng.randint(1, 2))]
        return {word: {"cases": cases, **({"otherwise": below()} if rng.random() < 0.5 else {})}}
    if word in ("on_failure", "finally"):
        return {word: {"do": below(), "then": below()}}
    if word == "recover" and arms:
        refused = {"skill": f"s{rng.choice((0, 0, 2))}{rng.choice('RRRRSFU')}", "arm": rng.choice(arms)}
        return {word: {"do": refused, "by": below(), "times": rng.randint(1, 3)}}
    limits = {"retry": ("times", rng.randint(1, 3)), "repeat": ("times", rng.randint(1, 3)), "timeout": ("after", rng.choice((0.07, 0.3, 1.0)))}
    limits["guard"] = ("when", rng.choice(list(TESTS)))
    if word == "for_each":
        return {word: {"each": f"each{rng.randrange(10**9)}", "in": ["a", "b", "c"][: rng.randint(0, 3)], "do": below()}}
    return {word: {limits[word][0]: limits[word][1], "do": below()}} if word in limits else {"invert" if word == "recover" else word: below()}


def _leaf(rng: random.Random, arms: tuple[str, ...]) -> dict[str, Any]:
    kind = rng.choice(("skill", "skill", "skill", "condition", "wait", "set")) if arms else rng.choice(("condition", "wait", "set"))
    if kind == "skill":
        return {"skill": f"s{rng.choice((0, 1, 2, 3, 5, 8))}{rng.choice('SSSSSSSFFFFTRUEP')}", "arm": rng.choice(arms)}
    if kind == "condition":
        return {"condition": rng.choice(list(TESTS))}
    return {"wait": rng.choice((0.0, 0.05, 0.23, 0.4))} if kind == "wait" else {"set": {"n": rng.choice(list(VALUES))}}
