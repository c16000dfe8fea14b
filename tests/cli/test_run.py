from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TASK = """
task: sway_a_little
description: Lift the tool a little, wait, and leave everything as it is.
scene: coffee
parameters:
  pause: {type: number, unit: s, minimum: 0.1, maximum: 2.0, default: 0.4}
tree:
  sequence:
    - skill: {sway: {}, label: up}
    - wait: $pause
"""
SKILL = """
skill: sway
description: Lift the tool.
action: {space: cartesian_delta, rate: 20 Hz}
success: elapsed() >= 0.5 s
time_limit: 5 s
policy: {python: "policy:Sway"}
"""
POLICY = """
from skillkit.spaces import CartesianDelta

print("imported")


class Sway:
    def start(self, situation):
        print("begins")

    def act(self, situation):
        return {"arm": CartesianDelta((0.0, 0.0, 0.002))}

    def snapshot(self):
        return {}

    def restore(self, snapshot):
        pass
"""


def write_skill(folder: Path, skill: str = SKILL) -> Path:
    folder.mkdir(parents=True)
    (folder / "skill.yaml").write_text(skill)
    (folder / "policy.py").write_text(POLICY)
    return folder


@pytest.fixture
def task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A task that ends soon, with its one skill; nothing else is in the working directory."""
    monkeypatch.chdir(tmp_path)
    write_skill(tmp_path / "skills" / "sway")
    path = tmp_path / "sway_a_little.yaml"
    path.write_text(TASK)
    return str(path)


@pytest.fixture
def invoke(invoke: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable:
    """As everywhere, but the skills of this folder are found first."""
    monkeypatch.setenv("SKILLKIT_PATH", f"{tmp_path}{os.pathsep}{ROOT}")
    return invoke


def timeless(document: dict) -> dict:
    """The document without what depends on the machine's speed and on where the bag went."""
    runs = [{key: value for key, value in run.items() if key not in ("wall_s", "loop_ms", "bag")} for run in document["runs"]]
    return {**document, "runs": runs, "bags": len(document["bags"])}


def test_an_episode_that_ends_well_but_did_nothing_is_no_success(invoke: Callable, task: str) -> None:
    Path(task).write_text(TASK.replace("scene: coffee", "scene: coffee\njudge: coffee_made"))
    answer = invoke("run", task, "--robot", "panda", "--seed", 5, "--json")
    found = answer.json
    assert answer.code == 1
    assert (found["robot"], found["episodes"], found["successes"], found["outcomes"], found["bags"]) == ("panda", 1, 0, ["SUCCEEDED"], [])
    [run] = found["runs"]
    assert run["seed"] == 5
    assert (run["judge"], run["checks"]["filled"]) == ("coffee_made", False)
    assert found["duration_s"] == run["duration_s"]
    assert run["flat_steps"] == round(50 * run["duration_s"])
    assert [row["label"] for row in run["skills"]] == ["up"]
    assert run["decisions"] == 1
    assert 0.0 < run["loop_ms"]["median"] <= run["loop_ms"]["p99"] <= run["loop_ms"]["longest"]


def test_a_task_is_judged_by_what_it_says_of_the_true_scene_and_without_a_judge_by_its_outcome(invoke: Callable, task: str) -> None:
    for judge, code, checks in (
        ("", 0, {}),
        ("judge: upright(cup_1) and inside(cup_1, cabinet)", 0, {"upright(cup_1)": True, "inside(cup_1, cabinet)": True}),
        ("judge: upright(cup_1) and on(cup_1, tray)", 1, {"upright(cup_1)": True, "on(cup_1, tray)": False}),
    ):
        Path(task).write_text(TASK.replace("scene: coffee", f"scene: coffee\n{judge}"))
        answer = invoke("run", task, "--seed", 5, "--json")
        [run] = answer.json["runs"]
        assert (answer.code, run["outcome"], run["judge"], run["checks"]) == (code, "SUCCEEDED", judge.removeprefix("judge: "), checks)
    Path(task).write_text(TASK)
    assert "physically not judged" in invoke("run", task, "--seed", 5).out


