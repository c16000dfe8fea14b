"""Meta-World's experts, where it is installed: the same seed gives the same episode, and evaluation uses other goals."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="torch is not installed: pip install 'skillkit[learn]'")
pytest.importorskip("metaworld", reason="Meta-World is not installed: make setup EXTRAS=learn,metaworld")

from skillkit.demos.benchmark import SPACE, Disturbance, task_episodes
from skillkit.exceptions import UnknownName
from skillkit.sim.metaworld import MT10, MT50, BenchmarkTask, task_names


def test_a_seed_decides_the_goal_and_the_noise() -> None:
    (one,), (again,), (other,) = (task_episodes("reach-v3", 1, seed, Disturbance(0.3)) for seed in (5, 5, 6))
    assert (one.observations == again.observations).all()
    assert (one.actions == again.actions).all()
    assert (one.observations[0, 36:] != other.observations[0, 36:]).any()


def test_what_an_expert_is_shown_stays_as_it_was() -> None:
    task = BenchmarkTask("door-open-v3")
    seen = task.reset(0)
    before = seen.copy()
    task.expert(seen)
    assert (seen == before).all()


def test_demonstrations_succeed_and_fit_their_space() -> None:
    episodes = task_episodes("drawer-close-v3", 2, 0, Disturbance(0.3))
    assert [episode.success for episode in episodes] == [True, True]
    for episode in episodes:
        assert episode.observations.shape[1] == len(SPACE.observation)
        assert np.abs(episode.actions).max() <= 1.0


def test_pushes_lead_away_from_the_way_and_are_not_written_down() -> None:
    def largest_step_back(pushes: float) -> float:
        episodes = task_episodes("reach-v3", 6, 0, Disturbance(0.0, pushes))
        assert max(np.abs(episode.actions).max() for episode in episodes) <= 1.0
        away = [np.linalg.norm(episode.observations[:, :3] - episode.observations[:, 36:], axis=1) for episode in episodes]
        return max(float(np.diff(one).max()) for one in away)

    assert largest_step_back(0.0) < 1e-3
    assert largest_step_back(0.5) > 3e-3


def test_sets_of_tasks_have_names() -> None:
    assert (len(MT10), len(MT50)) == (10, 50)
    assert task_names("reach,push-v3") == ("reach-v3", "push-v3")
    with pytest.raises(UnknownName, match="did you mean 'reach-v3'"):
        task_names("raech")
