"""The JSON Schema of a ``skill.yaml``, from the words that its reader knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from skillkit.aim import aim_schema
from skillkit.declarations import parameter_schema
from skillkit.embodiment import ACTIONS
from skillkit.safeguard import ACTIONS as SAFE_ACTIONS
from skillkit.skill_file import REQUIRED, WORDS
from skillkit.termination import HEADS, OUTCOMES


def skill_schema() -> dict[str, Any]:
    """JSON Schema (draft 7) of a skill.yaml."""

    def mapping(required: Sequence[str], **properties: Any) -> dict[str, Any]:
        return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}

    word, condition, quantity = {"type": "string"}, {"type": ["string", "boolean"]}, {"type": ["string", "number"]}
    held = mapping(["when"], when=condition, **{"for": quantity})
    failure = mapping(["when", "reason"], when=condition, reason=word)
    action = mapping(["space", "rate"], space={"enum": list(ACTIONS)}, rate=quantity, **aim_schema())
    patience = {"for": quantity, "steps": {"type": "integer", "minimum": 1}, "until": condition, "outcome": {"enum": list(OUTCOMES)}, "reason": word}
    needed = {"progress": ["by", "within"], "stall": ["for"]}
    clauses = [
        {**mapping([head, *needed.get(head, [])], **{head: quantity, **dict.fromkeys(needed.get(head, []), quantity), **patience}), "description": text}
        for head, text in HEADS.items()
    ]
    share = {"type": "number", "exclusiveMinimum": 0, "maximum": 1}
    stale = mapping(["after", "do"], after=quantity, do={"enum": list(SAFE_ACTIONS), "description": "; ".join(f"{w}: {t}" for w, t in SAFE_ACTIONS.items())})
    back = mapping([], distance=quantity, speed=quantity)
    known: dict[str, Any] = {
        "skill": {"type": "string"},
        "description": {"type": "string"},
        "parameters": {"type": "object", "additionalProperties": parameter_schema()},
        "roles": {"type": "array", "items": {"type": "string"}, "minItems": 1},
        "uses": {"type": "array", "items": word},
        "action": action,
        "initiation": {"anyOf": [condition, mapping([], when=condition, score=word, threshold={"type": "number", "minimum": 0, "maximum": 1})]},
        "preconditions": {"type": "array", "items": condition},
        "termination": {"type": "array", "items": {"anyOf": clauses}},
        "success": {"anyOf": [condition, held]},
        "failure": {"type": "array", "items": failure},
        "time_limit": quantity,
        "safety": mapping([], speed=share, force=share, stale_observation=stale, stale_command=stale, retract=back),
        "effects": {"type": "array", "items": condition},
        "policy": {"type": "object"},
    }
    properties = {word: known.get(word, {}) for word in WORDS}
    head = {"$schema": "http://json-schema.org/draft-07/schema#", "title": "skillkit skill", "type": "object"}
    return {**head, "properties": properties, "required": list(REQUIRED), "additionalProperties": False}
