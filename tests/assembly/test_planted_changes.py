"""Ten changes planted into a recorded run: each is found at the step where it first makes a difference, and named by its class."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from skillkit.assembly import Episode, Replay, System, replay, run_episode
from skillkit.assembly.reexecution import rebuild
from skillkit.assembly.worlds import simulated_world
from skillkit.bags import BagWriter, copy_without, open_bag
from skillkit.bags.cdr import Codec
from skillkit.bags.compare import same
from skillkit.bags.schemas import STEP, STEP_RESULT, schema
from skillkit.cell import Cell
from skillkit.records import inputs_from_record, result_record, state_text

WEIGHTED = """
import json
from pathlib import Path

from skillkit.policies.phases import Move, Phases
from skillkit.pose import Pose, frozen

GAIN = float.fromhex(json.loads((Path(__file__).parent / "weights.json").read_text()))


class Wait(Phases):
    order = ("wait",)

    def wait(self, situation):
        target = situation.arm.target
        goal = Pose(frozen(target.position + [0.0, 0.0, 0.001]), target.rotation)
        return Move(goal, closure=0.25 * GAIN * (EXTRA), done=False)
"""
SKILL = """
skill: drift
description: Rises slowly, for tests.
parameters:
  speed: {type: number, default: 1.0}
action: {space: cartesian_delta, rate: 20 Hz}
success: {when: elapsed() > 1 s, for: 0.2 s}
time_limit: 5 s
policy: {python: "policy:Wait"}
"""
TASK = """
task: drifting
tree:
  sequence:
    - skill: drift
    - fallback:
        - skill: {drift: {speed: 2.0}, label: again}
        - skill: {drift: {speed: 3.0}, label: spare}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("planted")
    write_skill(place / "skills" / "drift")
    (place / "drifting.yaml").write_text(TASK)
    return place


def write_skill(folder: Path, extra: str = "1.0", gain: float = 1.0, edit: Callable[[str], str] = str) -> Path:
    folder.mkdir(parents=True)
    (folder / "skill.yaml").write_text(edit(SKILL))
    (folder / "policy.py").write_text(WEIGHTED.replace("EXTRA", extra))
    (folder / "weights.json").write_text(f'"{gain.hex()}"')
    return folder


@pytest.fixture(scope="module")
def episode(folder: Path) -> Episode:
    cell, world = simulated_world(Cell.of_robot("panda"), "coffee", 1)
    system = System.build(cell, folder / "drifting.yaml", skills=folder / "skills")
    return run_episode(system, world, "drifting", seed=1, record=str(folder / "run.mcap"))


def rewritten(
    bag: str, target: Path, edit: Callable[[dict[str, Any]], dict[str, Any] | None], attachment: Callable[[str, bytes], bytes] = lambda name, data: data
) -> Path:
    """A copy of a bag with its Step messages or attachments edited; ``None`` leaves a step out."""
    codec = Codec(STEP, schema(STEP))
    with open_bag(bag) as source, BagWriter(target) as writer:
        for name, data in source.attachments.items():
            writer.attach(name, attachment(name, data))
        for name, values in source.metadata.items():
            writer.metadata(name, values)
        for topic, stamp, data in source.raw_messages():
            if source.topics[topic].type == STEP:
                step = edit(codec.decode(data))
                if step is not None:
                    writer.write_stamped(topic, STEP, codec.encode(step), stamp)
            else:
                writer.write_stamped(topic, *(source.schema_of(topic)[0], data, stamp), source.schema_of(topic)[1])
    return target


def found_in(found: Replay, kind: str, step: int, path: str) -> None:
    assert found.first is not None, "no difference was found"
    assert (found.first.kind, found.first.step) == (kind, step), found.first
    assert re.search(path, found.first.path), found.first.path
    assert found.differences > 0
    if step > 0:
        assert found.first.last_equal is not None
        assert found.first.last_equal[0] == step - 1


