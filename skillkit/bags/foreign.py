"""Bags that are not MCAP — rosbag2's sqlite3 — through ``rosbags`` (an extra)."""

from __future__ import annotations

from pathlib import Path

from skillkit.bags.write import BagWriter
from skillkit.exceptions import BagError


def as_mcap(path: Path, target: Path) -> Path:
    """Copy every message whose type is known into one MCAP file.

    Raises:
        BagError: it is no bag of rosbag2, or ``rosbags`` is missing.
    """
    try:
        from rosbags.highlevel import AnyReader
        from rosbags.typesys import Stores, get_typestore
    except ImportError:
        raise BagError(path, "is not an MCAP file, and 'rosbags', which reads it, is not installed", "pip install 'skillkit[rosbags]'") from None
    folder = path if path.is_dir() else path.parent
    if not (folder / "metadata.yaml").is_file():
        fix = "name an .mcap file, or the folder that 'ros2 bag record' wrote; 'ros2 bag reindex' makes metadata.yaml anew"
        raise BagError(path, "is no bag: there is no metadata.yaml beside its files", fix)
    try:
        with AnyReader([folder], default_typestore=get_typestore(Stores.LATEST)) as reader, BagWriter(target, flush_every=1.0) as writer:
            texts = {connection.id: _definition(reader.typestore, connection) for connection in reader.connections}
            for connection in reader.connections:
                writer.describe(connection.topic, _words(connection))
            for connection, stamp, data in reader.messages():
                if texts[connection.id]:
                    writer.write_stamped(connection.topic, connection.msgtype, bytes(data), stamp, texts[connection.id])
    except BagError:
        raise
    except Exception as error:  # whatever a foreign reader throws at a damaged file
        raise BagError(path, f"cannot be read: {type(error).__name__}: {error}", "the bag may be damaged") from None
    return target


def _words(connection: object) -> dict[str, str]:
    """What is known of how a topic was published."""
    offered = getattr(getattr(connection, "ext", None), "offered_qos_profiles", ())
    latched = bool(offered) and all(getattr(getattr(one, "durability", None), "name", "") == "TRANSIENT_LOCAL" for one in offered)
    return {"durability": "transient_local"} if latched else {}


def _definition(store: object, connection: object) -> str:
    """The full schema of a topic's type; empty where nobody knows it."""
    try:
        text, _ = store.generate_msgdef(connection.msgtype, ros_version=2)  # type: ignore[attr-defined]
    except Exception:  # a type that the bag does not define either
        return ""
    return str(text)
