"""Bags against their peers in one run: write, read, columns, seek, recover.

    python benchmarks/bags.py [--messages 200000] [--seek-mb 1000] [--foxglove PYTHON] [--processor-time] [--json]

Joint states of seven joints. Peers: mcap, mcap_ros2, rosbags, rclpy where installed; foxglove-sdk where PYTHON is an interpreter that has
it. Each figure is the best of ``--repeats`` runs; peers are measured between ours, on the same files. ``seek`` opens a finished file
whose pages were dropped from the cache and reads the last message of eleven topics at half time. ``raw`` means bytes, no decoding.
With ``--processor-time`` the processor time of all threads counts, for a machine that is busy with other work; waiting for a disk does not.
"""

# ruff: noqa: B023

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import struct
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

from mcap.reader import make_reader
from mcap.stream_reader import StreamReader
from mcap.writer import CompressionType, Writer

from skillkit.bags import BagWriter, open_bag, recover
from skillkit.bags.cdr import Codec
from skillkit.bags.schemas import JOINT_STATE, schema

TEXT = schema(JOINT_STATE)
TOPICS = [f"/arm{i}/joint_states" for i in range(11)]
FOXGLOVE = """
import sys, time, foxglove
from foxglove import Channel, Schema
path, n, text = sys.argv[1], int(sys.argv[2]), sys.stdin.read()
data = bytes.fromhex(sys.argv[3])
with foxglove.open_mcap(path, allow_overwrite=True) as writer:
    channel = Channel("/joint_states", message_encoding="cdr", schema=Schema(name="sensor_msgs/msg/JointState", encoding="ros2msg", data=text.encode()))
    begun = time.perf_counter()
    for i in range(n):
        channel.log(data, log_time=i * 1000000)
print(n / (time.perf_counter() - begun))
"""


def messages(n: int) -> list[bytes]:
    """CDR bytes of ``n`` joint states."""
    rng, codec = random.Random(1), Codec(JOINT_STATE, TEXT)
    value = {"name": [f"panda_joint{i}" for i in range(1, 8)], "velocity": [0.0] * 7, "effort": [0.0] * 7}
    plain = codec.encode({**value, "position": [0.0] * 7})
    at = plain.index(struct.pack("<I", 7), len(plain) - 3 * 60) + 4
    at += (4 - at) % 8
    return [plain[:at] + struct.pack("<7d", *(rng.uniform(-3, 3) for _ in range(7))) + plain[at + 56 :] for _ in range(n)]


def ours(path: Path, data: list[bytes], compression: str, *, threaded: bool = False) -> None:
    with BagWriter(path, compression=compression, flush_every=1.0, threaded=threaded) as writer:
        write = writer.write_stamped
        for i, message in enumerate(data):
            write("/joint_states", JOINT_STATE, message, i * 1_000_000)


def mcap_writer(path: Path, data: list[bytes], compression: str) -> None:
    with path.open("wb") as file:
        writer = Writer(file, compression=CompressionType.ZSTD if compression == "zstd" else CompressionType.NONE)
        writer.start("ros2", "benchmark")
        channel = writer.register_channel("/joint_states", "cdr", writer.register_schema(JOINT_STATE, "ros2msg", TEXT.encode()))
        for i, message in enumerate(data):
            writer.add_message(channel, i * 1_000_000, message, i * 1_000_000)
        writer.finish()