def step_at(bag: str, time: float) -> int:
    with open_bag(bag) as opened:
        return next(int(step["tick"]) for step, _ in opened.steps() if step["now"] >= time - 1e-9)


def test_nothing_planted_nothing_found(episode: Episode, folder: Path) -> None:
    found = replay(episode.bag, folder / "skills", watch=True)
    assert (found.differences, found.platform, found.first, found.impure) == (0, 0, None, {})
    assert found.compared == found.steps == episode.steps


def test_a_threshold(episode: Episode, folder: Path, tmp_path: Path) -> None:
    other = write_skill(tmp_path / "drift", edit=lambda text: text.replace("elapsed() > 1 s", "elapsed() > 1.1 s"))
    first = episode.transitions[0]
    found = replay(episode.bag, folder / "skills", use={"drift": other})
    found_in(found, "expression", step_at(episode.bag, first.start + first.duration - 0.2), r"^judged\[drifting/drift\]\.score")  # held for 0.2 s
    assert found.first is not None
    assert found.first.skill == "drift"
    assert [node.path for node in found.first.why] == ["drifting/drift", "drifting"]
    assert found.first.why[1].type == "sequence"
    assert found.first.as_dict()["last_equal"]["step"] == found.first.step - 1


def test_a_bit_of_a_weight(episode: Episode, folder: Path, tmp_path: Path) -> None:
    other = write_skill(tmp_path / "drift", gain=1.0000000000000002)
    found = replay(episode.bag, folder / "skills", use={"drift": other})
    found_in(found, "policy", 1, r"^directives\[panda\]\.closure")
    assert found.changed == {"drift": ["files that are not text have changed"]}


def test_the_order_of_the_tree(episode: Episode, folder: Path, tmp_path: Path) -> None:
    def swap(name: str, data: bytes) -> bytes:
        again, spare = b"- skill: {drift: {speed: 2.0}, label: again}", b"- skill: {drift: {speed: 3.0}, label: spare}"
        return data.replace(again, b"@").replace(spare, again).replace(b"@", spare) if name.startswith("tasks/") else data

    first = episode.transitions[0]
    found = replay(rewritten(episode.bag, tmp_path / "bag.mcap", lambda step: step, swap), folder / "skills")
    found_in(found, "status", step_at(episode.bag, first.start + first.duration), r"^started\[drifting/1:fallback/again\]")


@pytest.mark.parametrize(
    ("kind", "call", "words"),
    [
        ("clock", "__import__('time').time() % 1.0", "time.time() at policy.py"),
        ("random", "__import__('random').random()", "random.random() at policy.py"),
        ("random", "__import__('numpy').random.default_rng().random()", "urandom"),
        ("clock", "__import__('datetime').datetime.now().timestamp() % 1.0", "datetime.now() at policy.py"),
    ],
)
def test_a_look_at_the_clock_or_at_unseeded_randomness(folder: Path, tmp_path: Path, kind: str, call: str, words: str) -> None:
    write_skill(tmp_path / "skills" / "drift", extra=call)
    cell, world = simulated_world(Cell.of_robot("panda"), "coffee", 1)
    system = System.build(cell, folder / "drifting.yaml", skills=tmp_path / "skills")
    episode = run_episode(system, world, "drifting", record=str(tmp_path / "run.mcap"))
    found = replay(episode.bag, tmp_path / "skills")
    found_in(found, kind, 1, r"^directives\[panda\]")
    assert found.first is not None
    assert found.first.skill == "drift"
    assert words in found.first.because
    assert found.changed == {}


