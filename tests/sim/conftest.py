"""Worlds for the tests of the simulation."""

import pytest

from skillkit.embodiment import Embodiment
from skillkit.pose import Pose
from skillkit.sim.arm_model import Placement
from skillkit.sim.coffee import CoffeeScene
from skillkit.sim.world import World


@pytest.fixture(scope="session")
def panda():
    return Embodiment.load("panda")


@pytest.fixture
def make_world(panda):
    def make(base=None, names=("panda",), **options):
        return World([Placement(name, panda, base or Pose.from_vector()) for name in names], CoffeeScene(**options))

    return make
