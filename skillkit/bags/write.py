"""Writing a bag: one MCAP file (https://mcap.dev/spec), profile ``ros2``, messages in CDR with ``ros2msg`` schemas.

The file is cut into chunks by *log time*, so that a writer that is killed loses at most ``flush_every`` seconds; attachments and metadata
are on disk before the first message. Nothing here reads a clock: log time is the task clock in nanoseconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from mcap.well_known import MessageEncoding, SchemaEncoding
from mcap.writer import CompressionType, Writer

from skillkit.bags.cdr import Codec
from skillkit.bags.schemas import DIGEST, KEYFRAME, STEP, STEP_RESULT, TREE_SNAPSHOT, schema
from skillkit.bags.standard import Joints, standard_messages
from skillkit.exceptions import BagError, InvalidValue
from skillkit.records import header

STEP_TOPIC = "/skillkit/step"
RESULT_TOPIC = "/skillkit/result"
TREE_TOPIC = "/skillkit/tree"
DIGEST_TOPIC = "/skillkit/digest"
KEYFRAME_TOPIC = "/skillkit/keyframe"

COMPRESSIONS = {"zstd": CompressionType.ZSTD, "lz4": CompressionType.LZ4, "none": CompressionType.NONE}
LATEST = 1.8e10  # [s] what 64 bits of nanoseconds hold
CLOCK_SET_BACK = 10  # flush periods; a stamp that far before the last ones means that the clock was set back
CHUNK_SIZE = 1024 * 1024  # [bytes] a chunk is closed at this size even before its time


class BagWriter:
    """Writes one bag; a context manager.

    A failing disk must not stop an arm: after the first write error nothing more is written, ``failure`` says why, and no call raises
    because of it. A message that does not fit its type is a bug and does raise.

    Attributes:
        path: the file.
        failure: why recording ended early, in words; empty while all is well.
        messages: how many were written.
    """

    def __init__(
        self, path: str | Path, *, arms: Mapping[str, Joints] | None = None, flush_every: float = 0.2, compression: str = "zstd", profile: str = "ros2"
    ) -> None:
        """Create the file.

        Args:
            arms: joint and finger names of each arm, for its standard topics.
            flush_every: log time [s] after which a chunk is closed and handed to the operating system.
            compression: ``"zstd"``, ``"lz4"`` or ``"none"``.

        Raises:
            BagError: the file exists already or cannot be created.
            InvalidValue: an unknown compression, or a ``flush_every`` that is not above 0.
        """
        if compression not in COMPRESSIONS:
            raise InvalidValue("compression", compression, ", ".join(COMPRESSIONS))
        if not flush_every > 0.0:
            raise InvalidValue("flush_every", flush_every, "a time above 0 s")
        self.path, self.failure, self.messages = Path(path), "", 0
        self._arms, self._period = dict(arms or {}), round(flush_every * 1e9)
        self._stream = _create(self.path)
        self._writer = Writer(self._stream, chunk_size=CHUNK_SIZE, compression=COMPRESSIONS[compression])
        self._channels: dict[str, tuple[int, str]] = {}
        self._schemas: dict[tuple[str, str], int] = {}
        self._codecs: dict[str, Codec] = {}
        self._consumed, self._decided = sha256(), sha256()
        self._due = 0
        self._closed = False
        with self._disk():
            self._writer.start(profile=profile, library="skillkit")

    # -- what belongs to the whole run ---------------------------------------------------------------------------------------------------

    def attach(self, name: str, data: bytes, media_type: str = "text/plain") -> None:
        """Put a file into the bag, on disk at once: URDF, task, skills."""
        if self.open:
            with self._disk():
                self._writer.add_attachment(create_time=0, log_time=0, name=name, media_type=media_type, data=data)
                self._stream.flush()

    def metadata(self, name: str, values: Mapping[str, Any]) -> None:
        """Put a record of words into the bag, on disk at once; values are written as ``str``."""
        if self.open:
            with self._disk():
                self._writer.add_metadata(name, {key: str(value) for key, value in values.items()})
                self._stream.flush()

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
        if not self.open:
            return
        try:
            if not self._due - CLOCK_SET_BACK * self._period <= stamp < self._due:
                self._writer.flush()
                self._due = stamp + self._period
            self._writer.add_message(self._channel(topic, schema_name, schema_text), stamp, data, stamp)
            self.messages += 1
        except OSError as error:
            self._fail(error)

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
        for digest, data in ((self._consumed, consumed), (self._decided, decided)):
            digest.update(data)
        self.write(DIGEST_TOPIC, DIGEST, {"tick": step["tick"], "inputs": _word(self._consumed), "results": _word(self._decided)}, now)
        for topic, schema_name, message in standard_messages(step, result, self._arms):
            self.write(topic, schema_name, message, now)

    def write_keyframe(self, tick: int, state: str, time: float) -> None:
        """Write the state of the runtime behind a step, as :func:`skillkit.records.state_text` gives it."""
        self.write(KEYFRAME_TOPIC, KEYFRAME, {"header": header(time), "tick": tick, "state": state}, time)

    def write_tree(self, tree: Mapping[str, Any], time: float) -> None:
        """Write a snapshot of a task tree, shaped like ``skillkit_interfaces/msg/TreeSnapshot``."""
        self.write(TREE_TOPIC, TREE_SNAPSHOT, {"header": header(time), **tree}, time)

    # -- the file ------------------------------------------------------------------------------------------------------------------------

    @property
    def open(self) -> bool:
        """Whether messages are still being written."""
        return not self._closed and not self.failure

    def flush(self) -> None:
        """Hand everything written so far to the operating system."""
        if self.open:
            with self._disk():
                self._writer.flush()

    def close(self) -> None:
        """Write the index and close; calling it again does nothing."""
        if self._closed:
            return
        if self.open:
            with self._disk():
                self._writer.finish()
        self._closed = True
        with self._disk():
            self._stream.close()

    def __enter__(self) -> BagWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @contextmanager
    def _disk(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self._fail(error)

    def _fail(self, error: OSError) -> None:
        self.failure = self.failure or f"recording to {self.path} ended: {error.strerror or error}"

    def _codec(self, schema_name: str) -> Codec:
        codec = self._codecs.get(schema_name)
        if codec is None:
            codec = self._codecs[schema_name] = Codec(schema_name, schema(schema_name))
        return codec

    def _channel(self, topic: str, schema_name: str, schema_text: str | None) -> int:
        channel = self._channels.get(topic)
        if channel is None:
            key = (schema_name, schema_text if schema_text is not None else schema(schema_name))
            if key not in self._schemas:
                self._schemas[key] = self._writer.register_schema(schema_name, SchemaEncoding.ROS2, key[1].encode())
            number = self._writer.register_channel(topic, MessageEncoding.CDR, self._schemas[key])
            channel = self._channels[topic] = (number, schema_name)
        if channel[1] != schema_name:
            raise BagError(self.path, f"topic {topic} carries {channel[1]}, not {schema_name}", "use another topic")
        return channel[0]


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


def _word(digest: Any) -> int:
    """The first eight bytes of a rolling digest."""
    return int.from_bytes(digest.digest()[:8], "little")
