"""Writing a bag: one MCAP file (https://mcap.dev/spec), profile ``ros2``, messages in CDR with ``ros2msg`` schemas.

The file is cut into chunks by *log time*, so that a writer that is killed loses at most ``flush_every`` seconds; attachments and metadata
are on disk before the first message. Nothing here reads a clock: log time is the task clock in nanoseconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from mcap.well_known import MessageEncoding, SchemaEncoding

from skillkit.bags.cdr import Codec
from skillkit.bags.compact import compact
from skillkit.bags.container import COMPRESSIONS, Container
from skillkit.bags.digests import Digests
from skillkit.bags.schemas import DIGEST, KEYFRAME, STEP, STEP_RESULT, TREE_SNAPSHOT, schema
from skillkit.bags.standard import Joints, standard_messages
from skillkit.exceptions import BagError, InvalidValue
from skillkit.records import header, keyframe_record

STEP_TOPIC = "/skillkit/step"
RESULT_TOPIC = "/skillkit/result"
TREE_TOPIC = "/skillkit/tree"
DIGEST_TOPIC = "/skillkit/digest"
KEYFRAME_TOPIC = "/skillkit/keyframe"
SEEN_TOPIC = "/skillkit/seen"
LATCHED_WORDS = {"durability": "transient_local"}  # about a topic whose last messages late subscribers get

PASSED_OVER = (-1, "")
LATEST = 1.8e10  # [s] what 64 bits of nanoseconds hold
CLOCK_SET_BACK = 10  # flush periods; a stamp that far before the last ones means that the clock was set back
FLUSH_EVERY = 0.09  # [s] with the step in hand, a writer that is killed loses at most 0.1 s at 100 Hz


class BagWriter:
    """Writes one bag; a context manager.

    A failing disk must not stop an arm: after the first write error nothing more is written, ``failure`` says why, and no call raises
    because of it. A message that does not fit its type is a bug and does raise.

    Attributes:
        path: the file, of several the first.
        paths: every file so far.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        arms: Mapping[str, Joints] | None = None,
        flush_every: float = FLUSH_EVERY,
        compression: str = "zstd",
        profile: str = "ros2",
        threaded: bool = False,
        ring: float = 0.0,
        split_size: int = 0,
        split_time: float = 0.0,
        topics: Sequence[str] = ("*",),
    ) -> None:
        """Create the file.

        Args:
            arms: joint and finger names of each arm, for its standard topics.
            flush_every: log time [s] after which a chunk is closed and handed to the operating system.
            compression: ``"zstd"``, ``"lz4"`` or ``"none"``.
            threaded: a thread of its own compresses and writes, so that the caller never waits for the disk.
            ring: write nothing but keep the last so many seconds of log time in memory, until :meth:`trigger`; 0 to write everything.
            split_size, split_time: begin another file, ``name_1.mcap`` …, after so many bytes or seconds of log time; 0 for one file.
            topics: patterns of the topics to write; the others are passed over.

        Raises:
            BagError: the file exists already or cannot be created.
            InvalidValue: an unknown compression, or a time or size that makes no sense.
        """
        if compression not in COMPRESSIONS:
            raise InvalidValue("compression", compression, ", ".join(COMPRESSIONS))
        if not flush_every > 0.0:
            raise InvalidValue("flush_every", flush_every, "a time above 0 s")
        if not (ring >= 0.0 and split_size >= 0 and split_time >= 0.0):
            raise InvalidValue("ring, split_size, split_time", (ring, split_size, split_time), "0 or above")
        self.path, self._earlier = Path(path), 0
        self.paths = [self.path]
        self._arms, self._period = dict(arms or {}), round(flush_every * 1e9)
        self._options = (compression, profile, threaded, round(ring * 1e9))
        self._split_size, self._split_time, self._patterns = split_size, round(split_time * 1e9), tuple(topics)
        self._codecs: dict[str, Codec] = {}
        self._belongings: list[tuple[str, bytes, str] | tuple[str, dict[str, str]]] = []
        self._words: dict[str, Mapping[str, str]] = {}  # about topics
        self._digests = Digests()
        self._closed = False
        self._open(self.path)

    def _open(self, path: Path) -> None:
        self._stream = _create(path)
        compression, profile, threaded, ring = self._options
        self._file = Container(self._stream, compression, profile, threaded=threaded, keep=ring)
        self._channels: dict[str, tuple[int, str]] = {}
        self._schemas: dict[tuple[str, str], int] = {}
        self._since, self._due, self._begun = 0, 0, -1

    # -- what belongs to the whole run ---------------------------------------------------------------------------------------------------

    def attach(self, name: str, data: bytes, media_type: str = "text/plain") -> None:
        """Put a file into the bag, on disk at once: URDF, task, skills."""
        if self.open:
            self._belongings.append((name, data, media_type))
            self._file.attachment(name, data, media_type)

    def metadata(self, name: str, values: Mapping[str, Any]) -> None:
        """Put a record of words into the bag, on disk at once; values are written as ``str``."""
        if self.open:
            words = {key: str(value) for key, value in values.items()}
            self._belongings.append((name, words))
            self._file.metadata(name, words)

    def describe(self, topic: str, words: Mapping[str, str]) -> None:
        """Say something about a topic, such as ``LATCHED``; before its first message."""
        self._words[topic] = dict(words)

    # -- messages ------------------------------------------------------------------------------------------------------------------------

    def write(self, topic: str, schema_name: str, message: Mapping[str, Any], time: float) -> None:
        """Write one message, a dict shaped like its type.

        Args:
            schema_name: as in ROS 2, ``package/msg/Type``.
            time: log time [s], not below 0: the task clock, or for foreign topics whatever clock the whole bag uses.

        Raises:
            BagError: the message does not fit its type; UnknownName: no such type; InvalidValue: no such time.
        """
        self.write_raw(topic, schema_name, self._codec(schema_name).encode(message), time)

    def write_raw(self, topic: str, schema_name: str, data: bytes, time: float, schema_text: str | None = None) -> None:
        """Write one message that is CDR bytes already, as a raw ROS 2 subscription hands it over.

        Args:
            schema_text: full ``ros2msg`` schema, for types this library does not know.
        """
        if not 0.0 <= time < LATEST:
            raise InvalidValue("time of a message", time, f"seconds from 0 to {LATEST:g}")
        self.write_stamped(topic, schema_name, data, round(time * 1e9), schema_text)

    def write_stamped(self, topic: str, schema_name: str, data: bytes, stamp: int, schema_text: str | None = None) -> None:
        """:meth:`write_raw` with the log time in [ns]."""
        channel = self._channels.get(topic)
        if channel is None or channel[1] != schema_name or not self._since <= stamp < self._due:
            channel = self._turn(stamp, topic, schema_name, schema_text)
        if channel[0] >= 0:
            self._file.add(channel[0], stamp, data)

    def _turn(self, stamp: int, topic: str, schema_name: str, schema_text: str | None) -> tuple[int, str]:
        """The channel of a topic; where a flush is due, the chunk is closed before, and the file where it is long enough."""
        if not self.open:
            return PASSED_OVER
        if not self._since <= stamp < self._due:
            self._file.seal()
            self._begun = stamp if self._begun < 0 else self._begun
            if (self._split_size and self._file.written >= self._split_size) or (self._split_time and stamp - self._begun >= self._split_time):
                self._finish()
                if self.open:
                    self._open_next(stamp)
            self._due, self._since = stamp + self._period, stamp - (CLOCK_SET_BACK - 1) * self._period
        return self._channel(topic, schema_name, schema_text) if self.open else PASSED_OVER

    def _open_next(self, stamp: int) -> None:
        path, self._earlier = self.path.with_name(f"{self.path.stem}_{len(self.paths)}{self.path.suffix}"), self.messages
        try:
            self._open(path)
        except BagError as error:
            self._file.error = OSError(str(error))
            return
        self.paths.append(path)
        self._begun = stamp
        for belonging in self._belongings:
            if len(belonging) == 3:
                self._file.attachment(*belonging)
            else:
                self._file.metadata(*belonging)

    def write_step(self, step: Mapping[str, Any], result: Mapping[str, Any]) -> None:
        """Write one step of the core, with the standard messages that follow from its inputs and commands.

        Args:
            step: shaped like ``skillkit_interfaces/msg/Step``; ``header`` may be left out.
            result: shaped like ``skillkit_interfaces/msg/StepResult``; likewise.
        """
        now = step["now"]
        head = header(now)
        consumed = self._codec(STEP).encode({"header": head, **step})
        decided = self._codec(STEP_RESULT).encode({"header": head, **result})
        self.write_raw(STEP_TOPIC, STEP, consumed, now)
        self.write_raw(RESULT_TOPIC, STEP_RESULT, decided, now)
        self.write(DIGEST_TOPIC, DIGEST, self._digests.after(step["tick"], consumed, decided), now)
        for topic, schema_name, message in standard_messages(step, result, self._arms):
            self.write(topic, schema_name, message, now)

    def write_keyframe(self, tick: int, state: str, time: float) -> None:
        """Write the state of the runtime behind a step, as :func:`skillkit.records.state_text` gives it."""
        self.write(KEYFRAME_TOPIC, KEYFRAME, keyframe_record(tick, time, state), time)

    def write_tree(self, tree: Mapping[str, Any], time: float) -> None:
        """Write a snapshot of a task tree, shaped like ``skillkit_interfaces/msg/TreeSnapshot``."""
        self.write(TREE_TOPIC, TREE_SNAPSHOT, {"header": header(time), **tree}, time)

    # -- the file ------------------------------------------------------------------------------------------------------------------------

    @property
    def open(self) -> bool:
        """Whether messages are still being written."""
        return not self._closed and self._file.error is None

    @property
    def messages(self) -> int:
        """How many were written, or are on their way."""
        return self._earlier + self._file.messages

    @property
    def failure(self) -> str:
        """Why recording ended early, in words; empty while all is well."""
        error = self._file.error
        return "" if error is None else f"recording to {self.paths[-1]} ended: {error.strerror or error}"

    def flush(self) -> None:
        """Hand everything written so far to the operating system."""
        if self.open:
            self._file.seal()

    def trigger(self, after: float = 0.0) -> None:
        """Of a ring: write what is kept, and the next ``after`` seconds of log time."""
        if self.open:
            self._file.release(round(after * 1e9))

    def close(self) -> None:
        """Write the index and close, and put small chunks together where they are many; calling it again does nothing."""
        if self._closed:
            return
        self._finish()
        self._closed = True
        for path in self.paths if not self.failure else ():
            compact(path, self._options[0])

    def _finish(self) -> None:
        self._since = self._due = 0  # what comes now takes the long way
        self._file.finish()
        try:
            self._stream.close()
        except OSError as error:
            self._file.error = self._file.error or error

    def __enter__(self) -> BagWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _codec(self, schema_name: str) -> Codec:
        codec = self._codecs.get(schema_name)
        if codec is None:
            codec = self._codecs[schema_name] = Codec(schema_name, schema(schema_name))
        return codec

    def _channel(self, topic: str, schema_name: str, schema_text: str | None) -> tuple[int, str]:
        """Number and type of a topic's channel; the number is -1 where the topic is passed over."""
        channel = self._channels.get(topic)
        if channel is None:
            number = -1
            if any(fnmatchcase(topic, pattern) for pattern in self._patterns):
                key = (schema_name, schema_text if schema_text is not None else schema(schema_name))
                if key not in self._schemas:
                    self._schemas[key] = self._file.schema(schema_name, SchemaEncoding.ROS2, key[1])
                number = self._file.channel(topic, MessageEncoding.CDR, self._schemas[key], self._words.get(topic, {}))
            channel = self._channels[topic] = (number, schema_name)
        if channel[1] != schema_name:
            raise BagError(self.path, f"topic {topic} carries {channel[1]}, not {schema_name}", "use another topic")
        return channel


def _create(path: Path) -> IO[bytes]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("xb")
    except FileExistsError as error:
        if not path.exists():
            raise BagError(path, f"cannot be created: {error.filename} is a file", "choose another folder") from None
        raise BagError(path, "the file exists already and a bag is never overwritten", "choose another name or remove it") from None
    except OSError as error:
        raise BagError(path, f"cannot be created: {error.strerror or error}", "choose a folder that can be written") from None
