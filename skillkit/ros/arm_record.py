"""What this machine knows of the real arms it has moved, by serial number: whether a run has succeeded on them.

One JSON file below ``$XDG_STATE_HOME/skillkit`` (``~/.local/state/skillkit``); nothing in it is needed to re-execute a run.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

from skillkit.hardware import Hardware


def state_folder() -> Path:
    """Where this machine's own records are kept."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "skillkit"


def succeeded_runs() -> dict[str, int]:
    """Runs that succeeded, by the arm's serial; empty where nothing readable is there."""
    try:
        found = json.loads((state_folder() / "arms.json").read_text(encoding="utf-8"))
        return {str(serial): int(count) for serial, count in found.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def note_success(serials: Iterable[str]) -> None:
    """Count one more run that succeeded on these arms."""
    runs = succeeded_runs()
    for serial in filter(None, serials):
        runs[serial] = runs.get(serial, 0) + 1
    file = state_folder() / "arms.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    written = file.with_suffix(f".{os.getpid()}")
    written.write_text(json.dumps(runs, indent=1, sort_keys=True), encoding="utf-8")
    written.replace(file)


def allowed_speed(hardware: Hardware, asked: float = 1.0) -> float:
    """Share of the velocity limits for an arm: ``first_speed`` at most until a run has succeeded on it; always, where it has no serial."""
    return asked if succeeded_runs().get(hardware.serial, 0) > 0 else min(asked, hardware.first_speed)
