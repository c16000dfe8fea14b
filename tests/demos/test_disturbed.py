"""A demonstration says what was meant, whatever was done; and it is taken from a whole run of a task."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

pytest.importorskip("torch", reason="torch is not installed: pip install 'skillkit[learn]'")
pytest.importorskip("pyarrow", reason="pyarrow is not installed: pip install 'skillkit[learn]'")

from skillkit.demos.skills import STEP, Disturbed, Recording, demonstrate, without_grip
from skillkit.exceptions import UnknownName
from skillkit.option import Situation
from skillkit.policies.view import View
from skillkit.pose import Pose
from skillkit.spaces import ArmState, CartesianDelta, Directive, Observation


class Forward:
    """Means the same at every step."""

    def start(self, situation: Situation) -> None:
        pass

    def act(self, situation: Situation) -> Mapping[str, Directive]:
        return {"arm": CartesianDelta((0.01, 0.0, 0.0), (0.0, 0.0, 0.1), "world")}

    def snapshot(self) -> dict:
        return {}

    def restore(self, snapshot: dict) -> None:
        pass


def situation(heading: float) -> Situation:
    none, here = np.zeros(7), Pose.from_vector((0.3, 0.0, 0.4))
    arm = ArmState(none, none, here, here, Pose.from_vector(vector=(0.0, 0.0, heading)), 0.0, 0.08, 1.0, 0.0, 0.0, np.zeros(6))
    return Situation(Observation(0.0, {"a": arm}, {}, {}), {"arm": "a"})


def test_what_is_written_down_is_what_was_meant_seen_from_the_arm() -> None:
    recording, where = Recording(), situation(np.pi / 2)
    policy = Disturbed(Forward(), View((), ()), recording, 0.5, np.random.default_rng(0))
    policy.start(where)
    done = np.array([policy.act(where)["arm"].translation for _ in range(4000)])  # type: ignore[index, union-attr]
    assert np.array(recording.actions) == pytest.approx(np.tile([0.0, -0.01, 0.0, 0.0, 0.0, 0.1], (4000, 1)), abs=1e-12)
    assert done.std(0) == pytest.approx([0.5 * STEP] * 3, rel=0.15)
    assert done.mean(0) == pytest.approx([0.01, 0.0, 0.0], abs=0.0025)
    assert recording.keeps_grip
    assert recording.closures == [1.0] * 4000


def test_without_noise_nothing_is_disturbed() -> None:
    policy = Disturbed(Forward(), View((), ()), Recording(), 0.0, np.random.default_rng(0))
    policy.start(situation(0.3))
    assert policy.act(situation(0.3)) == Forward().act(situation(0.3))


def test_a_run_of_the_task_gives_an_episode_of_the_skill() -> None:
    (episode,) = demonstrate("prepare_coffee", "transport", "panda", 3, 0.0)
    assert episode.success
    assert 40 < len(episode.actions) < 120
    assert (episode.task, episode.embodiment, episode.scene, episode.seed) == ("transport", "panda", "coffee", 3)
    kept, keeps_grip = without_grip([episode])
    assert keeps_grip
    assert kept[0].actions.shape[1] == 6
    way = episode.observations[-1, :3] - episode.observations[0, :3]
    assert kept[0].actions[:-1, :3].sum(0) == pytest.approx(way, abs=0.03)


def test_a_skill_that_does_not_exist_is_named() -> None:
    with pytest.raises(UnknownName, match="did you mean 'transport'"):
        demonstrate("prepare_coffee", "transprot", "panda", 0, 0.0)
