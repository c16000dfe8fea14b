"""What a goal from another machine says of that machine, and when it is refused here.

Its parameters may hold ``@from``: the digests of the skills as they are there, and that machine's clock when it was sent. A skill of the same
name that is not the same is refused before anything moves, and so is a machine whose clock is too far from ours for its stamps to mean anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ORIGIN = "@from"
CLOCKS_APART = 0.1  # [s] one way, the goal's own journey included; about the age at which the gate stops an arm


def with_origin(parameters: Mapping[str, Any], digests: Mapping[str, str], now: float) -> dict[str, Any]:
    """Parameters of a goal with what it has to match: skill → digest, and this machine's clock [s since the epoch]."""
    return {**parameters, ORIGIN: {"skills": dict(digests), "sent": now}}


def refusal(origin: Any, digests: Mapping[str, str], now: float) -> str:
    """Why a goal of that origin is not served here; empty where it is.

    Args:
        digests: of the skills here. now: this machine's clock [s since the epoch].
    """
    if not isinstance(origin, Mapping) or not isinstance(origin.get("skills", {}), Mapping):
        return f"'{ORIGIN}' in the parameters is not of the form {{skills: {{name: digest}}, sent: seconds}}"
    for name, digest in origin.get("skills", {}).items():
        if digests.get(name) != digest:
            here = f"{digests[name][:12]}…" if name in digests else "not there"
            return f"the skill '{name}' is not the same on both machines: {str(digest)[:12]}… where the goal comes from, {here} here; copy its folder"
    sent = origin.get("sent", now)
    if not isinstance(sent, (int, float)) or not abs(now - sent) <= CLOCKS_APART:
        apart = f"{1e3 * (now - sent):.0f} ms apart" if isinstance(sent, (int, float)) else f"not comparable ({sent!r})"
        return f"the clocks of the two machines are {apart}, allowed {1e3 * CLOCKS_APART:g} ms; run chrony or PTP on both"
    return ""
