"""Reads one ``skill.yaml``; every problem goes to the document, with line, column and hint."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from skillkit import documents
from skillkit.aim import AIM_WORDS, read_aim
from skillkit.declarations import read_expression, read_parameter
from skillkit.documents import Document, Where, describe
from skillkit.embodiment import ACTIONS
from skillkit.expressions import Expression
from skillkit.expressions.dimensions import SI
from skillkit.option import Parameter
from skillkit.protocols import Policy
from skillkit.safeguard import ACTIONS as SAFE_ACTIONS
from skillkit.safeguard import NO_SAFEGUARD, Safeguard, Stale
from skillkit.skill import Failure, Skill
from skillkit.spaces import Outcome
from skillkit.termination import HEADS, MODIFIERS, OUTCOMES, Clause

WORDS = (
    "skill",
    "description",
    "parameters",
    "roles",
    "uses",
    "action",
    "initiation",
    "preconditions",
    "success",
    "failure",
    "termination",
    "time_limit",
    "safety",
    "effects",
    "policy",
)
REQUIRED = ("skill", "description", "action", "success", "time_limit", "policy")
RATE_RANGE = (1.0, 500.0)  # [Hz]
TIME_RANGE = (0.1, 3600.0)  # [s]
POSITIVE = (1e-6, 1e6)
SAFETY_WORDS = ("speed", "force", "stale_observation", "stale_command", "retract")
SHARE_RANGE = (0.01, 1.0)
STALE_RANGE = (0.01, 60.0)  # [s]


def digest(folder: Path) -> str:
    """sha256 over names and contents of a folder's files, byte-code left out."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            total.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()