@pytest.fixture(scope="module")
def drawing(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Episode:
    """A run of a skill that draws three numbers a step from the generator that it is given, of which one makes a difference."""
    place = tmp_path_factory.mktemp("drawing")
    write_skill(place / "skills" / "drift", extra="situation.random.random(3)[0]")
    cell, world = simulated_world(Cell.of_robot("panda"), "coffee", 1)
    system = System.build(cell, folder / "drifting.yaml", skills=place / "skills")
    return run_episode(system, world, "drifting", seed=1, record=str(place / "run.mcap"))


def test_what_is_drawn_from_the_given_generator_is_recorded_and_drawn_again(drawing: Episode) -> None:
    found = replay(drawing.bag, Path(drawing.bag).parent / "skills", watch=True)
    assert (found.differences, found.first, found.impure) == (0, None, {})
    with open_bag(drawing.bag) as bag:
        draws = [entry for _, result in bag.steps() if result is not None for entry in result["draws"]]
    first = [entry["count"] for entry in draws if entry["path"] == "drifting/drift"]
    assert first == [3 * n for n in range(1, drawing.transitions[0].steps + 1)]
    assert len({entry["state"] for entry in draws}) == len(draws)


def test_a_generator_goes_on_from_a_snapshot_of_the_runtime(drawing: Episode, folder: Path) -> None:
    system = System.build(Cell.of_robot("panda"), folder / "drifting.yaml", skills=Path(drawing.bag).parent / "skills")
    one, other = system.runtime(), system.runtime()
    with open_bag(drawing.bag) as bag:
        steps = [(inputs_from_record(step), step["now"]) for step, _ in bag.steps()]
    for given in steps[:50]:
        one.step(*given)
    other.restore(json.loads(state_text(one)))
    again = [[result_record(runtime.step(*given)) for given in steps[50:]] for runtime in (one, other)]
    assert sum(len(result["draws"]) for result in again[0]) > 20
    assert all(same(a, b) for a, b in zip(*again, strict=True))


def test_another_seed_is_found_where_it_is_drawn_from_first(drawing: Episode, tmp_path: Path) -> None:
    def reseed(step: dict[str, Any]) -> dict[str, Any]:
        return {**step, "inputs": [{**given, "name": "seed 2"} if given["name"] == "seed 1" else given for given in step["inputs"]]}

    bag = rewritten(drawing.bag, tmp_path / "bag.mcap", reseed)
    skills = Path(drawing.bag).parent / "skills"
    assert replay(bag, skills).first.kind == "input"  # type: ignore[union-attr]
    with open_bag(bag) as opened:
        copy_without(bag, tmp_path / "undigested.mcap", [name for name in opened.topics if name.endswith(("digest", "keyframe"))])
    found_in(replay(tmp_path / "undigested.mcap", skills), "random", 1, r"^draws\[drifting/drift\]\.state")


def test_another_number_of_draws_is_found_though_no_command_shows_it(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The skill is as it was recorded; something outside decides how much it draws."""
    write_skill(tmp_path / "skills" / "drift", extra="situation.random.random(3 if 'SKILLKIT_TEST_MORE' in __import__('os').environ else 2)[0]")
    cell, world = simulated_world(Cell.of_robot("panda"), "coffee", 1)
    system = System.build(cell, folder / "drifting.yaml", skills=tmp_path / "skills")
    episode = run_episode(system, world, "drifting", seed=1, record=str(tmp_path / "run.mcap"))
    monkeypatch.setenv("SKILLKIT_TEST_MORE", "1")
    found = replay(episode.bag, tmp_path / "skills")
    found_in(found, "random", 1, r"^draws\[drifting/drift\]\.count")
    assert found.first is not None
    assert (found.first.expected, found.first.got, found.changed) == (2, 3, {})
    other = write_skill(tmp_path / "drift", extra="situation.random.random(4)[0]")
    found_in(replay(episode.bag, tmp_path / "skills", use={"drift": other}), "policy", 1, r"^draws\[drifting/drift\]\.count")


def test_an_error_is_the_same_error_on_another_line(folder: Path, tmp_path: Path) -> None:
    write_skill(tmp_path / "skills" / "drift", extra="1 / 0")
    cell, world = simulated_world(Cell.of_robot("panda"), "coffee", 1)
    episode = run_episode(System.build(cell, folder / "drifting.yaml", skills=tmp_path / "skills"), world, "drifting", record=str(tmp_path / "run.mcap"))
    assert "division by zero (policy.py:" in episode.ending.reason
    policy = tmp_path / "skills" / "drift" / "policy.py"
    policy.write_text(f"# one line more\n{policy.read_text()}")
    found = replay(episode.bag, tmp_path / "skills")
    assert (found.first, found.compared, list(found.changed)) == (None, episode.steps, ["drift"])


def test_a_parameter(episode: Episode, folder: Path, tmp_path: Path) -> None:
    other = write_skill(tmp_path / "drift", edit=lambda text: text.replace("default: 1.0", "default: 1.5"))
    found_in(replay(episode.bag, folder / "skills", use={"drift": other}), "parameter", 1, r"^started\[drifting/drift\]\.parameters")


def test_a_limit_of_the_robot_model(episode: Episode, folder: Path, tmp_path: Path) -> None:
    def tighten(name: str, data: bytes) -> bytes:
        return data.replace(b"velocity: [2.175, 2.175", b"velocity: [2.175, 0.001") if name == "urdf/panda.yaml" else data

    bag = rewritten(episode.bag, tmp_path / "bag.mcap", lambda step: step, tighten)
    with open_bag(bag) as opened:
        description, system = rebuild(opened, tmp_path / "files", folder / "skills")
        runtime = system.runtime(description.sizes())
        again = ((step["tick"], result, result_record(runtime.step(inputs_from_record(step), step["now"]))) for step, result in opened.steps())
        first = next(tick for tick, recorded, now in again if recorded is not None and not same(recorded["commands"], now["commands"]))
    assert 1 < first <= 12
    found_in(replay(bag, folder / "skills"), "ik", first, r"^commands\[panda\]\.(position|limited)")


def test_a_message_that_was_dropped(episode: Episode, folder: Path, tmp_path: Path) -> None:
    def drop(step: dict[str, Any]) -> dict[str, Any]:
        return {**step, "inputs": step["inputs"][1:]} if step["tick"] == 37 else step

    found_in(replay(rewritten(episode.bag, tmp_path / "bag.mcap", drop), folder / "skills"), "input", 37, r"^step\.inputs")


def test_messages_that_changed_places(episode: Episode, folder: Path, tmp_path: Path) -> None:
    def swap(step: dict[str, Any]) -> dict[str, Any]:
        return {**step, "inputs": step["inputs"][::-1]} if step["tick"] == 40 else step

    found_in(replay(rewritten(episode.bag, tmp_path / "bag.mcap", swap), folder / "skills"), "input", 40, r"^step\.inputs")


def test_a_step_that_is_missing(episode: Episode, folder: Path, tmp_path: Path) -> None:
    found = replay(rewritten(episode.bag, tmp_path / "bag.mcap", lambda step: None if step["tick"] == 50 else step), folder / "skills")
    found_in(found, "input", 50, r"^step\.tick")


def test_another_policy(episode: Episode, folder: Path, tmp_path: Path) -> None:
    other = write_skill(tmp_path / "drift", extra="-1.0")
    found_in(replay(episode.bag, folder / "skills", use={"drift": other}), "policy", 1, r"^directives\[panda\]\.closure")


def test_digests_alone_tell_the_step(episode: Episode, folder: Path, tmp_path: Path) -> None:
    with open_bag(episode.bag) as bag:
        others = [topic for topic in bag.topics if topic not in ("/skillkit/step", "/skillkit/digest")]
    copy_without(episode.bag, tmp_path / "bag.mcap", others)
    assert replay(tmp_path / "bag.mcap", folder / "skills").compared == episode.steps
    other = write_skill(tmp_path / "drift", extra="-1.0")
    found_in(replay(tmp_path / "bag.mcap", folder / "skills", use={"drift": other}), "result", 1, "result")


def test_on_another_platform_what_is_within_the_tolerance_is_put_down_to_it(episode: Episode, folder: Path, tmp_path: Path) -> None:
    bag = tmp_path / "bag.mcap"
    with open_bag(episode.bag) as source, BagWriter(bag) as writer:
        for name, data in source.attachments.items():
            writer.attach(name, data)
        writer.metadata("platform", {**source.metadata["platform"], "processor": "another"})
        for topic, stamp, data in source.raw_messages(["/skillkit/step", "/skillkit/result"]):
            kind, text = source.schema_of(topic)
            codec = Codec(kind, text)
            message = codec.decode(data)
            if message.get("commands"):
                message["commands"][0]["position"][2] += 1e-12
            writer.write_stamped(topic, kind, codec.encode(message), stamp, text)
    found = replay(bag, folder / "skills")
    assert found.differences == 0
    assert found.platform > 100
    assert found.first is not None
    assert found.first.kind == "platform"
    assert "processor was another" in found.first.because
    assert replay(bag, folder / "skills", tolerance=1e-15).differences > 100


def test_what_the_runtime_remembers_is_compared_at_keyframes(episode: Episode, folder: Path, tmp_path: Path) -> None:
    with open_bag(episode.bag) as source, BagWriter(tmp_path / "bag.mcap") as writer:
        for name, data in source.attachments.items():
            writer.attach(name, data)
        for topic, stamp, data in source.raw_messages("/skillkit/step"):
            writer.write_stamped(topic, source.schema_of(topic)[0], data, stamp)
        keyframe = next(iter(source.messages("/skillkit/keyframe")))
        state = keyframe.value["state"].replace('"closure": 0.0', '"closure": 0.5')
        writer.write_keyframe(0, state, 0.0)
    found = replay(tmp_path / "bag.mcap", folder / "skills")
    found_in(found, "blackboard", 0, r"^state\.arms\.panda\.closure")
    assert (found.first and found.first.expected, found.differences) == (0.5, 1)


def test_a_bag_of_a_version_that_recorded_less_decides_as_recorded(episode: Episode, folder: Path, tmp_path: Path) -> None:
    lines = schema(STEP_RESULT).splitlines(keepends=True)
    older = "".join(line for line in lines if not re.match(r"(Judgement|PolicyCall|VariableWrite)\[\]|float64\[\] residual", line))
    now, then = Codec(STEP_RESULT, schema(STEP_RESULT)), Codec(STEP_RESULT, older)
    with open_bag(episode.bag) as source, BagWriter(tmp_path / "older.mcap") as writer:
        for name, data in source.attachments.items():
            writer.attach(name, data)
        for topic, stamp, data in source.raw_messages(["/skillkit/step", "/skillkit/result"]):
            kind, text = source.schema_of(topic)
            if kind == STEP_RESULT:
                result = {name: value for name, value in now.decode(data).items() if name not in ("judged", "calls", "writes")}
                result["commands"] = [{name: value for name, value in one.items() if name != "residual"} for one in result["commands"]]
                data, text = then.encode(result), older
            writer.write_stamped(topic, kind, data, stamp, text)
    found = replay(tmp_path / "older.mcap", folder / "skills")
    assert (found.first, found.compared) == (None, episode.steps)


def test_a_step_says_what_was_decided_from(episode: Episode) -> None:
    with open_bag(episode.bag) as bag:
        results = [result for _, result in bag.steps() if result is not None]
    drifting = [one for result in results for one in result["judged"] if one["path"] == "drifting/drift"]
    assert {one["part"] for one in drifting} == {"termination"}
    assert [one["score"] for one in drifting] == sorted(one["score"] for one in drifting)  # until it holds, then while it is held
    first = episode.transitions[0]
    assert sum(call["path"] == "drifting/drift" for result in results for call in result["calls"]) == first.steps
    assert all(len(command["residual"]) == 6 for result in results for command in result["commands"])