def test_results_do_not_depend_on_how_many_episodes_run_side_by_side(invoke: Callable, task: str) -> None:
    one = invoke("run", task, "--episodes", 2, "--seed", 7, "--json").json
    two = invoke("run", task, "--episodes", 2, "--seed", 7, "--jobs", 2, "--json").json
    assert [run["seed"] for run in one["runs"]] == [7, 8]
    assert timeless(one) == timeless(two)


def test_a_parameter_of_the_task_may_carry_its_unit(invoke: Callable, task: str) -> None:
    short, long = (invoke("run", task, "--set", f"pause={value}", "--json").json["duration_s"] for value in ("200 ms", "1.2"))
    assert long - short == pytest.approx(1.0, abs=0.05)
    refused = invoke("run", task, "--set", "pause=5 s")
    assert refused.code == 2
    assert "from 0.1 to 2 s" in refused.err


def test_each_episode_gets_a_bag_of_its_own_and_none_is_overwritten(invoke: Callable, task: str, tmp_path: Path) -> None:
    bags = invoke("run", task, "--episodes", 2, "--seed", 3, "--record", tmp_path / "new" / "x.mcap", "--json").json["bags"]
    assert [Path(bag).name for bag in bags] == ["x-seed3.mcap", "x-seed4.mcap"]
    assert all(Path(bag).stat().st_size > 0 for bag in bags)
    again = invoke("run", task, "--seed", 3, "--record", bags[0])
    assert again.code == 2
    assert "never overwritten" in again.err


def test_a_watched_run_leaves_bag_picture_and_timeline_and_says_where(invoke: Callable, task: str, tmp_path: Path) -> None:
    answer = invoke("run", task, "--seed", 1)
    files = sorted(path.name for path in (tmp_path / "runs").iterdir())
    assert files == ["sway_a_little-panda-seed1.html", "sway_a_little-panda-seed1.mcap", "sway_a_little-panda-seed1.png"]
    assert all(name in answer.out for name in files)
    for words in ("up", "1 decisions", "50 Hz", "loop", "p99"):
        assert words in answer.out
    page = (tmp_path / "runs" / files[0]).read_text()
    assert "data:image/png;base64" in page
    invoke("run", task, "--seed", 1)
    assert len(list((tmp_path / "runs").glob("*.mcap"))) == 2


def test_the_tree_is_drawn_live_where_someone_watches(task: str) -> None:
    watcher, terminal = pty.openpty()
    command = [sys.executable, "-m", "skillkit", "run", str(task), "--record", "x.mcap", "--set", "pause=2"]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120", "LINES": "40", "SKILLKIT_PATH": f"{Path(task).parent}{os.pathsep}{ROOT}"}
    with subprocess.Popen(command, stderr=terminal, stdout=subprocess.DEVNULL, env=environment) as process:
        os.close(terminal)
        drawn = b""
        try:
            while part := os.read(watcher, 65536):
                drawn += part
        except OSError:  # the terminal is gone with the process
            pass
    os.close(watcher)
    assert process.returncode == 0
    shown = drawn.decode(errors="replace")
    for words in ("sway_a_little on panda, seed 0", "✓ up", "▶ wait", "× real time"):
        assert words in shown


def test_a_task_without_a_scene_cannot_be_simulated(invoke: Callable, task: str) -> None:
    Path(task).write_text(TASK.replace("scene: coffee\n", ""))
    answer = invoke("run", task)
    assert answer.code == 2
    assert "scene: coffee" in answer.err


def test_moving_the_scene_together_with_the_robot_changes_nothing(invoke: Callable, task: str) -> None:
    here = invoke("run", task, "--json").json
    there = invoke("run", task, "--scene-option", "shift=0.4,-0.3,0.7", "--json").json
    assert here["outcomes"] == there["outcomes"]
    assert here["duration_s"] == pytest.approx(there["duration_s"], abs=0.02)


# -- a recorded run, looked at and decided again -----------------------------------------------------------------------------------------


@pytest.fixture
def bag(invoke: Callable, task: str) -> str:
    [path] = invoke("run", task, "--record", "x.mcap", "--json").json["bags"]
    return path


