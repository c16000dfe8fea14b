"""A bag brought up to date: the same inputs, with what is decided about them now."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from skillkit.assembly.description import RUN_FILE, Description
from skillkit.assembly.reexecution import rebuild
from skillkit.assembly.system import System
from skillkit.bags import Bag, BagError, BagWriter, Joints, fingerprint, open_bag
from skillkit.bags.schemas import DIGEST, KEYFRAME, STEP, STEP_RESULT
from skillkit.bags.standard import standard_messages
from skillkit.records import inputs_from_record, result_record, state_text
from skillkit.spaces import NOTHING

OLD, NEW = ".old", ".new"


def update_bag(path: str | Path, skills: str | Path | Sequence[Path], use: Mapping[str, str | Path] = NOTHING) -> None:
    """Re-execute a bag and record what is decided now; the old file stays beside it with ``.old`` behind its name.

    Args:
        skills: the folder of skill folders; use: skill name → another folder to take it from.

    Raises:
        BagError: not a bag of ours, or the new one cannot be written.
    """
    path = Path(path)
    fresh = path.with_name(path.name + NEW)
    with open_bag(path) as bag, tempfile.TemporaryDirectory() as scratch:
        description, system = rebuild(bag, Path(scratch), skills, use)
        arms = {arm.name: Joints.of(arm.embodiment) for arm in system.cell.arms}
        with BagWriter(fresh, arms=arms) as writer:
            _belongings(bag, description, system, writer)
            _steps(bag, description, system, writer, arms)
        if writer.failure:
            raise BagError(fresh, writer.failure, "free some space")
    os.replace(path, path.with_name(path.name + OLD))
    os.replace(fresh, path)


def _belongings(bag: Bag, description: Description, system: System, writer: BagWriter) -> None:
    run = {**description.run, "skills": {name: skill.digest for name, skill in system.skills.items()}}
    writer.attach(RUN_FILE, json.dumps(run, indent=1, sort_keys=True).encode(), "application/json")
    for name, data in description.files.items():
        if not name.startswith("skills/"):
            writer.attach(name, data, bag.attachments.media_types[name])
    for name, data in Description.skill_files(system).items():
        writer.attach(name, data)
    for name, values in bag.metadata.items():
        writer.metadata(name, values if name != "platform" else fingerprint())


def _steps(bag: Bag, description: Description, system: System, writer: BagWriter, arms: Mapping[str, Joints]) -> None:
    runtime, decode = system.runtime(description.sizes()), bag.run().decoder(STEP)
    keyframes = {message.value["tick"] for name, topic in bag.topics.items() if topic.type == KEYFRAME for message in bag.messages(name)}
    derived: set[str] = set()
    for topic, stamp, data in bag.raw_messages():
        kind, text = bag.schema_of(topic)
        if kind == STEP:
            step = decode(data)
            result = runtime.step(inputs_from_record(step), step["now"])
            record = result_record(result)
            writer.write_step(step, record)
            derived.update(name for name, _, _ in standard_messages(step, record, arms))
            if step["tick"] in keyframes:
                writer.write_keyframe(step["tick"], state_text(runtime), step["now"])
        elif kind not in (STEP_RESULT, DIGEST, KEYFRAME) and topic not in derived:
            writer.write_stamped(topic, kind, data, stamp, text)
