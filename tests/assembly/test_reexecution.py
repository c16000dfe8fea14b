"""A recorded run re-executes bit for bit, needs nothing but its inputs for that, and names what is not as it was."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from skillkit import share
from skillkit.assembly import Description, Episode, System, replay, run_episode
from skillkit.assembly.side_by_side import stretches
from skillkit.assembly.worlds import simulated_world
from skillkit.bags import BagError, BagWriter, copy_without, open_bag
from skillkit.cell import Cell
from skillkit.library import load_skills
from skillkit.records import inputs_from_record, result_record
from skillkit.runtime import Runtime
from skillkit.spaces import Outcome


@pytest.fixture(scope="module")
def episode(tmp_path_factory: pytest.TempPathFactory) -> Episode:
    cell, world = simulated_world(Cell.of_robot("panda"), "coffee", 1)
    bag = tmp_path_factory.mktemp("bags") / "coffee.mcap"
    return run_episode(System.build(cell, "prepare_coffee"), world, "prepare_coffee", seed=1, record=str(bag))


def test_the_recorded_run_made_coffee(episode: Episode) -> None:
    assert episode.ending.outcome is Outcome.SUCCEEDED, episode.ending.reason
    assert episode.success, episode.checks


def test_re_executing_a_bag_decides_the_same_at_every_step(episode: Episode) -> None:
    found = replay(episode.bag)
    assert (found.differences, found.first) == (0, None)
    assert found.steps == found.compared == episode.steps
    assert not found.changed


def test_from_a_keyframe_on_every_step_decides_as_recorded(episode: Episode) -> None:
    found = replay(episode.bag, start=12.0)
    assert (found.begun, found.differences, found.first) == (10.0, 0, None)
    assert found.steps == found.compared == episode.steps - 1001


def test_from_a_keyframe_on_the_first_difference_is_named_like_from_the_beginning(episode: Episode, tmp_path: Path) -> None:
    folder = changed_grasp(tmp_path)
    whole = replay(episode.bag, use={"grasp": folder}).first
    assert whole is not None
    assert whole.time > 6.0
    assert replay(episode.bag, use={"grasp": folder}, start=whole.time).first == whole


def test_a_recording_that_began_later_than_its_run_is_re_executed_from_its_first_keyframe(episode: Episode, tmp_path: Path) -> None:
    with open_bag(episode.bag) as bag, BagWriter(tmp_path / "late.mcap") as writer:
        for name, data in bag.attachments.items():
            writer.attach(name, data)
        for message in bag.raw_messages(start=7.0):
            writer.write_stamped(message.topic, *(bag.schema_of(message.topic)[0], message.data, message.stamp), bag.schema_of(message.topic)[1])
    found = replay(tmp_path / "late.mcap")
    assert (found.begun, found.differences, found.steps) == (10.0, 0, episode.steps - 1001)


def test_the_inputs_alone_give_the_same_sequence(episode: Episode, tmp_path: Path) -> None:
    with open_bag(episode.bag) as bag:
        others = [topic for topic in bag.topics if topic != "/skillkit/step"]
    copy_without(episode.bag, tmp_path / "inputs.mcap", others)
    with open_bag(tmp_path / "inputs.mcap") as bag:
        assert list(bag.topics) == ["/skillkit/step"]
    alone = replay(tmp_path / "inputs.mcap")
    assert (alone.compared, alone.differences) == (0, 0)
    assert alone.digest == replay(episode.bag).digest


def changed_grasp(tmp_path: Path) -> Path:
    folder = tmp_path / "grasp"
    shutil.copytree(share.folders("skills")[0] / "grasp", folder, ignore=shutil.ignore_patterns("__pycache__"))
    changed, count = re.subn(r"for: [0-9.]+ s", "for: 1.5 s", (folder / "skill.yaml").read_text())
    assert count == 1
    (folder / "skill.yaml").write_text(changed)
    return folder


def test_a_changed_threshold_is_named_with_the_first_step_it_changed(episode: Episode, tmp_path: Path) -> None:
    found = replay(episode.bag, use={"grasp": changed_grasp(tmp_path)})
    assert found.differences > 0
    assert found.first is not None
    grasped = next(t for t in episode.transitions if t.option == "grasp")
    assert found.first.time == pytest.approx(grasped.start + grasped.duration, abs=0.011)
    assert list(found.changed) == ["grasp"]
    assert any("for: 1.5 s" in line for line in found.changed["grasp"])


def rebuild(path: str, folder: Path) -> tuple[Runtime, Runtime]:
    with open_bag(path) as bag:
        description = Description.from_attachments(bag.attachments)
    description.write_to(folder)
    system = System(description.cell_in(folder), load_skills(share.folders("skills")))
    description.tasks_in(folder, system)
    return system.runtime(description.sizes()), system.runtime(description.sizes())


@pytest.mark.parametrize("share_of_run", [0.1, 0.45, 0.9])
def test_a_runtime_restored_in_the_middle_of_the_task_continues_bit_for_bit(episode: Episode, tmp_path: Path, share_of_run: float) -> None:
    first, second = rebuild(episode.bag, tmp_path)
    cut = int(share_of_run * episode.steps)
    with open_bag(episode.bag) as bag:
        for count, (step, recorded) in enumerate(bag.steps()):
            inputs = inputs_from_record(step)
            if count < cut:
                first.step(inputs, step["now"])
                continue
            if count == cut:
                second.restore(json.loads(json.dumps(first.snapshot())))
            again = result_record(second.step(inputs, step["now"]))
            assert recorded is not None
            assert repr(again["commands"]) == repr(result_record(first.step(inputs, step["now"]))["commands"])
            assert again["commands"] == recorded["commands"]
            assert list(again["transitions"]) == recorded["transitions"]


def test_a_bag_of_someone_else_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "other.mcap").write_bytes(b"\x89MCAP0\r\n" + b"\0" * 40)
    with pytest.raises(BagError):
        replay(tmp_path / "other.mcap")


def test_an_attachment_cannot_leave_its_folder(tmp_path: Path) -> None:
    for name in ("../evil.yaml", "/tmp/evil.yaml", "a/../../evil", "C:/evil"):
        with pytest.raises(BagError, match="leaves its folder"):
            Description({}, {name: b"x"}).write_to(tmp_path)


def test_a_bag_that_is_shared_out_between_its_keyframes_gives_the_same_answer(episode: Episode, tmp_path: Path) -> None:
    with open_bag(episode.bag) as bag:
        parts = stretches(bag, 3)
    assert [part.last is None for part in parts] == [False, False, True]
    assert [later.start for later in parts[1:]] == [0.01 * part.last for part in parts[:-1] if part.last is not None]
    assert replay(episode.bag, jobs=3) == replay(episode.bag)
    folder = changed_grasp(tmp_path)
    shared, alone = (replay(episode.bag, use={"grasp": folder}, jobs=jobs) for jobs in (2, 1))
    assert (shared.first, shared.differences) == (alone.first, alone.differences)
    assert shared.first is not None


def test_a_bag_from_which_a_step_was_lost_between_two_stretches_is_not_called_equal(episode: Episode, tmp_path: Path) -> None:
    with open_bag(episode.bag) as bag, BagWriter(tmp_path / "lost.mcap") as writer:
        cut = stretches(bag, 2)[0].last
        for name, data in bag.attachments.items():
            writer.attach(name, data)
        steps = -1
        for message in bag.raw_messages():
            steps += message.topic.endswith("/step")
            if not (message.topic.endswith("/step") and steps == (cut or 0) + 1) and not message.topic.endswith("/digest"):
                writer.write_stamped(message.topic, bag.schema_of(message.topic)[0], message.data, message.stamp, bag.schema_of(message.topic)[1])
    found = replay(tmp_path / "lost.mcap", jobs=2)
    assert found.first is not None
    assert (found.first.kind, found.first.path) == ("input", "step.tick")
