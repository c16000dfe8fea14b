"""What a training is made of: one YAML file, every word of it explained here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, get_type_hints

from skillkit import documents
from skillkit.exceptions import InvalidFile, InvalidValue, UnknownName

PRECISIONS = ("float32", "bfloat16")


@dataclass(frozen=True)
class Config:
    """One training.

    Attributes:
        dataset: folder of demonstrations (``skillkit demos``).
        tasks: the tasks to learn, or ``all``; names joined by commas.
        demonstrations: of each task, the first ones; 0 takes all. limits: other numbers for some tasks, by name.
        success_only: leave out demonstrations that failed.
        features: ``plain`` or ``relative``. scales: of the tanh features [m]. jitter: standard deviation of noise on raw observations, as a share of
            each column's own deviation. shift: of a common move of all points in the plane [m], drawn anew for each sample; what is relative stays.
        condition: how the network is told the task: ``none``, ``one_hot``, ``embedding``, ``language``. film: it enters multiplicatively.
        sentence_encoder: folder of the model that turns instructions into vectors; words are hashed without. encoder_sha256: which one it has to be.
        encoder: of the dataset's images: ``none``, ``cnn``, ``vit``. goal: told as what is to be seen in the end: ``none``, ``state``, ``image``.
        network: how tasks share, see ``skillkit.learn.networks``. network_options: that network's own. hidden: widths of the hidden layers.
        members: networks that are trained side by side from different beginnings; their mean acts.
        loss: ``l1``, ``mse`` or ``huber``, of a regression. bins: along each action, of which the likeliest acts; 0 for a regression.
        pulls: instead of bins, so many controllers of each task's own that pull the tool along each axis to each point that is seen, mixed by the shares
            that the network gives them; 0 for none.
        weighting, aggregator, sampling, schedule: methods by name, with their options beside them.
        steps: of the optimiser. batch: samples per slot. slots: per step; 0 means one for each task.
        rate: learning rate. decay: weight decay. clip: largest norm of the gradient; 0 for none.
        average: of the weights that are kept, e.g. 0.999: w̄ ← average · w̄ + (1 − average) · w; 0 keeps the last ones.
        seed: of everything drawn. threads: of torch; results are bit-equal for the same number of threads.
        device: ``cpu`` or ``cuda``. precision: of the products in training, ``float32`` or ``bfloat16``, which takes half the time where the processor
            knows it; weights, features and what acts stay in 32 bits. checkpoint_every: steps between two checkpoints. log_every: between two lines
            of the log.
    """

    dataset: str
    tasks: str = "all"
    demonstrations: int = 0
    limits: Mapping[str, Any] = field(default_factory=dict)
    success_only: bool = True
    features: str = "relative"
    scales: tuple[float, ...] = (0.02, 0.1)
    jitter: float = 0.0
    shift: float = 0.0
    condition: str = "one_hot"
    sentence_encoder: str = ""
    encoder_sha256: str = ""
    film: bool = False
    encoder: str = "none"
    goal: str = "none"
    network: str = "shared"
    network_options: Mapping[str, Any] = field(default_factory=dict)
    hidden: tuple[int, ...] = (400, 400, 400)
    members: int = 1
    loss: str = "l1"
    bins: int = 0
    pulls: int = 0
    weighting: str = "equal"
    weighting_options: Mapping[str, Any] = field(default_factory=dict)
    aggregator: str = "sum"
    aggregator_options: Mapping[str, Any] = field(default_factory=dict)
    sampling: str = "uniform"
    sampling_options: Mapping[str, Any] = field(default_factory=dict)
    schedule: str = "cosine"
    schedule_options: Mapping[str, Any] = field(default_factory=dict)
    steps: int = 4000
    batch: int = 32
    slots: int = 0
    rate: float = 1e-3
    decay: float = 1e-4
    clip: float = 1.0
    average: float = 0.999
    seed: int = 0
    threads: int = 1
    device: str = "cpu"
    precision: str = "float32"
    checkpoint_every: int = 500
    log_every: int = 50

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as they stand in a file."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}


KINDS: dict[Any, tuple[type, ...]] = {int: (int,), float: (int, float), str: (str,), bool: (bool,), tuple[float, ...]: (list,), tuple[int, ...]: (list,)}


def load_config(path: str | Path, changes: Mapping[str, str]) -> Config:
    """A configuration with ``key=value`` changes.

    Raises:
        InvalidFile: with everything that is wrong in the file. UnknownName, InvalidValue: a change that does not fit.
    """
    document = documents.load(path)
    document.raise_errors()
    if not isinstance(document.data, dict):
        document.error((), "wrong-type", f"a training is a mapping, found {documents.describe(document.data)}")
        document.raise_errors()
    words = {one.name for one in fields(Config)}
    document.check_words(document.data, (), sorted(words), "a training")
    for name, value in document.data.items():
        if name in words and not _fits(name, value):
            document.error((name,), "wrong-type", f"{name} is {documents.describe(value)}; allowed: {_allowed(name)}")
    document.raise_errors()
    given = {**document.data, **{name: read_change(name, text) for name, text in changes.items()}}
    if "dataset" not in given:
        document.error((), "missing", "'dataset' is missing", "the folder that 'skillkit demos' wrote; or --set dataset=FOLDER")
        raise InvalidFile(document.problems)
    return checked(from_dict(given))


def from_dict(values: Mapping[str, Any]) -> Config:
    """The inverse of :meth:`Config.as_dict`."""
    given: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    return Config(**given)


def checked(config: Config) -> Config:
    """The configuration, if its numbers make sense.

    Raises:
        InvalidValue: one that does not.
    """
    for name in ("steps", "batch", "members", "threads", "checkpoint_every", "log_every"):
        if getattr(config, name) < 1:
            raise InvalidValue(name, getattr(config, name), "1 or more")
    for name in ("demonstrations", "pulls", "slots", "rate", "decay", "clip", "jitter", "shift", "seed"):
        if getattr(config, name) < 0:
            raise InvalidValue(name, getattr(config, name), "0 or more")
    if config.shift and config.features != "relative":
        raise InvalidValue("shift", config.shift, "0 without relative features, which alone know what a point is")
    if config.precision not in PRECISIONS:
        raise UnknownName("precision", config.precision, PRECISIONS)
    if config.bins and config.bins < 3:
        raise InvalidValue("bins", config.bins, "0, or 3 or more")
    if config.bins and config.pulls:
        raise InvalidValue("pulls", config.pulls, "0 with bins")
    if not 0.0 <= config.average < 1.0:
        raise InvalidValue("average", config.average, "from 0 to below 1")
    if config.goal == "image" and config.encoder == "none":
        raise InvalidValue("encoder", config.encoder, "one that sees images, such as cnn, with goal: image")
    if not config.hidden or min(config.hidden) < 1:
        raise InvalidValue("hidden", config.hidden, "one or more widths")
    return replace(config, scales=tuple(map(float, config.scales)))


def read_change(name: str, text: str) -> Any:
    """The value of ``--set name=text``, read as YAML.

    Raises:
        UnknownName, InvalidValue: no such word, or a value that does not fit.
    """
    words = {one.name for one in fields(Config)}
    if name not in words:
        raise UnknownName("word of a training", name, words)
    value = text if name == "dataset" else documents.parse(text).data
    if not _fits(name, value):
        raise InvalidValue(f"--set {name}", text, _allowed(name))
    return value


def _fits(name: str, value: Any) -> bool:
    allowed = KINDS.get(get_type_hints(Config)[name], (dict,))
    return isinstance(value, allowed) and (isinstance(value, bool) is (bool in allowed))


def _allowed(name: str) -> str:
    kind = KINDS.get(get_type_hints(Config)[name], (dict,))
    return " or ".join(documents.TYPE_NAMES[one] for one in kind)
