"""MuJoCo: any URDF becomes a simulated arm; scenes with seeds and a physical verdict."""

from skillkit.sim.arm_model import Placement
from skillkit.sim.coffee import CoffeeScene
from skillkit.sim.scene import Scene, SceneState, Verdict
from skillkit.sim.table import TableScene
from skillkit.sim.world import World

__all__ = ["CoffeeScene", "Placement", "Scene", "SceneState", "TableScene", "Verdict", "World"]
