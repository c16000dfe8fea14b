"""Demonstrations on disk: Parquet, laid out as LeRobot's version 3 does it.

``meta/info.json`` says what the numbers are; ``meta/episodes/chunk-000/file-000.parquet`` has one row per episode, everything a query may ask
for; ``data/chunk-000/file-000.parquet`` has one row per step, the steps of an episode one after the other. Files are not compressed and are
mapped into memory, so that opening a large dataset reads nothing but what is looked at.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from dataclasses import fields as dataclass_fields
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from skillkit.exceptions import InvalidValue, SkillkitError, UnknownName

Rows: TypeAlias = NDArray[np.float32]

VERSION = "v3.0"
DATA, EPISODES, INFO = "data/chunk-000/file-000.parquet", "meta/episodes/chunk-000/file-000.parquet", "meta/info.json"
QUERIES = ("task", "language", "embodiment", "scene", "success", "operator", "licence", "seed", "episode_index")
STATE, ACTION, IMAGE = "observation.state", "action", "observation.image"


@dataclass(frozen=True)
class Episode:
    """One demonstration.

    Attributes:
        observations: (steps, d), before each action. actions: (steps, a), as the demonstrator meant them.
        language: the task in words. operator: who demonstrated. scene, embodiment: where and with which arm.
        details: what else is to be known, as plain JSON values.
        images: (steps, H, W, 3) bytes, red, green and blue, before each action; none where the space has no images.
    """

    observations: Rows
    actions: Rows
    task: str
    language: str
    embodiment: str
    scene: str
    success: bool
    operator: str
    licence: str
    seed: int
    details: Mapping[str, Any] = field(default_factory=dict)
    images: NDArray[np.uint8] | None = None


@dataclass(frozen=True)
class Space:
    """What the numbers of a dataset are.

    Attributes:
        observation, action: the name of each number. rate: policy steps per second [Hz].
        details: what a policy needs beside them, as plain JSON values.
        image: height and width of the image of every step [pixels]; none where there is no camera.
    """

    observation: tuple[str, ...]
    action: tuple[str, ...]
    rate: float
    details: Mapping[str, Any] = field(default_factory=dict)
    image: tuple[int, int] | None = None


class Dataset:
    """Episodes of a folder, or some of them; rows are numbered as in the folder."""

    def __init__(self, folder: Path, space: Space, episodes: pa.Table, steps: pa.Table, chosen: NDArray[np.int64]) -> None:
        self.folder, self.space, self.chosen = folder, space, chosen
        self._episodes, self._steps = episodes, steps

    @classmethod
    def read(cls, folder: str | Path) -> Dataset:
        """Open a dataset.

        Raises:
            SkillkitError: there is none, or it is of another version.
        """
        folder = Path(folder)
        try:
            info = json.loads((folder / INFO).read_text(encoding="utf-8"))
            episodes = pq.read_table(folder / EPISODES, memory_map=True)
            steps = pq.read_table(folder / DATA, memory_map=True)
        except (OSError, ValueError) as error:
            raise SkillkitError(f"{folder} is no dataset of demonstrations: {error}; make one with 'skillkit demos SOURCE -o {folder}'") from None
        if info.get("codebase_version") != VERSION:
            raise InvalidValue(f"codebase_version of {folder}", info.get("codebase_version"), VERSION)
        features = info["features"]
        image = tuple(features[IMAGE]["shape"][:2]) if IMAGE in features else None
        space = Space(tuple(features[STATE]["names"]), tuple(features[ACTION]["names"]), float(info["fps"]), info.get("details", {}), image)
        return cls(folder, space, episodes, steps, np.arange(episodes.num_rows))

    def __len__(self) -> int:
        return len(self.chosen)

    def column(self, name: str) -> list[Any]:
        """One value per episode."""
        if name not in self._episodes.column_names:
            raise UnknownName("field of an episode", name, self._episodes.column_names)
        return list(self._episodes.column(name).take(pa.array(self.chosen)).to_pylist())

    @property
    def tasks(self) -> tuple[str, ...]:
        """The names of the tasks, in the order in which they first come."""
        return tuple(dict.fromkeys(self.column("task")))

    def where(self, first: int | None = None, **wanted: Any) -> Dataset:
        """The episodes whose fields have these values (or one of a list of them); of each task only the ``first`` ones.

        Raises:
            UnknownName: no such field.
        """
        keep = np.ones(len(self), dtype=bool)
        for name, value in wanted.items():
            if name not in QUERIES:
                raise UnknownName("field of an episode", name, QUERIES)
            allowed = set(value) if isinstance(value, (list, tuple, set)) else {value}
            keep &= np.array([found in allowed for found in self.column(name)], dtype=bool)
        chosen = self.chosen[keep]
        if first is not None:
            seen: dict[str, int] = {}
            tasks = self._episodes.column("task").take(pa.array(chosen)).to_pylist()
            ranks = [seen.update({task: seen.get(task, 0) + 1}) or seen[task] for task in tasks]
            chosen = chosen[np.array(ranks, dtype=np.int64) <= first]
        return Dataset(self.folder, self.space, self._episodes, self._steps, chosen)

    def steps(self, name: str = STATE) -> Rows:
        """(steps, d) the observations (or with ``ACTION`` the actions) of all episodes, one after the other."""
        column = self._steps.column(name)
        width = column.type.list_size
        whole = np.concatenate([chunk.flatten().to_numpy(zero_copy_only=True).reshape(-1, width) for chunk in column.chunks])
        return np.asarray(whole[self._rows()], dtype=np.float32)

    def images(self) -> NDArray[np.uint8]:
        """(steps, H, W, 3) the images of all episodes, one after the other.

        Raises:
            InvalidValue: the dataset has none.
        """
        if self.space.image is None:
            raise InvalidValue(f"images of {self.folder}", 0, "a dataset that was recorded with a camera")
        column = self._steps.column(IMAGE).take(pa.array(self._rows())).to_pylist()
        return np.frombuffer(b"".join(column), np.uint8).reshape(len(column), *self.space.image, 3)

    def lengths(self) -> NDArray[np.int64]:
        """Steps of each episode."""
        return np.asarray(self.column("length"), dtype=np.int64)

    def _rows(self) -> NDArray[np.int64]:
        starts, lengths = np.asarray(self.column("dataset_from_index"), dtype=np.int64), self.lengths()
        return np.concatenate([np.arange(start, start + length) for start, length in zip(starts, lengths, strict=True)] or [np.arange(0)])

    def digest(self) -> str:
        """sha256 over the files of the whole folder."""
        total = hashlib.sha256()
        for name in (INFO, EPISODES, DATA):
            total.update((self.folder / name).read_bytes())
        return total.hexdigest()


def write_dataset(folder: str | Path, episodes: Iterable[Episode], space: Space) -> Dataset:
    """Write a new dataset, episode by episode.

    Raises:
        InvalidValue: there is one already, an episode does not fit the space, or there are no episodes.
    """
    folder = Path(folder)
    if (folder / INFO).exists():
        raise InvalidValue("the dataset's folder", str(folder), "one without a dataset in it: datasets are never overwritten")
    for name in (DATA, EPISODES):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    tasks: dict[str, int] = {}
    with pq.ParquetWriter(folder / DATA, _step_schema(space), compression="none", use_dictionary=False) as writer:
        for episode in episodes:
            _check(episode, space)
            start = rows[-1]["dataset_to_index"] if rows else 0
            task = tasks.setdefault(episode.task, len(tasks))
            writer.write_table(_step_table(episode, space, len(rows), start, task))
            rows.append(_episode_row(episode, len(rows), start, task))
    if not rows:
        raise InvalidValue("episodes", 0, "at least one")
    pq.write_table(pa.Table.from_pylist(rows), folder / EPISODES, compression="none")
    (folder / INFO).write_text(json.dumps(_info(space, rows, tasks), indent=1) + "\n", encoding="utf-8")  # last: without it there is no dataset
    return Dataset.read(folder)


def _step_schema(space: Space) -> pa.Schema:
    whole = [(name, pa.int64()) for name in ("frame_index", "episode_index", "index", "task_index")]
    widths = {STATE: len(space.observation), ACTION: len(space.action)}
    images = [(IMAGE, pa.binary(3 * space.image[0] * space.image[1]))] if space.image else []
    return pa.schema([*((name, pa.list_(pa.float32(), width)) for name, width in widths.items()), ("timestamp", pa.float32()), *whole, *images])


def _check(episode: Episode, space: Space) -> None:
    expected = ((len(episode.actions), len(space.observation)), (len(episode.actions), len(space.action)))
    found = (episode.observations.shape, episode.actions.shape)
    if found != expected or not len(episode.actions):
        raise InvalidValue(f"shapes of an episode of {episode.task}", found, f"{expected}, at least one step")
    images = None if episode.images is None else (episode.images.shape, str(episode.images.dtype))
    wanted = ((len(episode.actions), *space.image, 3), "uint8") if space.image else None
    if images != wanted:
        raise InvalidValue(f"images of an episode of {episode.task}", images, "none, as its space" if wanted is None else f"{wanted}, as its space")
    if not (np.isfinite(episode.observations).all() and np.isfinite(episode.actions).all()):
        raise InvalidValue(f"an episode of {episode.task}", "numbers that are not finite", "finite numbers")


def _step_table(episode: Episode, space: Space, number: int, start: int, task: int) -> pa.Table:
    count = len(episode.actions)
    steps = np.arange(count, dtype=np.int64)
    lists = [
        pa.FixedSizeListArray.from_arrays(pa.array(np.ascontiguousarray(values, dtype=np.float32).ravel()), values.shape[1])
        for values in (episode.observations, episode.actions)
    ]
    columns = [*lists, pa.array((steps / space.rate).astype(np.float32)), pa.array(steps), pa.array(np.full(count, number))]
    schema = _step_schema(space)
    images = [] if episode.images is None else [pa.array([image.tobytes() for image in episode.images], schema.field(IMAGE).type)]
    return pa.Table.from_arrays([*columns, pa.array(steps + start), pa.array(np.full(count, task)), *images], schema=schema)


def _episode_row(episode: Episode, number: int, start: int, task: int) -> dict[str, Any]:
    fields = {one.name: getattr(episode, one.name) for one in dataclass_fields(episode) if one.name not in ("observations", "actions", "details", "images")}
    length = len(episode.actions)
    place = {"episode_index": number, "task_index": task, "length": length, "dataset_from_index": start, "dataset_to_index": start + length}
    return {**place, **fields, "details": json.dumps(dict(episode.details))}


def _info(space: Space, rows: Sequence[Mapping[str, Any]], tasks: Mapping[str, int]) -> dict[str, Any]:
    def feature(names: Sequence[str]) -> dict[str, Any]:
        return {"dtype": "float32", "shape": [len(names)], "names": list(names)}

    counts = {"total_episodes": len(rows), "total_frames": rows[-1]["dataset_to_index"], "total_tasks": len(tasks)}
    features = {STATE: feature(space.observation), ACTION: feature(space.action)}
    features |= {IMAGE: {"dtype": "uint8", "shape": [*space.image, 3], "names": ["height", "width", "channel"]}} if space.image else {}
    paths = {"data_path": "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"}
    return {"codebase_version": VERSION, "fps": space.rate, **counts, **paths, "features": features, "tasks": list(tasks), "details": dict(space.details)}