class SkillReader:
    """Checks one skill.yaml; all problems at once."""

    def __init__(self, document: Document, folder: Path) -> None:
        self.document, self.folder = document, folder
        self.parameters: dict[str, Parameter] = {}

    def skill(self) -> Skill | None:
        data = self.document.data
        if not isinstance(data, dict):
            self.document.error((), "wrong-type", f"a skill is a mapping, found {describe(data)}")
            return None
        self.document.check_words(data, (), WORDS, "a skill")
        for word in REQUIRED:
            if word not in data:
                self.document.error((), "missing", f"'{word}' is missing")
        self.parameters = self._parameters(data.get("parameters") or {})
        success, hold = self._success(data.get("success"))
        name, description = self._word(data, "skill"), self._word(data, "description")
        roles = self._names(data.get("roles", ["arm"]), "roles", "role names such as [arm]", 1)
        uses = self._names(data.get("uses", []), "uses", "names such as [wrist_camera]", 0)
        rate = self._rate(data.get("action"))
        initiation, score, threshold = self._initiation(data["initiation"]) if "initiation" in data else (None, None, 0.0)
        failures = self._failures(data.get("failure", []))
        clauses = self._clauses(data.get("termination", []))
        limit = self._quantity(data.get("time_limit"), ("time_limit",), "s", TIME_RANGE) if "time_limit" in data else 0.0
        preconditions, effects = (self._expressions(data.get(key, []), key) for key in ("preconditions", "effects"))
        safeguard = self._safety(data["safety"]) if "safety" in data else NO_SAFEGUARD
        policy = self._policy(data.get("policy")) if "policy" in data else None
        if any(problem.severity == "error" for problem in self.document.problems) or success is None or policy is None:
            return None
        free, first = tuple(data["action"].get("free", ())), str(data["action"].get("first", ""))
        inputs, made_of, space = tuple(self.parameters.values()), digest(self.folder), str(data["action"]["space"])
        return Skill(
            name, description, self.folder, inputs, roles, rate, initiation, score, threshold, success, hold, failures, clauses, limit,
            preconditions, effects, policy, made_of, space, uses, safeguard, free, first,
        )  # fmt: skip

    # -- parts ------------------------------------------------------------------------------------------------------------------------

    def _word(self, data: dict[str, Any], key: str) -> str:
        value = data.get(key, "")
        if key in data and (not isinstance(value, str) or not value):
            self.document.error((key,), "wrong-type", f"{key} is a word or sentence, found {describe(value)}")
        return str(value)

    def _parameters(self, data: Any) -> dict[str, Parameter]:
        if not isinstance(data, dict):
            self.document.error(("parameters",), "wrong-type", f"parameters is a mapping of name to declaration, found {describe(data)}")
            return {}
        found = {name: read_parameter(self.document, name, declaration, ("parameters", name)) for name, declaration in data.items()}
        return {name: parameter for name, parameter in found.items() if parameter is not None}

    def _names(self, value: Any, word: str, what: str, at_least: int) -> tuple[str, ...]:
        if not isinstance(value, list) or len(value) < at_least or not all(isinstance(name, str) and name for name in value):
            self.document.error((word,), "wrong-type", f"{word} is a list of {what}, found {describe(value)}")
            return ()
        return tuple(value)

    def _rate(self, value: Any) -> float:
        if not isinstance(value, dict):
            if value is not None:
                self.document.error(("action",), "wrong-type", f"action has space and rate, found {describe(value)}")
            return 0.0
        self.document.check_words(value, ("action",), ("space", "rate", *AIM_WORDS), "an action")
        read_aim(self.document, value, ("action",))
        if value.get("space") not in ACTIONS:
            self.document.error(("action", "space"), "unknown-word", f"space is {describe(value.get('space'))}", f"allowed: {', '.join(ACTIONS)}")
        return self._quantity(value.get("rate"), ("action", "rate"), "Hz", RATE_RANGE)

    def _success(self, value: Any) -> tuple[Expression | None, float]:
        if isinstance(value, dict):
            self.document.check_words(value, ("success",), ("when", "for"), "success")
            hold = self._quantity(value["for"], ("success", "for"), "s", (0.0, 60.0)) if "for" in value else 0.0
            return self._expression(value.get("when"), ("success", "when")), hold
        return (self._expression(value, ("success",)), 0.0) if value is not None else (None, 0.0)

    def _failures(self, value: Any) -> tuple[Failure, ...]:
        if not isinstance(value, list):
            self.document.error(("failure",), "wrong-type", f"failure is a list of {{when, reason}}, found {describe(value)}")
            return ()
        failures = []
        for index, item in enumerate(value):
            where: Where = ("failure", index)
            if not isinstance(item, dict) or not isinstance(item.get("reason"), str):
                self.document.error(where, "wrong-type", f"a failure has when (an expression) and reason (words), found {describe(item)}")
                continue
            self.document.check_words(item, where, ("when", "reason"), "a failure")
            when = self._expression(item.get("when"), (*where, "when"))
            if when is not None:
                failures.append(Failure(when, item["reason"]))
        return tuple(failures)

    def _initiation(self, value: Any) -> tuple[Expression | None, Expression | None, float]:
        """An expression, or ``{when, score, threshold}``."""
        if not isinstance(value, dict):
            return self._expression(value, ("initiation",)), None, 0.0
        self.document.check_words(value, ("initiation",), ("when", "score", "threshold"), "an initiation")
        when, score = (self._expression(value[key], ("initiation", key)) if key in value else None for key in ("when", "score"))
        if score is not None and score.dimension not in ("number", "any"):
            self.document.error(("initiation", "score"), "wrong-type", f"a score is a number from 0 to 1, '{score.text}' is a {score.dimension}")
        threshold = self._quantity(value["threshold"], ("initiation", "threshold"), "", (0.0, 1.0)) if "threshold" in value else 0.0
        return when, score, threshold

    def _clauses(self, value: Any) -> tuple[Clause, ...]:
        if not isinstance(value, list):
            self.document.error(("termination",), "wrong-type", f"termination is a list of clauses, found {describe(value)}")
            return ()
        found = [self._clause(item, ("termination", index)) for index, item in enumerate(value)]
        return tuple(clause for clause in found if clause is not None)

    def _clause(self, item: Any, where: Where) -> Clause | None:
        heads = [word for word in HEADS if isinstance(item, dict) and word in item]
        if len(heads) != 1:
            self.document.error(where, "wrong-type", f"a clause has one of {', '.join(HEADS)}, found {describe(item)}")
            return None
        head, problems = heads[0], len(self.document.problems)
        own = ("by", "within") if head == "progress" else ()
        self.document.check_words(item, where, (head, *own, *MODIFIERS), f"a clause '{head}'")
        for word in (*own, *(("for",) if head == "stall" else ())):
            if word not in item:
                self.document.error(where, "missing", f"'{head}' lacks '{word}'", f"{head}: {HEADS[head]}")
        unit = {"stall": "m/s", "contact": "N", "time": "s"}.get(head)
        expression = self._expression(item[head], (*where, head)) if unit is None else None
        outcome = item.get("outcome", "TIMED_OUT" if head == "time" else "FAILED")
        if outcome not in OUTCOMES:
            self.document.error((*where, "outcome"), "unknown-word", f"outcome is {describe(outcome)}", f"allowed: {', '.join(OUTCOMES)}")
        if expression is not None and (expression.dimension == "boolean") is (head == "progress"):
            self.document.error((*where, head), "wrong-type", f"'{head}' is {HEADS[head]}; '{expression.text}' is a {expression.dimension}")
        steps = item.get("steps", 1)
        if not isinstance(steps, int) or isinstance(steps, bool) or not 1 <= steps <= 10_000:
            self.document.error((*where, "steps"), "wrong-type", f"steps is a whole number from 1 to 10000, found {describe(steps)}")
        value = self._quantity(item[head], (*where, head), unit, POSITIVE) if unit is not None else 0.0
        quantity = expression is not None and expression.dimension != "boolean" and head == "progress" and "by" in item
        by = self._quantity(item["by"], (*where, "by"), SI.get(expression.dimension, "") if expression else "", POSITIVE) if quantity else 0.0
        within, seconds = (self._quantity(item[word], (*where, word), "s", TIME_RANGE) if word in item else 0.0 for word in ("within", "for"))
        until = self._expression(item["until"], (*where, "until")) if "until" in item else None
        if len(self.document.problems) > problems:
            return None
        return Clause(head, value, expression, by, within, seconds, steps, until, Outcome(outcome), str(item.get("reason", "")))

    def _safety(self, value: Any) -> Safeguard:
        if not isinstance(value, dict):
            self.document.error(("safety",), "wrong-type", f"safety is a mapping of {', '.join(SAFETY_WORDS)}, found {describe(value)}")
            return NO_SAFEGUARD
        self.document.check_words(value, ("safety",), SAFETY_WORDS, "safety")
        speed, force = (self._quantity(value.get(word, 1.0), ("safety", word), "", SHARE_RANGE) for word in ("speed", "force"))
        observation, command = (self._stale(value, word) for word in ("stale_observation", "stale_command"))
        back = value.get("retract", {})
        if not isinstance(back, dict):
            self.document.error(("safety", "retract"), "wrong-type", f"retract is {{distance, speed}}, found {describe(back)}")
            return NO_SAFEGUARD
        self.document.check_words(back, ("safety", "retract"), ("distance", "speed"), "retract")
        distance = self._quantity(back.get("distance", 0.05), ("safety", "retract", "distance"), "m", (0.001, 0.5))
        return Safeguard(
            speed, force, observation, command, (distance, self._quantity(back.get("speed", 0.1), ("safety", "retract", "speed"), "m/s", (0.001, 0.25)))
        )

    def _stale(self, safety: dict[str, Any], word: str) -> Stale | None:
        if word not in safety:
            return None
        where, value = ("safety", word), safety[word]
        if not isinstance(value, dict) or "after" not in value or "do" not in value:
            self.document.error(where, "wrong-type", f"{word} is {{after: a time, do: {', '.join(SAFE_ACTIONS)}}}, found {describe(value)}")
            return None
        self.document.check_words(value, where, ("after", "do"), word)
        if value["do"] not in SAFE_ACTIONS:
            self.document.error((*where, "do"), "unknown-word", f"do is {describe(value['do'])}", f"allowed: {', '.join(SAFE_ACTIONS)}")
        return Stale(self._quantity(value["after"], (*where, "after"), "s", STALE_RANGE), str(value["do"]))

    def _expressions(self, value: Any, key: str) -> tuple[Expression, ...]:
        if not isinstance(value, list):
            self.document.error((key,), "wrong-type", f"{key} is a list of expressions, found {describe(value)}")
            return ()
        found = [self._expression(item, (key, index)) for index, item in enumerate(value)]
        return tuple(one for one in found if one is not None)

    def _expression(self, value: Any, where: Where) -> Expression | None:
        return read_expression(self.document, value, where, self.parameters)

    def _quantity(self, value: Any, where: Where, unit: str, limits: tuple[float, float]) -> float:
        number = documents.quantity(value, unit)
        if number is None:
            self.document.error(where, "wrong-type", f"a number with its unit is expected, such as '20 {unit}', found {describe(value)}")
        elif not limits[0] <= number <= limits[1]:
            self.document.error(where, "out-of-range", f"{number:g} {unit} is not from {limits[0]:g} to {limits[1]:g} {unit}")
        return number if number is not None else 0.0

    def _policy(self, value: Any) -> Callable[[], Policy] | None:
        if not isinstance(value, dict) or not isinstance(value.get("python"), str) or value["python"].count(":") != 1:
            self.document.error(("policy",), "wrong-type", f"policy is {{python: 'module:Class'}}, found {describe(value)}")
            return None
        self.document.check_words(value, ("policy",), ("python",), "a policy")
        module, _, name = value["python"].partition(":")
        path = self.folder / f"{module}.py"
        if not module.isidentifier() or not os.path.isfile(path):
            self.document.error(("policy", "python"), "unknown-file", f"there is no file '{module}.py' beside the skill.yaml")
            return None
        try:
            found = getattr(_module(path), name, None)
        except (Exception, SystemExit) as error:  # user code may fail in any way while it is imported
            self.document.error(("policy", "python"), "policy-import", f"{path.name} does not import: {type(error).__name__}: {error}")
            return None
        lacking = [method for method in ("start", "act", "snapshot", "restore") if not callable(getattr(found, method, None))]
        if not isinstance(found, type) or lacking:
            self.document.error(("policy", "python"), "not-a-policy", f"'{name}' in {path.name} is no class with {', '.join(lacking)}")
            return None
        return found


def _module(path: Path) -> Any:
    """The Python file as a module of its own, apart from every other skill's."""
    name = f"skillkit_skill_{hashlib.sha256(str(path.resolve()).encode() + path.read_bytes()).hexdigest()[:16]}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None or spec.loader is None:
            raise ImportError(f"{path} is not Python")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
    return sys.modules[name]
