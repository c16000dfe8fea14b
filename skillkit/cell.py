"""A cell: the arms that stand in one real or simulated set-up. ``cells/lab.yaml``, or one arm by the name of its model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skillkit import documents, share
from skillkit.documents import Document, describe, is_number
from skillkit.embodiment import Embodiment
from skillkit.exceptions import InvalidFile, SkillkitError
from skillkit.pose import Pose

WORDS = ("cell", "description", "arms")
ARM_WORDS = ("name", "model", "base")
BASE_WORDS = ("xyz", "rpy")


@dataclass(frozen=True)
class CellArm:
    """One arm: its name in the cell, its model, and ``transform_base_to_world``."""

    name: str
    embodiment: Embodiment
    base: Pose


@dataclass(frozen=True)
class Cell:
    """The arms of a set-up."""

    name: str
    arms: tuple[CellArm, ...]

    @classmethod
    def of_robot(cls, model: str | Path, base: Pose | None = None) -> Cell:
        """A cell of one arm, named after its model, standing at the world's origin unless told otherwise."""
        embodiment = Embodiment.load(model)
        return cls(embodiment.name, (CellArm(embodiment.name, embodiment, base or Pose.from_vector()),))

    @classmethod
    def load(cls, name_or_yaml: str | Path) -> Cell:
        """A cell by name or by the path of its YAML.

        Raises:
            UnknownName: no such cell. InvalidFile: every problem in it.
        """
        path = share.find("cells", name_or_yaml)
        document = documents.load(path)
        document.raise_errors()
        data = document.data
        if not isinstance(data, dict) or not isinstance(data.get("arms"), list) or not data["arms"]:
            document.error((), "wrong-type", "a cell has 'cell' (its name) and 'arms' (a list with at least one arm)")
            document.raise_errors()
        document.check_words(data, (), WORDS, "a cell")
        arms = [_arm(document, item, index) for index, item in enumerate(data["arms"])]
        names = [arm.name for arm in arms if arm is not None]
        for index, name in enumerate(names):
            if name in names[:index]:
                document.error(("arms", index, "name"), "duplicate-name", f"two arms are named '{name}'", "give each arm its own name")
        document.raise_errors()
        return cls(str(data.get("cell", path.stem)), tuple(arm for arm in arms if arm is not None))


def _arm(document: Document, item: Any, index: int) -> CellArm | None:
    where: documents.Where = ("arms", index)
    if not isinstance(item, dict) or not isinstance(item.get("model"), str):
        document.error(where, "wrong-type", f"an arm has a model, found {describe(item)}", "write {name: left, model: panda}")
        return None
    document.check_words(item, where, ARM_WORDS, "an arm")
    base = item.get("base", {})
    if not isinstance(base, dict):
        document.error((*where, "base"), "wrong-type", f"base has xyz [m] and rpy [rad], found {describe(base)}")
        return None
    document.check_words(base, (*where, "base"), BASE_WORDS, "a base")
    vectors = [base.get(word, [0.0, 0.0, 0.0]) for word in BASE_WORDS]
    for word, vector in zip(BASE_WORDS, vectors, strict=True):
        if not (isinstance(vector, list) and len(vector) == 3 and all(is_number(value) for value in vector)):
            document.error((*where, "base", word), "wrong-type", f"{word} is a list of 3 numbers, found {describe(vector)}")
            return None
    try:
        return CellArm(str(item.get("name", item["model"])), Embodiment.load(item["model"]), Pose.from_rpy(*vectors))
    except InvalidFile as error:
        document.problems.extend(error.problems)
    except SkillkitError as error:
        document.error((*where, "model"), "unknown-robot", str(error))
    return None
