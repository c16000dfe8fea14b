"""A simulated cell as a robot's drivers would show it: joint states, object poses, signals and the clock, in real time.

Its arms obey trajectories as ros2_control's joint_trajectory_controller does: they never stop by themselves and hold their last point.
"""

from __future__ import annotations

import json
import sys
import threading

from geometry_msgs.msg import PoseStamped, WrenchStamped
from rclpy.node import Node
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64, Float64MultiArray, String
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory
from visualization_msgs.msg import MarkerArray

from skillkit import share
from skillkit.assembly.judging import judged
from skillkit.assembly.worlds import simulated_world
from skillkit.cell import CellArm
from skillkit.exceptions import SkillkitError
from skillkit.option import fill_parameters
from skillkit.pose import Array
from skillkit.ros import process
from skillkit.ros.conversions import closure_of, joint_state, pose_stamped, sampled, size_markers, stamp_of, wrench_stamped
from skillkit.ros.follower import TrajectoryFollower
from skillkit.ros.names import LATCHED, NEWEST, OBJECT_SIZES, OBJECTS, POSE, SIGNALS, ArmTopics
from skillkit.ros.parameters import declare, load_cell, pairs
from skillkit.ros.ticking import Schedule
from skillkit.sim.scene import Verdict
from skillkit.sim.world import TIME_STEP
from skillkit.spaces import JointInput, ObjectInput, WrenchInput
from skillkit.trees import load_task

PARAMETERS = {
    "robot": ("", "model of the only arm, for example panda"),
    "cell": ("", "cell of several arms, by name or file; instead of robot"),
    "scene": ("coffee", "what stands around the arms"),
    "seed": (0, "draws the poses of everything in the scene"),
    "options": ("", "options of the scene: name=value, several separated by semicolons"),
    "task": ("", "whose judge ~/verdict asks, by name or file"),
    "parameters": ("{}", "what that task is run with, a JSON object"),
    "joint_rate": (250.0, "joint states per second [Hz]"),
    "wrench_rate": (125.0, "wrenches of each arm per second [Hz]"),
    "object_rate": (50.0, "poses of each object per second [Hz]"),
}


class SimulatedArm:
    """Topics and reference of one arm."""

    quality = NEWEST  # of the joint states

    def __init__(self, node: Node, arm: CellArm, topics: ArmTopics, schedule: Schedule) -> None:
        self.name, self.model = arm.name, arm.embodiment
        self.follower = TrajectoryFollower(arm.embodiment.home)
        self.states = node.create_publisher(JointState, topics.joint_states, self.quality)
        self.wrenches = node.create_publisher(WrenchStamped, topics.wrench, self.quality)
        self.closure: float | None = None
        self._schedule = schedule
        self.listen(node, topics)
        self.description = node.create_publisher(String, topics.robot_description, LATCHED)
        self.description.publish(String(data=self.describe(arm)))

    def describe(self, arm: CellArm) -> str:
        """The URDF that the arm tells of itself."""
        return arm.embodiment.urdf.read_text(encoding="utf-8")

    def listen(self, node: Node, topics: ArmTopics) -> None:
        """Subscribe to the command topics."""
        node.create_subscription(JointTrajectory, topics.trajectory, self._follow, NEWEST)
        node.create_subscription(Float64MultiArray, topics.gripper, self._grip, NEWEST)

    def reference(self, time: float) -> tuple[Array, Array]:
        """Position and velocity (n,) that the driver asks of the arm at ``time`` [s]."""
        return self.follower.at(time)

    def sense(self, given: JointInput, now: float) -> None:
        """Publish a joint state."""
        self.states.publish(joint_state(self.model, given))

    def feel(self, given: WrenchInput) -> None:
        """Publish what the tool feels."""
        self.wrenches.publish(wrench_stamped(self.model.tool, given))

    def _follow(self, message: JointTrajectory) -> None:
        found = sampled(self.model, message)
        if found is not None:
            self.follower.replace(self._schedule.now(), *found)

    def _grip(self, message: Float64MultiArray) -> None:
        closure = closure_of(self.model, message.data)
        self.closure = self.closure if closure is None else closure


