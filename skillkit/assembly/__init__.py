"""The one room that builds a running system out of names: robot, task, skills, policies, clock, recorder. It decides nothing."""

from skillkit.assembly.checkpoint import Checkpoint
from skillkit.assembly.description import Description
from skillkit.assembly.episode import Episode, run_episode
from skillkit.assembly.reexecution import Replay, replay
from skillkit.assembly.system import System
from skillkit.assembly.update import update_bag

__all__ = ["Checkpoint", "Description", "Episode", "Replay", "System", "replay", "run_episode", "update_bag"]
