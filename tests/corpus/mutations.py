"""Broken copies of a YAML file, as people and accidents make them: bytes, lines, tokens and structure. The same seed gives the same copies."""

from __future__ import annotations

import copy
import random
import re
from collections.abc import Callable, Iterator
from typing import Any

import yaml

TOKENS = (
    "$cup", "$", "$x y", "cup_1", "sequence", "sequenc", "retry", "skill", "task", "condition", "timeout", "with", "label", "do", "tree", "null", "~", "true",
    "on", "-1", "0", "1e999", ".nan", ".inf", "99999999999999999999999", "5 cm", "5 parsec", "1 s", "-3 deg", "[]", "{}", "[1, [2]]", "{a: {b: c}}", "&a", "*a",
    "*b", "!!python/name:os", "!x", "'", '"', "|", ">-", "#", ":", "- ", "?", "%", "@", "`", "\t", "\0", "\ufeff", "é", "🤖", "distance(tool, cup_1) <",
    "not not", "((((", "on(a, b", "&& true", "1 / 0 > 0", "grasped(tool)", "prepare_coffee", "../secret", "/etc/passwd", "x" * 300,
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 3.5, float("nan"), float("inf"), 10**30, "", " ", "$", "$cup", "$nope", "cup_1", "1 s", "5 cm", "true", [], {}, [[]], [None],
    {"a": None}, {"": 1}, {"skill": "grasp"}, {"sequence": []}, {"retry": 3}, "distance(", "x" * 500,
)  # fmt: skip


def mutants(text: str, count: int, seed: int) -> Iterator[bytes]:
    """``count`` broken copies of a file's text."""
    rng = random.Random(seed)
    ways: tuple[Callable[[str, random.Random], bytes], ...] = (_bytes, _lines, _tokens, _structure)
    for index in range(count):
        broken = ways[index % len(ways)](text, rng)
        if rng.random() < 0.3:
            broken = _bytes(broken.decode("utf-8", "replace"), rng)
        yield broken


def _bytes(text: str, rng: random.Random) -> bytes:
    data = bytearray(text.encode())
    for _ in range(rng.choice((1, 1, 2, 5, 20))):
        at = rng.randrange(len(data) + 1)
        way = rng.randrange(4)
        if way == 0:
            data[at:at] = bytes([rng.randrange(256)])
        elif way == 1:
            del data[at : at + rng.choice((1, 1, 3, 30))]
        elif way == 2 and at < len(data):
            data[at] = rng.choice(b" \n\t:-{}[],'\"$#&*!|>%@`0aZ\x00\xff")
        else:
            data[at:at] = data[at : at + rng.randrange(40)]
    return bytes(data[: rng.randrange(len(data) + 1)] if rng.random() < 0.1 else data)


def _lines(text: str, rng: random.Random) -> bytes:
    lines = text.splitlines() or [""]
    for _ in range(rng.choice((1, 1, 2, 4))):
        at = rng.randrange(len(lines))
        way = rng.randrange(5)
        if way == 0 and len(lines) > 1:
            del lines[at]
        elif way == 1:
            lines.insert(rng.randrange(len(lines) + 1), lines[at])
        elif way == 2:
            other = rng.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
        elif way == 3:
            lines[at] = " " * rng.randrange(1, 5) + lines[at]
        else:
            lines[at] = lines[at][rng.randrange(1, 4) :]
    return "\n".join(lines).encode()


def _tokens(text: str, rng: random.Random) -> bytes:
    for _ in range(rng.choice((1, 1, 2, 3))):
        found = list(re.finditer(r"[\w$.]+|[^\w\s]", text))
        if not found:
            break
        token = rng.choice(found)
        new = rng.choice((*TOKENS, rng.choice(found).group(), _misspelt(token.group(), rng), ""))
        text = text[: token.start()] + new + text[token.end() :]
    return text.encode("utf-8", "surrogatepass")


def _misspelt(word: str, rng: random.Random) -> str:
    at = rng.randrange(len(word))
    return word[:at] + rng.choice(("", word[at] * 2, "z")) + word[at + 1 :]


def _structure(text: str, rng: random.Random) -> bytes:
    data = yaml.safe_load(text)
    for _ in range(rng.choice((1, 1, 2, 4))):
        holders = [value for value in _all(data) if isinstance(value, (dict, list)) and value]
        if not holders:
            break
        holder = rng.choice(holders)
        key = rng.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
        way = rng.randrange(5)
        if way == 0:
            del holder[key]
        elif way == 1:
            holder[key] = copy.deepcopy(rng.choice(VALUES))
        elif way == 2:
            holder[key] = copy.deepcopy(rng.choice(list(_all(data))))
        elif way == 3:
            holder[key] = rng.choice(([holder[key]], {"sequence": [holder[key]]}, {"invert": holder[key]}, {"do": holder[key]}))
        elif isinstance(holder, dict):
            holder[rng.choice(TOKENS)] = holder.pop(key)
    return yaml.safe_dump(data, allow_unicode=True, sort_keys=False).encode("utf-8", "surrogatepass")


def _all(value: Any) -> Iterator[Any]:
    yield value
    for child in list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _all(child)
