"""The state of a training between two steps, in one file without code in it: tensors, and words beside them in the header."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

WORDS = "words"


@dataclass(frozen=True)
class Checkpoint:
    """Tensors by part and name, and plain JSON values."""

    parts: dict[str, dict[str, Tensor]]
    words: dict[str, Any]

    def write(self, path: Path) -> None:
        """Write it whole or not at all: whoever is killed on the way leaves the one before."""
        path.parent.mkdir(parents=True, exist_ok=True)
        flat = {f"{part}/{name}": value.detach().clone().contiguous().cpu() for part, values in self.parts.items() for name, value in values.items()}
        beside = path.with_name(f"{path.name}.part")
        save_file(flat, beside, metadata={WORDS: json.dumps(self.words)})
        with beside.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(beside, path)

    @classmethod
    def read(cls, path: Path) -> Checkpoint:
        """The inverse of :meth:`write`."""
        parts: dict[str, dict[str, Tensor]] = {}
        with safe_open(path, "pt") as file:
            words = json.loads(file.metadata()[WORDS])
            for key in file.keys():  # noqa: SIM118
                part, _, name = key.partition("/")
                parts.setdefault(part, {})[name] = file.get_tensor(key)
        return cls(parts, words)


def drop_later_lines(path: Path, step: int) -> None:
    """Take away the lines of a log that were written after ``step``; a line that was cut off by a kill goes too."""
    if not path.exists():
        return
    kept = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            if json.loads(line)["step"] <= step:
                kept.append(line + "\n")
        except ValueError:
            break
    path.write_text("".join(kept), encoding="utf-8")
