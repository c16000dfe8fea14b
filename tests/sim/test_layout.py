"""Seeds of the coffee scene."""

from math import degrees

import numpy as np
import pytest

from skillkit.pose import vector_from_rotation
from skillkit.sim.layout import SEVEN_JOINTS, SIX_JOINTS, coffee_layout

SEEDS = range(400)
NOMINAL = coffee_layout(None)
STATIONS = ("cabinet", "dispenser", "tray")


def turns(name):
    """Yaw of a station against the nominal one, per seed [deg]."""
    start = getattr(NOMINAL, name).rotation.T
    return np.array([degrees(vector_from_rotation(start @ getattr(coffee_layout(seed), name).rotation)[2]) for seed in SEEDS])


@pytest.mark.parametrize("name", STATIONS)
def test_seeds_move_each_station_over_eight_centimetres_either_way(name):
    offsets = np.array([getattr(coffee_layout(seed), name).position - getattr(NOMINAL, name).position for seed in SEEDS])
    assert (np.abs(offsets[:, :2]) <= 0.08 + 1e-12).all()
    assert (offsets[:, :2].max(axis=0) > 0.0775).all()
    assert (offsets[:, :2].min(axis=0) < -0.0775).all()
    assert (offsets[:, 2] == 0.0).all()


@pytest.mark.parametrize("name", [*STATIONS, "transform_cup_to_cabinet"])
def test_seeds_turn_each_object_over_thirty_degrees_either_way(name):
    found = turns(name)
    assert (np.abs(found) <= 30.0 + 1e-9).all()
    assert found.max() > 29.0
    assert found.min() < -29.0


def test_a_seed_gives_the_same_layout_every_time_and_another_seed_another():
    assert coffee_layout(7) == coffee_layout(7)
    assert coffee_layout(7) != coffee_layout(8)


@pytest.mark.parametrize("stations", [SEVEN_JOINTS, SIX_JOINTS])
def test_stations_never_come_closer_than_their_furniture_is_wide(stations):
    for seed in SEEDS:
        layout = coffee_layout(seed, stations)
        places = [getattr(layout, name).position for name in STATIONS]
        assert min(np.linalg.norm(a - b) for i, a in enumerate(places) for b in places[:i]) > 0.4
