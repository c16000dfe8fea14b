"""Frames by name, and where they are at a moment: what ``/tf`` and ``/tf_static`` say, the arms' tools and the cameras on them.

A pose that was measured in a camera's frame is turned into the world by where that camera was when it looked, not when its message came.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import NamedTuple

from skillkit.exceptions import SkillkitError, did_you_mean
from skillkit.pose import Pose, rotation_from_vector, vector_from_rotation

WORLD = "world"
KEPT = 5.0  # [s] of a moving frame's past
AHEAD = 0.1  # [s] by which a moment may lie after the newest that is known
DEEPEST = 50  # frames between one and the world


class NoTransform(SkillkitError):
    """Where a frame was cannot be told.

    Attributes:
        frame: that was asked for; stamp: for when [s].
    """

    def __init__(self, frame: str, stamp: float, why: str) -> None:
        self.frame, self.stamp = frame, stamp
        super().__init__(f"no transform from '{frame}' to '{WORLD}' at {stamp:.3f} s: {why}")


class Edge(NamedTuple):
    """``transform_child_to_parent`` at a moment [s]; ordered by that moment."""

    stamp: float
    parent: str
    pose: Pose


class Frames:
    """A forest of frames; most are expected to lead to ``world``."""

    def __init__(self) -> None:
        self._fixed: dict[str, Edge] = {}
        self._moving: dict[str, list[Edge]] = {}

    def fix(self, child: str, parent: str, transform_child_to_parent: Pose) -> None:
        """A transform that holds at all times; the last word counts."""
        self._fixed[_plain(child)] = Edge(0.0, _plain(parent), transform_child_to_parent)

    def move(self, child: str, parent: str, transform_child_to_parent: Pose, stamp: float) -> None:
        """A transform at a moment [s]; the past is kept for 5 s."""
        track = self._moving.setdefault(_plain(child), [])
        insort(track, Edge(stamp, _plain(parent), transform_child_to_parent), key=lambda edge: edge.stamp)
        while track[-1].stamp - track[0].stamp > KEPT:
            track.pop(0)

    def to_world(self, frame: str, stamp: float) -> Pose:
        """``transform_frame_to_world`` at a moment [s]; positions between two known moments lie on a line, rotations on an arc.

        Raises:
            NoTransform: the frame does not lead to the world, or not at that moment.
        """
        found, at = Pose.from_vector(), _plain(frame)
        for _ in range(DEEPEST):
            if at in ("", WORLD):
                return found
            edge = self._fixed.get(at) or self._at(at, frame, stamp)
            found, at = edge.pose @ found, edge.parent
        raise NoTransform(frame, stamp, "its parents go round in a circle")

    def _at(self, child: str, asked: str, stamp: float) -> Edge:
        track = self._moving.get(child)
        if not track:
            raise NoTransform(asked, stamp, f"'{child}' is not known; {did_you_mean(child, {*self._fixed, *self._moving, WORLD})}")
        place = bisect_left(track, stamp, key=lambda edge: edge.stamp)
        if place == len(track):
            if stamp - track[-1].stamp > AHEAD:
                raise NoTransform(asked, stamp, f"'{child}' was last heard of {stamp - track[-1].stamp:.3f} s before")
            return track[-1]
        if track[place].stamp == stamp:
            return track[place]
        if place == 0:
            raise NoTransform(asked, stamp, f"'{child}' was first heard of {track[0].stamp - stamp:.3f} s later")
        return _between(track[place - 1], track[place], stamp)


def _between(before: Edge, after: Edge, stamp: float) -> Edge:
    share = (stamp - before.stamp) / (after.stamp - before.stamp)
    a, b = before.pose, after.pose
    turn = vector_from_rotation(b.rotation @ a.rotation.T) * share
    return Edge(stamp, before.parent, Pose(a.position + share * (b.position - a.position), rotation_from_vector(turn) @ a.rotation))


def _plain(frame: str) -> str:
    """Frame names without the leading slash that ROS 1 wrote."""
    return frame.lstrip("/")
