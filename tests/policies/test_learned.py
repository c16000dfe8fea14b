"""A learned policy is run from numbers alone: what it sees does not know where it stands, and what is not whole is refused."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from skillkit.exceptions import SkillkitError
from skillkit.library import check_skill
from skillkit.option import Parameter, Situation
from skillkit.policies.learned import Learned, Loaded
from skillkit.policies.tensors import read_tensors
from skillkit.policies.view import View
from skillkit.pose import Array, Pose
from skillkit.spaces import ArmState, CartesianDelta, ObjectState, Observation

PARAMETERS = (Parameter("cup", "object"), Parameter("to", "object"), Parameter("lift", "number"), Parameter("gently", "boolean"))
MOVES = [Pose.from_vector((1.0, -2.0, 0.3), (0.0, 0.0, 2.1)), Pose.from_vector((0.0, 0.4, 0.0), (0.0, 0.0, -0.7))]


def situation(moved: Pose) -> Situation:
    """An arm before two things, all moved."""
    none = np.zeros(7)
    tool, target = (moved @ Pose.from_vector((0.4, 0.1, z), (2.0, 0.4, 0.1)) for z in (0.30, 0.31))
    arm = ArmState(none, none, tool, target, moved, 0.03, 0.08, 1.0, 5.0, 0.0, np.zeros(6))
    cup = ObjectState(moved @ Pose.from_vector((0.42, 0.1, 0.28), (0.0, 0.0, 0.5)), np.array([0.06, 0.06, 0.1]), 0.0, 0.0)
    tray = ObjectState(moved @ Pose.from_vector((0.1, -0.5, 0.1)), np.array([0.3, 0.2, 0.02]), 0.0, 0.0)
    seen = Observation(0.0, {"a": arm}, {"cup_1": cup, "tray": tray}, {})
    return Situation(seen, {"arm": "a"}, {"cup": "cup_1", "to": "tray", "lift": 0.02, "gently": True})


def seen(where: Situation) -> Array:
    view = View.of(PARAMETERS)
    view.start(where)
    return view(where)


def write_tensors(path: Path, arrays: dict[str, Array]) -> str:
    """A safetensors file, written as its format is described."""
    header, data = {}, b""
    for name, array in arrays.items():
        raw = array.astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_folder(folder: Path) -> None:
    """A policy that moves the tool by the way that is left to the second object, per second."""
    view = View.of(PARAMETERS)
    points, raw = view.details["points"], len(view.names)
    weight = np.zeros((raw, 6))
    for axis in range(3):
        weight[points["to"][axis], axis], weight[points["tool"][axis], axis] = 0.05, -0.05
    arrays = {"matrix": np.eye(raw), "mean": np.zeros(raw), "deviation": np.ones(raw), "unit": np.ones(6)}
    digest = write_tensors(folder / "weights.safetensors", {**arrays, "members.0.0.weight": weight, "members.0.0.bias": np.zeros(6)})
    said = {"view": view.as_dict(), "limit": [0.02] * 6, "scales": [], "first_difference": raw, "sha256": digest}
    (folder / "policy.json").write_text(json.dumps(said))


def test_what_is_seen_has_a_name_for_each_number() -> None:
    view = View.of(PARAMETERS)
    found = seen(situation(Pose.from_vector()))
    assert len(found) == len(view.names) == len(set(view.names))
    named = dict(zip(view.names, found.tolist(), strict=True))
    assert named["tool_z"] == pytest.approx(0.31)
    assert named["to_y"] == pytest.approx(-0.5)
    assert named["lift"] == 0.02
    assert named["opening"] == pytest.approx(0.375)
    assert (named["cup_xx"], named["cup_xy"]) == pytest.approx((np.cos(0.5), np.sin(0.5)))


@pytest.mark.parametrize("moved", MOVES)
def test_moving_arm_and_things_together_changes_nothing_that_is_seen(moved: Pose) -> None:
    assert seen(situation(moved)) == pytest.approx(seen(situation(Pose.from_vector())), abs=1e-12)


@pytest.mark.parametrize("moved", MOVES)
def test_what_is_done_turns_with_the_arm_and_stays_inside_its_limits(moved: Pose, tmp_path: Path) -> None:
    write_folder(tmp_path)
    policy = type("Made", (Learned,), {"FOLDER": tmp_path})()
    where = situation(moved)
    policy.start(where)
    delta = policy.act(where)["arm"]
    assert isinstance(delta, CartesianDelta)
    assert moved.rotation.T @ np.array(delta.translation) == pytest.approx([0.05 * -0.3, -0.02, 0.05 * -0.21], abs=1e-6)
    assert delta.closure is None


def test_weights_that_change_under_a_running_process_are_looked_at_again(tmp_path: Path) -> None:
    write_folder(tmp_path)
    kind = type("Made", (Learned,), {"FOLDER": tmp_path})
    assert kind().made is kind().made
    file = tmp_path / "weights.safetensors"
    file.write_bytes(file.read_bytes() + b" ")
    with pytest.raises(SkillkitError, match="sha256"):
        kind()


def test_a_policy_goes_on_from_its_snapshot(tmp_path: Path) -> None:
    write_folder(tmp_path)
    kind = type("Made", (Learned,), {"FOLDER": tmp_path})
    policy, other = kind(), kind()
    policy.start(situation(MOVES[0]))
    other.restore(json.loads(json.dumps(policy.snapshot())))
    assert other.act(situation(MOVES[1])) == policy.act(situation(MOVES[1]))


def test_a_network_is_read_once_for_all_skills_that_use_it(tmp_path: Path) -> None:
    write_folder(tmp_path)
    digest = json.loads((tmp_path / "policy.json").read_text())["sha256"]
    first = read_tensors(tmp_path / "weights.safetensors", digest)
    assert read_tensors(tmp_path / "weights.safetensors", digest) is first
    with pytest.raises(ValueError, match="read-only"):
        first["matrix"][0, 0] = 1.0


@pytest.mark.parametrize("damage", [b"", b"\x00" * 40, b"\x05\x00\x00\x00\x00\x00\x00\x00{}..."])
def test_a_file_that_is_no_safetensors_is_refused(damage: bytes, tmp_path: Path) -> None:
    file = tmp_path / "weights.safetensors"
    file.write_bytes(damage)
    with pytest.raises(SkillkitError, match="safetensors"):
        read_tensors(file, hashlib.sha256(damage).hexdigest())


def test_a_folder_whose_weights_were_changed_is_a_problem_of_the_skill(tmp_path: Path) -> None:
    write_folder(tmp_path)
    (tmp_path / "policy.py").write_text(
        "from pathlib import Path\nfrom skillkit.policies.learned import Learned\n\n\nclass Policy(Learned):\n    FOLDER = Path(__file__).parent\n"
    )
    (tmp_path / "skill.yaml").write_text(
        "skill: reach_it\ndescription: Go there.\nparameters: {to: {type: object}}\naction: {space: cartesian_delta, rate: 20 Hz}\n"
        'success: distance(tool, $to) < 1 cm\ntime_limit: 5 s\npolicy: {python: "policy:Policy"}\n'
    )
    file = tmp_path / "weights.safetensors"
    file.write_bytes(file.read_bytes()[:-1] + b"\x01")
    skill, problems = check_skill(tmp_path)
    assert skill is None
    assert "sha256" in problems[0].message
    write_folder(tmp_path)
    (tmp_path / "policy.py").touch()
    with pytest.raises(SkillkitError):
        Loaded(tmp_path / "nowhere")