def rosbags_writer(path: Path, data: list[bytes], compression: str) -> None:
    from rosbags.rosbag2 import StoragePlugin
    from rosbags.rosbag2 import Writer as Writer2
    from rosbags.typesys import Stores, get_typestore

    with Writer2(path, version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        connection = writer.add_connection("/joint_states", JOINT_STATE, typestore=get_typestore(Stores.LATEST))
        for i, message in enumerate(data):
            writer.write(connection, i * 1_000_000, message)


def count(items: Any) -> int:
    n = 0
    for _ in items:
        n += 1
    return n


def ours_raw(path: Path) -> int:
    with open_bag(path) as bag:
        return count(bag.raw_messages())


def ours_decoded(path: Path) -> int:
    with open_bag(path) as bag:
        return count(bag.messages())


def ours_columns(path: Path) -> int:
    with open_bag(path) as bag:
        return len(bag.columns("/joint_states")["position"])


def mcap_raw(path: Path) -> int:
    with path.open("rb") as file:
        return count(make_reader(file).iter_messages())


def mcap_ros2_decoded(path: Path) -> int:
    from mcap_ros2.reader import read_ros2_messages

    return count(message.ros_msg for message in read_ros2_messages(path))


def rosbags_decoded(path: Path) -> int:
    from rosbags.typesys import Stores, get_typestore

    store = get_typestore(Stores.LATEST)
    with path.open("rb") as file:
        return count(store.deserialize_cdr(message.data, JOINT_STATE) for _, _, message in make_reader(file).iter_messages())


def rclpy_decoded(path: Path) -> int:
    from rclpy.serialization import deserialize_message
    from sensor_msgs.msg import JointState

    with path.open("rb") as file:
        return count(deserialize_message(message.data, JointState) for _, _, message in make_reader(file).iter_messages())


def ours_seek(path: Path, time: float) -> int:
    with open_bag(path) as bag:
        return len(bag.at(time))


def mcap_seek(path: Path, time: float) -> int:
    with path.open("rb") as file:
        reader = make_reader(file)
        return count(next(iter(reader.iter_messages([topic], ending_at=int(time * 1e9), reverse=True))) for topic in TOPICS)


def dropped(path: Path) -> None:
    """Ask the system to forget the file's pages."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def ours_recover(path: Path) -> int:
    target = path.with_suffix(".whole")
    target.unlink(missing_ok=True)
    return recover(path, target).messages_saved


def mcap_recover(path: Path) -> int:
    found = 0
    with path.open("rb") as file:
        try:
            for record in StreamReader(file).records:
                found += type(record).__name__ == "Message"
        except Exception:  # the peer ends a cut file with an error; what came before it counts
            pass
    return found


class Run:
    """Times things and keeps the figures."""

    def __init__(self, repeats: int, clock: Callable[[], float]) -> None:
        self.repeats, self.clock, self.rates = repeats, clock, dict[str, dict[str, float]]()

    def best(self, what: str, peers: dict[str, Callable[[], Any]], n: int, before: Callable[[], None] = lambda: None) -> None:
        """Rate [1/s] of ``n`` things in each of ``peers``, or its time [ms] where ``n`` is 0."""
        times: dict[str, float] = {}
        for _ in range(self.repeats):
            for name, do in peers.items():
                before()
                begun = self.clock()
                do()
                times[name] = min(times.get(name, float("inf")), self.clock() - begun)
        self.rates[what] = {name: n / time if n else 1e3 * time for name, time in times.items()}


def measure(run: Run, folder: Path, n: int, seek_mb: int, foxglove: str) -> None:
    data = messages(n)
    for word in ("none", "zstd"):  # every lambda below is called within its turn
        writers: dict[str, Callable[[], None]] = {
            "skillkit": lambda word=word: _fresh(folder / "ours.mcap", lambda path: ours(path, data, word)),  # type: ignore[misc]
            "skillkit, threaded": lambda word=word: _fresh(folder / "threaded.mcap", lambda path: ours(path, data, word, threaded=True)),  # type: ignore[misc]
            "mcap": lambda word=word: _fresh(folder / "mcap.mcap", lambda path: mcap_writer(path, data, word)),  # type: ignore[misc]
        }
        if word == "none" and find_spec("rosbags"):
            writers["rosbags"] = lambda: rosbags_writer(folder / f"rosbags{perf_counter()}", data, "none")
        run.best(f"write raw, {word} [msg/s]", writers, n)
        path, cut = folder / "ours.mcap", folder / "cut.mcap"
        if word == "zstd" and foxglove and run.clock is perf_counter:
            arguments = [foxglove, "-c", FOXGLOVE, str(folder / "fox.mcap"), str(n), data[0].hex()]
            answer = subprocess.run(arguments, input=TEXT, capture_output=True, text=True, check=False)
            if answer.returncode == 0:
                run.rates["write raw, zstd [msg/s]"]["foxglove-sdk"] = float(answer.stdout.split()[-1])
        run.best(f"read raw, {word} [msg/s]", {"skillkit": lambda: ours_raw(path), "mcap": lambda: mcap_raw(path)}, n)
        decoded: dict[str, Callable[[], int]] = {"skillkit columns": lambda: ours_columns(path), "skillkit": lambda: ours_decoded(path)}
        decoded["mcap_ros2"] = lambda: mcap_ros2_decoded(path)
        decoded.update({"rosbags": lambda: rosbags_decoded(path)} if find_spec("rosbags") else {})
        decoded.update({"rclpy": lambda: rclpy_decoded(path)} if find_spec("rclpy") else {})
        run.best(f"read decoded, {word} [msg/s]", decoded, n)
        cut.write_bytes(path.read_bytes()[: int(0.9 * path.stat().st_size)])
        run.best(f"recover, {word} [msg/s]", {"skillkit": lambda: ours_recover(cut), "mcap StreamReader, read only": lambda: mcap_recover(cut)}, n)
    if seek_mb:
        big, k = folder / "big.mcap", seek_mb * 1_000_000 // (len(data[0]) + 31)
        with BagWriter(big, compression="none") as writer:  # flushed every 0.1 s, made compact on closing
            for i in range(k):
                writer.write_stamped(TOPICS[i % len(TOPICS)], JOINT_STATE, data[i % n], i * 1_000_000)
        half = 0.5e-3 * k
        peers = {"skillkit": lambda: ours_seek(big, half), "mcap, topic by topic": lambda: mcap_seek(big, half)}
        run.best(f"cold seek in {big.stat().st_size / 1e9:.2f} GB [ms]", peers, 0, lambda: dropped(big))


def _fresh(path: Path, write: Callable[[Path], None]) -> None:
    path.unlink(missing_ok=True)
    write(path)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=200_000)
    parser.add_argument("--seek-mb", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--foxglove", default="", metavar="PYTHON")
    parser.add_argument("--processor-time", action="store_true")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    run = Run(given.repeats, process_time if given.processor_time else perf_counter)
    with TemporaryDirectory() as folder:
        measure(run, Path(folder), given.messages, given.seek_mb, given.foxglove)
    if given.json:
        print(json.dumps({"machine": platform.machine(), "processors": os.cpu_count(), "messages": given.messages, "figures": run.rates}, indent=1))
        return 0
    for what, figures in run.rates.items():
        print(what)
        first = next(iter(figures.values()))
        for name, figure in figures.items():
            print(
                f"  {name:<30} {figure:>12,.0f}  {figure / first:6.2f} ×"
                if not what.endswith("[ms]")
                else f"  {name:<30} {figure:>12.1f}  {figure / first:6.2f} ×"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