class Simulator(Node):
    """Steps a simulated world in real time; physics in its own thread, ROS traffic in the executor's."""

    def __init__(self) -> None:
        super().__init__("simulator")
        given = declare(self, PARAMETERS)
        asked = load_cell(given["robot"], given["cell"])
        cell, self.world = simulated_world(asked, given["scene"], given["seed"], pairs(given["options"]))
        self.cell = cell
        self.schedule = Schedule(1.0 / given["joint_rate"])
        topics = ArmTopics.in_cell(cell)
        self.arms: list[SimulatedArm] = [self.arm(arm, topics[arm.name]) for arm in cell.arms]
        self.feels_every = max(1, round(given["joint_rate"] / given["wrench_rate"]))
        self.looks_every = max(1, round(given["joint_rate"] / given["object_rate"]))
        self.clock = self.create_publisher(Clock, "/clock", NEWEST)
        self.markers = self.create_publisher(MarkerArray, OBJECT_SIZES, LATCHED)
        self.markers.publish(size_markers(self.world.sizes))
        self.objects = {name: self.create_publisher(PoseStamped, f"{OBJECTS}{name}{POSE}", NEWEST) for name in self.world.sizes}
        self.signals = {s.name: self.create_publisher(Float64, f"{SIGNALS}{s.name}", NEWEST) for s in self.world.signal_inputs(0.0)}
        self.create_service(Trigger, "~/verdict", self._verdict)
        self.create_service(Trigger, "~/picture", self._picture)
        self.declare_parameter("picture", "")
        self._lock, self._stop = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="physics", daemon=True)
        self._thread.start()

    def arm(self, arm: CellArm, topics: ArmTopics) -> SimulatedArm:
        """One arm's topics."""
        return SimulatedArm(self, arm, topics, self.schedule)

    def close(self) -> None:
        """End the physics."""
        self._stop.set()
        self._thread.join(1.0)

    # -- physics ---------------------------------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        self.schedule = self._restart()
        while not self._stop.is_set():
            now = self.schedule.wait(self._stop)
            with self._lock:
                self._advance(now)
            self._sense(now)

    def _restart(self) -> Schedule:
        """The schedule counts from the first step of the physics, not from the construction of the node."""
        self.schedule.start += self.schedule.now()
        return self.schedule

    def _advance(self, now: float) -> None:
        while self.world.time < now:
            for arm in self.arms:
                self.world.set_point(arm.name, *arm.reference(self.world.time + TIME_STEP))
                if arm.closure is not None:
                    self.world.grip(arm.name, arm.closure)
            self.world.advance(TIME_STEP)

    def _sense(self, now: float) -> None:
        for arm, given in zip(self.arms, self.world.joint_inputs(now), strict=True):
            arm.sense(given, now)
        if self.schedule.tick % self.feels_every == 0:
            for arm, felt in zip(self.arms, self.world.wrench_inputs(now), strict=True):
                arm.feel(felt)
        if self.schedule.tick % self.looks_every == 0:
            self.clock.publish(Clock(clock=stamp_of(now)))
            for seen in self.world.object_inputs(now):
                self.show(seen)
            for signal in self.world.signal_inputs(now):
                self.signals[signal.name].publish(Float64(data=float(signal.value)))

    def show(self, seen: ObjectInput) -> None:
        """Publish an object's pose."""
        self.objects[seen.name].publish(pose_stamped(seen))

    # -- services ----------------------------------------------------------------------------------------------------------------------------

    def _verdict(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        judge, verdict = "", Verdict(False, {}, "the parameter task names no task with a judge")
        try:
            task = self.get_parameter("task").value
            found = load_task(share.find("tasks", task)) if task else None
            if found is not None and found.judge is not None:
                given = fill_parameters(found.parameters, json.loads(self.get_parameter("parameters").value), found.name)
                with self._lock:
                    judge, verdict = str(found.judge), judged(found.judge, self.cell, self.world, given)
        except (SkillkitError, ValueError) as error:
            verdict = Verdict(False, {}, str(error))
        response.success = verdict.success
        response.message = json.dumps({"judge": judge, "checks": dict(verdict.reasons), "text": verdict.text})
        return response

    def _picture(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        path = self.get_parameter("picture").value
        response.success, response.message = False, "set the parameter picture to the path of a PNG file first"
        if path:
            try:
                with self._lock:
                    self.world.picture(path)
                response.success, response.message = True, str(path)
            except SkillkitError as error:
                response.message = str(error)
        return response


def main() -> None:
    """Entry point of the process."""
    sys.exit(process.run(Simulator, real_time=True))


if __name__ == "__main__":
    main()