def test_info_tells_what_happened(invoke: Callable, bag: str) -> None:
    found = invoke("info", bag, "--json").json
    assert (found["task"], found["robot"], found["outcome"]) == ("sway_a_little", "panda", "SUCCEEDED")
    assert "up" in [run["label"] for run in found["runs"]]
    assert "up" in found["timeline"]
    assert "urdf/panda.urdf" in found["attachments"]
    assert "up" in invoke("info", bag).out


def test_info_writes_the_timeline_as_a_page(invoke: Callable, bag: str, tmp_path: Path) -> None:
    assert invoke("info", bag, "--html", tmp_path / "page.html").code == 0
    assert "up" in (tmp_path / "page.html").read_text()


def test_a_recorded_run_is_decided_again_exactly(invoke: Callable, bag: str) -> None:
    answer = invoke("replay", bag, "--json")
    found = answer.json
    assert answer.code == 0
    assert found["steps"] == found["compared"] > 40
    assert (found["differences"], found["first_difference"], found["changed"], found["cause"]) == (0, None, {}, "")
    assert invoke("replay", bag, "--json").json["digest"] == found["digest"]
    assert "× real time" in invoke("replay", bag).out


def test_a_changed_skill_is_named_with_the_first_step_that_differs(invoke: Callable, bag: str, tmp_path: Path) -> None:
    other = write_skill(tmp_path / "other" / "sway", SKILL.replace("20 Hz", "25 Hz"))
    answer = invoke("replay", bag, "--use", f"sway={other}", "--json")
    found = answer.json
    assert answer.code == 1
    assert found["differences"] > 0
    assert set(found["first_difference"]) >= {"step", "time", "class", "path", "expected", "got", "last_equal", "why"}
    assert any("25 Hz" in line for line in found["changed"]["sway"])
    assert "the skill 'sway', at work at that step, has changed" in found["cause"]
    assert "25 Hz" in found["cause"]
    words = invoke("replay", bag, "--use", f"sway={other}").out
    assert "first difference at step" in words
    assert "the skill 'sway' has changed" in words
    assert "cause" in words


def test_a_file_that_is_no_bag_is_wrong_usage(invoke: Callable, tmp_path: Path) -> None:
    (tmp_path / "x.mcap").write_text("hello")
    for command in ("replay", "info"):
        answer = invoke(command, tmp_path / "x.mcap")
        assert answer.code == 2
        assert len(answer.err.strip().splitlines()) == 1


def test_standard_output_is_one_json_document_even_from_a_shell(task: str) -> None:
    command = [sys.executable, "-m", "skillkit", "run", str(task), "--episodes", "2", "--jobs", "2", "--json"]
    environment = {**os.environ, "SKILLKIT_PATH": f"{Path(task).parent}{os.pathsep}{ROOT}"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert json.loads(done.stdout)["episodes"] == 2


def test_a_question_is_asked_at_the_terminal_until_one_of_its_answers_is_typed(task: str) -> None:
    tree = "sequence: [{ask: {question: Where to, answers: [left, right], into: $side}}, {condition: $side == right}]"
    Path(task).write_text(f"task: where\nscene: coffee\nvariables: {{side: {{type: word, choices: [left, right], default: left}}}}\ntree: {{{tree}}}\n")
    person, terminal = pty.openpty()
    command = [sys.executable, "-m", "skillkit", "run", task, "--record", "x.mcap"]
    environment = {**os.environ, "TERM": "dumb", "SKILLKIT_PATH": f"{Path(task).parent}{os.pathsep}{ROOT}"}
    with subprocess.Popen(command, stdin=terminal, stderr=terminal, stdout=subprocess.PIPE, env=environment, text=True) as process:
        os.close(terminal)
        seen = read_until(person, b"Where to (left / right)")
        os.write(person, b"up\n")
        seen += read_until(person, b"'up' is none of left, right")
        os.write(person, b"right\n")
        said = process.communicate(timeout=60)[0]
    os.close(person)
    assert process.returncode == 0, said + seen.decode()
    assert "SUCCEEDED" in said


def read_until(terminal: int, words: bytes) -> bytes:
    seen = b""
    while words not in seen:
        seen += os.read(terminal, 4096)
    return seen
