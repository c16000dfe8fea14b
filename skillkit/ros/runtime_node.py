"""The runtime of an arm group as a lifecycle node: tree and control loops in one process, everyone else its clients.

All ROS traffic runs on one single-threaded executor; the loop ticks in its own thread and publishes from it (see ``control_loop``).

*Configure* builds the system out of the parameters. *Activate* waits for the sizes of the objects and, if it was promised one, for the
recorder; then the core starts. Once every arm and object has been heard the actions appear. *Deactivate* brings the arms to rest.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from rcl_interfaces.msg import SetParametersResult
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter
from rclpy.timer import Timer
from skillkit_interfaces.srv import ListSkills
from std_msgs.msg import String
from std_srvs.srv import Trigger

from skillkit import share, teleop
from skillkit.assembly import Checkpoint, Description, System
from skillkit.assembly.checkpoint import EVERY, FILE, RESUMED
from skillkit.cell import Cell
from skillkit.exceptions import InvalidValue, SkillkitError
from skillkit.kinematics.calibration import ToolDifference
from skillkit.pose import Array
from skillkit.ros import process
from skillkit.ros.arm_record import note_success
from skillkit.ros.companion import LEAST_SILENCE, Lookout, Watch
from skillkit.ros.control_loop import ControlLoop
from skillkit.ros.described import SelfDescriptions
from skillkit.ros.drivers import ArmDriver
from skillkit.ros.frames import hand_eye
from skillkit.ros.goals import Goals
from skillkit.ros.health import Health
from skillkit.ros.inputs import Inputs, ObjectSizes
from skillkit.ros.keeping import Keeper
from skillkit.ros.names import DESCRIPTION, LATCHED, RECORDER, ArmTopics
from skillkit.ros.outputs import Records
from skillkit.ros.overruns import RULES as OVERRUN_RULES
from skillkit.ros.overruns import Overruns
from skillkit.ros.parameters import declare, load_cell, pairs, words
from skillkit.ros.planning import PlanDesk
from skillkit.runtime import BREAK, DEADMAN, SECOND_GOALS, SEED, SPEED, UNBREAK, ZERO_WRENCH, StepResult
from skillkit.spaces import CancelInput, ControlInput, Input, JointCommand, Outcome

PARAMETERS = {
    "robot": ("", "model of the only arm, for example panda"),
    "cell": ("", "cell of several arms, by name or file; instead of robot"),
    "shift": ("", "x,y,yaw [m, m, rad] by which the cell stands elsewhere in the world"),
    "skills": ("", "folder of skill folders; empty: the first that is found"),
    "use": ("", "skills to take from other folders: SKILL=FOLDER, several separated by semicolons"),
    "tasks": ("", "tasks that goals may ask for, by name or file, separated by commas; empty: every task that is found"),
    "hardware": (False, "the arms of the cell are real: they describe themselves, and their first run is slow"),
    "speed": (1.0, "share of the velocity limits of real arms"),
    "speed_limit": (1.0, "share of their velocity limits that all arms keep to, above 0 and up to 1; may be set while running"),
    "deadman": (False, "arms move only while true is said on the topic deadman at least every 0.2 s; without it, once it was said"),
    "recorded": (False, "begin only when a recorder is there: then every step from the first on is in its bag"),
    "second_goal": ("refuse", "a goal whose arms another one holds: refuse, queue, or preempt the other one"),
    "on_overrun": ("report", "when ticks are missed: report, degrade (draw no trees), hold (until a second passed without) or abort"),
    "overruns_allowed": (10, "ticks that may be missed within a second before on_overrun applies"),
    "breakpoints": ("", "paths of nodes at whose beginning to pause, separated by commas; may be set while running"),
    "checkpoint": ("", "file that holds the state of the run from event to event; empty: none"),
    "resume": ("", "checkpoint of a runtime that died, whose goals to go on with"),
    "on_client_lost": ("stop", "stop or continue a goal whose client has died"),
    "on_recorder_lost": ("stop", "stop or continue when the recorder has died"),
    "lost_after": (0.06, "time without a sign of life after which a client or recorder has died [s], at least 0.04"),
    "objects_within": (5.0, "time to wait for the sizes of the objects before starting without [s]"),
    "details": ("{}", "what else is known of this run (seed, scene …), a JSON object kept in its bag"),
    "described_within": (10.0, "time to wait for real arms to describe themselves [s]"),
    "autostart": (True, "configure and activate at once, without a lifecycle manager"),
}
READY_EVERY = 0.1  # [s]
PATIENCE = 5.0  # [s] since the start, in which forwarders, controller managers and robots are expected to speak
LOST_RULES = ("stop", "continue")


class RuntimeNode(LifecycleNode):
    """See the module."""

    def __init__(self) -> None:
        super().__init__("runtime")
        self.given = declare(self, PARAMETERS)
        self.system: System | None = None
        self.loop: ControlLoop | None = None
        self.records: Records | None = None
        self.goals: Goals | None = None
        self.sizes: dict[str, Array] | None = None
        self._waiting: Timer | None = None
        self.calibration: dict[str, Any] = {}
        self.succeeded: set[str] = set()  # serials of real arms that a goal has succeeded on
        self.keeper: Keeper | None = None
        self.resumed: Checkpoint | None = None
        self.breakpoints: set[str] = set()
        self.open: list[Any] = []  # parts that are closed on deactivation
        if self.given["autostart"]:
            self.build()  # wrong parameters end the process with their message instead of a failed transition
            self.trigger_configure()
            self.trigger_activate()

    # -- lifecycle ---------------------------------------------------------------------------------------------------------------------

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Build the system."""
        try:
            self.build()
        except SkillkitError as error:
            self.get_logger().error(str(error))
            return TransitionCallbackReturn.FAILURE
        return TransitionCallbackReturn.SUCCESS

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Listen; the core starts when real arms have described themselves and the objects' sizes are known."""
        if self.given["hardware"] and self.system is not None:
            self._described = SelfDescriptions(self, self.system.cell, self.given["speed"], self._as_described, self._unusable)
            self._patience: Timer = self.create_timer(self.given["described_within"], self._undescribed)
        else:
            self._listen()
        return super().on_activate(state)

    def _as_described(self, cell: Cell, differences: Mapping[str, ToolDifference]) -> None:
        self._patience.cancel()
        if self.system is None or self.records is not None:
            return
        self.system.cell = cell
        for arm, difference in differences.items():
            self.calibration[arm] = {**difference._asdict(), "position": difference.position.tolist(), "agrees": difference.agrees}
            say = self.get_logger().info if difference.agrees else self.get_logger().warning
            say(f"{arm}: the model differs from the robot's own description, which is used, by {difference}")
        if cell.objects:
            self._announced(cell.objects)
        else:
            self._listen()

    def _undescribed(self) -> None:
        self._patience.cancel()
        arms = ", ".join(self._described.missing)
        self._unusable(f"no robot_description of {arms} within {self.given['described_within']:g} s; is its driver running?")

    def _unusable(self, why: str) -> None:
        print(why, file=sys.stderr, flush=True)
        process.end(1)

    def _listen(self) -> None:
        self._sizes_subscription = ObjectSizes(self, self._announced)
        self._waiting = self.create_timer(self.given["objects_within"], lambda: self._announced({}))

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Bring the arms to rest and fall silent."""
        self.close()
        return super().on_deactivate(state)

    def close(self) -> None:
        """Stop what runs; arms come to rest first."""
        if self.loop is not None:
            self.loop.stop("the runtime is shutting down")
            self.loop = None
        for part in self.open:
            part.close()
        self.open = []
        if self.succeeded:
            note_success(self.succeeded)
            self.succeeded = set()

    def build(self) -> None:
        """The system that the parameters name.

        Raises:
            SkillkitError: with everything that is wrong.
        """
        if self.system is not None:
            return
        given = self.given
        rules = {"on_client_lost": LOST_RULES, "on_recorder_lost": LOST_RULES, "second_goal": SECOND_GOALS, "on_overrun": OVERRUN_RULES}
        for name, allowed in rules.items():
            if given[name] not in allowed:
                raise InvalidValue(name, given[name], ", ".join(allowed))
        self.resumed = Checkpoint.read(given["resume"]) if given["resume"] else None
        if not 0.0 < given["speed_limit"] <= 1.0:
            raise InvalidValue("speed_limit", given["speed_limit"], "a share above 0 and up to 1")
        if given["lost_after"] < LEAST_SILENCE:
            raise InvalidValue("lost_after", given["lost_after"], f"at least {LEAST_SILENCE:g} s, in which two signs of life are sent")
        cell = load_cell(given["robot"], given["cell"], given["shift"])
        tasks = words(given["tasks"])
        also = () if tasks else sorted(share.files("tasks"))
        self.system = System.build(cell, *tasks, skills=given["skills"] or None, use=pairs(given["use"]), also=also)
        if self.resumed is not None:
            self.resumed.check(*self.system.digests())

    # -- starting ------------------------------------------------------------------------------------------------------------------------

    def _announced(self, sizes: Mapping[str, Array]) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
        if self.records is not None or self.system is None:
            return
        self.sizes = dict(sizes)
        self.runtime = self.system.runtime(self.sizes, self.given["second_goal"])
        self.records = Records(self, self.runtime)
        self.open.append(self.records)
        self._describe(self.system, self.sizes)
        self.lookout = Lookout(self, self.given["lost_after"])
        self.recorder = Watch(self.lookout, RECORDER, self._recorder_lost)
        self.open += [self.recorder, self.lookout]
        self._recorded: Timer = self.create_timer(READY_EVERY, self._start_when_recorded)
        self._start_when_recorded()

    def _start_when_recorded(self) -> None:
        """Begin, when every step from the first on reaches the recorder."""
        if self.system is None or self.records is None or (self.given["recorded"] and not (self.recorder.seen and self.records.matched)):
            return
        self.destroy_timer(self._recorded)
        cell = self.system.cell
        topics = ArmTopics.in_cell(cell)
        period = 1.0 / max(arm.embodiment.control_rate for arm in cell.arms)
        self.loop = ControlLoop(
            self.runtime, period, self._send, self._rehearse, self._report, self._complain, Overruns(self.given["on_overrun"], self.given["overruns_allowed"])
        )
        reached = [arm if self.given["hardware"] else replace(arm, hardware=arm.hardware.simulated()) for arm in cell.arms]
        try:
            self.outputs = {arm.name: ArmDriver(self, arm, topics[arm.name], self.loop.put, self.loop.now) for arm in reached}
        except SkillkitError as error:
            self._unusable(str(error))
            return
        self.open += self.outputs.values()
        self.inputs, self.health = Inputs(self, self.loop, cell, self.given["hardware"]), Health(self, self.loop)
        self.open += [self.inputs, self.health]
        self._offer_services()
        self.plans = PlanDesk(self.system, self.loop.put, self.loop.now)
        self.open.append(self.plans)
        self._break_at(words(self.given["breakpoints"]))
        self._restrict()
        self.add_on_set_parameters_callback(self._parameters_set)
        self.loop.start()
        self._ready: Timer = self.create_timer(READY_EVERY, self._open_when_ready)

    def _describe(self, system: System, sizes: Mapping[str, Array]) -> None:
        description = Description.of(system, sizes, clock="ros", **json.loads(self.given["details"]), **self._of_hardware(system))
        if self.given["checkpoint"]:
            self.keeper = Keeper(self.given["checkpoint"], description.run, self._complain)
            self.open.append(self.keeper)
        attached = {**description.attachments(), **({FILE: self.resumed.encoded()} if self.resumed is not None else {})}
        files = {name: base64.b64encode(data).decode() for name, data in attached.items()}
        self._description = self.create_publisher(String, DESCRIPTION, LATCHED)
        self._description.publish(String(data=json.dumps(files)))

    def _of_hardware(self, system: System) -> dict[str, Any]:
        """What the bag says of cameras and real arms."""
        cameras = {"cameras": {camera.name: hand_eye(camera) for camera in system.cell.cameras}} if system.cell.cameras else {}
        if not self.given["hardware"]:
            return cameras
        return {**cameras, "hardware": {arm.name: arm.hardware.serial for arm in system.cell.arms}, "calibration": self.calibration}

    def _open_when_ready(self) -> None:
        if self.system is None or self.loop is None or self.sizes is None:
            return
        missing = ({arm.name for arm in self.system.cell.arms} | set(self.sizes)) - self.inputs.heard
        if missing:
            why = next((f" ({text})" for name in sorted(missing) if (text := self.inputs.why(name))), "")
            self.health.waiting = ", ".join(sorted(missing)) + why
            return
        awaited = [source for output in self.outputs.values() for source in output.readiness.awaited]
        if awaited and self.loop.now() < PATIENCE:  # they may be on their way; without them the arm may not move
            self.health.waiting = ", ".join(awaited)
            return
        self.health.waiting = ""
        self.destroy_timer(self._ready)
        stop = self.given["on_client_lost"] == "stop"
        by_hand = teleop.options([arm.name for arm in self.system.cell.arms])
        skills = {**{name: skill.digest for name, skill in self.system.skills.items()}, **dict.fromkeys(by_hand, "")}
        self.goals = Goals(self, self.lookout, self.loop, list(self.system.tasks), skills, stop)
        self.open.append(self.goals)
        if self.resumed is not None:
            self.loop.before_a_tick(self._resume)
        self.get_logger().info("ready")

    def _resume(self, now: float) -> None:
        """Go on with the goals of a runtime that died; in the control thread."""
        if self.loop is not None and self.resumed is not None and not self.resumed.finished:
            self.runtime.resume(self.resumed.runtime, self.runtime.newest_inputs(), now, EVERY)
            self.loop.put(ControlInput(RESUMED, now))  # so that a re-execution goes on from it before the same step
            self.get_logger().warning(f"resumed: {', '.join(self.runtime.goals)}")

    # -- control thread --------------------------------------------------------------------------------------------------------------------

    def _send(self, commands: Mapping[str, JointCommand]) -> None:
        for name, command in commands.items():
            self.outputs[name].send(command)

    def _rehearse(self, commands: Mapping[str, JointCommand]) -> None:
        for name, command in commands.items():
            self.outputs[name].motion.rehearse(command)

    def _report(self, inputs: Sequence[Input], result: StepResult) -> None:
        if self.records is not None:
            self.records.brief = self.given["on_overrun"] == "degrade" and self.loop is not None and self.loop.overruns.strained
            self.records.publish(inputs, result)
        if self.keeper is not None:
            self.keeper.follow(self.runtime, result)
        if self.goals is not None:
            self.goals.follow(result)
            self.plans.follow(self.runtime, result)
        if self.given["hardware"] and self.system is not None and any(goal.ending.outcome is Outcome.SUCCEEDED for goal in result.ended):
            self.succeeded = {arm.hardware.serial for arm in self.system.cell.arms if self.runtime.arms[arm.name].sent_position is not None}

    def _complain(self, text: str) -> None:
        self.health.complaint = text
        self.get_logger().error(text)

    # -- services ----------------------------------------------------------------------------------------------------------------------------

    def _offer_services(self) -> None:
        self.create_service(ListSkills, "list_skills", self._list_skills)
        for word in ("pause", "resume", "step"):
            self.create_service(Trigger, f"~/{word}", partial(self._control, word))
        self.create_service(Trigger, f"~/{ZERO_WRENCH}", self._zero_wrench)

    def _control(self, word: str, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        response.success = self.loop is not None
        if self.loop is not None:
            response.message = self.runtime.waiting_for if word != "pause" else ""
            response.success = not response.message
            if response.success:  # one that is refused must not wait in the inbox until it would be granted
                self.loop.put(ControlInput(word, self.loop.now()))
        return response

    def _zero_wrench(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        moving = [name for name, arm in self.runtime.arms.items() if not arm.at_rest()]
        response.success, response.message = self.loop is not None and not moving, f"not at rest: {', '.join(moving)}" if moving else ""
        if self.loop is not None and response.success:
            self.loop.put(ControlInput(ZERO_WRENCH, self.loop.now()))
        return response

    def _parameters_set(self, parameters: list[Parameter]) -> SetParametersResult:
        for parameter in parameters:
            if parameter.name == "speed_limit" and not 0.0 < float(parameter.value) <= 1.0:
                return SetParametersResult(successful=False, reason=f"speed_limit is {parameter.value}; allowed: above 0 and up to 1")
        for parameter in parameters:
            if parameter.name == "breakpoints":
                self._break_at(words(parameter.value))
            elif parameter.name == "speed_limit" and self.loop is not None:
                self.loop.put(ControlInput(f"{SPEED}{float(parameter.value)}", self.loop.now()))
        return SetParametersResult(successful=True)

    def _restrict(self) -> None:
        """Tell the core of the seed, the speed and the deadman that were asked for from the beginning."""
        if self.loop is not None:
            wanted = {f"{SPEED}{self.given['speed_limit']}": self.given["speed_limit"] != 1.0, f"{DEADMAN}released": self.given["deadman"]}
            wanted[f"{SEED}{json.loads(self.given['details']).get('seed', 0)}"] = True
            for word in (word for word, asked in wanted.items() if asked):
                self.loop.put(ControlInput(word, self.loop.now()))

    def _break_at(self, paths: Sequence[str]) -> None:
        """Tell the core what changed in the set of breakpoints."""
        if self.loop is not None:
            for word, changed in ((BREAK, set(paths) - self.breakpoints), (UNBREAK, self.breakpoints - set(paths))):
                for path in sorted(changed):
                    self.loop.put(ControlInput(f"{word}{path}", self.loop.now()))
            self.breakpoints = set(paths)

    def _recorder_lost(self) -> None:
        if self.loop is not None and self.given["on_recorder_lost"] == "stop":
            self.loop.put(CancelInput("", self.loop.now(), "the recorder has gone"))
        self.get_logger().error("the recorder has gone")  # takes tens of milliseconds

    def _list_skills(self, request: ListSkills.Request, response: ListSkills.Response) -> ListSkills.Response:
        skills = self.system.skills if self.system is not None else {}
        response.names = list(skills)
        response.digests = [skill.digest for skill in skills.values()]
        response.descriptions = [json.dumps({"description": s.description, "parameters": {p.name: p.type for p in s.parameters}}) for s in skills.values()]
        return response


def main() -> None:
    """Entry point of the process."""
    sys.exit(process.run(RuntimeNode, real_time=True))


if __name__ == "__main__":
    main()
