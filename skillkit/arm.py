"""The loop of one arm: directive → controller → gate → joint command, one writer, each stage reporting what it changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from skillkit.embodiment import Embodiment
from skillkit.pose import Array, Pose, frozen, sealed
from skillkit.protocols import Controller, ControlStep, Gate, Kinematics, Snapshot, StopReport
from skillkit.spaces import GATE, ArmState, CartesianDelta, Delegated, Directive, DriverInput, JointCommand, JointInput, JointTarget, ObjectState, WrenchInput
from skillkit.wrench import Feeling, Touch

RESEED = 0.05  # [rad] or [m]; a new lease continues from the last command unless the arm was moved further than this from it
NO_RESIDUAL = frozen(np.zeros(6))


class ArmLoop:
    """Everything between a directive and the command of one arm.

    ``base`` is ``transform_base_to_world``. The arm is silent until :meth:`engage`; from then on it sends at every tick until
    :meth:`release`. While its driver forbids motion it is *held*: silent, with its target frozen, until :meth:`resume` starts it again from
    the measured position. ``touch`` is what its tool feels.
    """

    def __init__(
        self, name: str, embodiment: Embodiment, base: Pose, kinematics: Kinematics, controller: Controller, gate: Gate, touch: Touch | None = None
    ) -> None:
        self.name, self.embodiment, self.base = name, embodiment, base
        self.kinematics, self.controller, self.gate, self.touch = kinematics, controller, gate, touch or Touch()
        self.period = 1.0 / embodiment.control_rate
        self.latest: JointInput | None = None
        self.engaged = False
        self.closure = 0.0
        self.share = 1.0  # of the velocity limits, as what was asked last allows; it stands while the arm comes to rest
        self.gripped = 1.0  # the closure at which the gripper's force reached its limit
        self.sent_position: Array | None = None
        self.sent_velocity: Array = frozen(np.zeros(embodiment.n))
        self.stopped_because = ""
        self.driver = DriverInput(name, 0.0, "ready")
        self.held = False

    # -- what the arm says ----------------------------------------------------------------------------------------------------------

    def take(self, given: JointInput | WrenchInput) -> None:
        """Consume a joint state or a wrench; one of the wrong length is passed over, so that it grows stale."""
        if isinstance(given, WrenchInput):
            self.touch.take(given)
        elif len(given.position) == self.embodiment.n and len(given.velocity) == self.embodiment.n:
            self.latest = given

    def heed(self, given: DriverInput) -> None:
        """Consume what the driver says of itself; an arm that is being driven is held when motion is not allowed."""
        self.driver = given
        if self.engaged and given.state == "blocked":
            self.held = True
            self.sent_velocity = frozen(np.zeros(self.embodiment.n))

    def state(self, now: float) -> ArmState | None:
        """The arm as observed, or ``None`` before its first joint state."""
        view = self.view(now)
        return None if view is None else view()

    def view(self, now: float) -> Callable[[], ArmState] | None:
        """What makes the :meth:`state` of this moment, also later; ``None`` before the first joint state."""
        if self.latest is None:
            return None
        target, residual = (self.controller.target, self.controller.residual) if self.engaged else (None, NO_RESIDUAL)
        return partial(self._state, self.latest, target, self.closure, residual, now - self.latest.received, self.touch.feeling(now))

    def _state(self, latest: JointInput, target: Pose | None, closure: float, residual: Array, age: float, felt: Feeling) -> ArmState:
        position = frozen(latest.position)
        tool, turned = self.base @ self.kinematics.forward(position), self.base.rotation
        return ArmState(
            position=position,
            velocity=frozen(latest.velocity),
            tool=tool,
            target=tool if target is None else self.base @ target,
            base=self.base,
            opening=latest.opening,
            opening_max=self.embodiment.gripper.width if self.embodiment.gripper else 0.0,
            closure=closure,
            force=latest.force,
            age=age,
            residual=sealed(np.concatenate([turned @ residual[:3], turned @ residual[3:]])),
            wrench=felt.wrench,
            contact=felt.contact,
        )

    def at_rest(self) -> bool:
        """Commanded and measured joint speeds are both zero within the embodiment's ``settle``; an arm that fell silent counts by its command."""
        if self.engaged and not (self.held or self.gate.at_rest):
            return False
        return self.latest is None or bool(self.stopped_because) or float(np.max(np.abs(self.latest.velocity))) <= self.embodiment.settle

    @property
    def protective_stop(self) -> StopReport | None:
        """The stop that has ended a goal of this arm, until the next one begins; ``None`` where there is none."""
        report = self.gate.stopped if self.stopped_because else None
        return None if report is None else report._replace(torque=True if self.driver.state == "ready" else None)

    # -- who holds it -----------------------------------------------------------------------------------------------------------------

    @property
    def located(self) -> bool:
        """Whether the last joint state says where the arm is."""
        return self.latest is not None and self.embodiment.plausible(np.array(self.latest.position))

    def engage(self, afresh: bool = False) -> None:
        """Begin to send: from the last command where the arm is still there, else from the measured position.

        Args:
            afresh: from the measured position anyway; what was last sent to the arm is not known.
        """
        if self.latest is None or not self.located or (self.engaged and not self.stopped_because):
            return
        measured = np.array(self.latest.position)
        keep = not afresh and self.sent_position is not None and not self.stopped_because and float(np.max(np.abs(measured - self.sent_position))) <= RESEED
        start = self.sent_position if keep and self.sent_position is not None else measured
        self.controller.reset(start)
        self.gate.reset(start)
        if not keep and self.embodiment.gripper is not None:
            self.closure = min(1.0, max(0.0, 1.0 - self.latest.opening / self.embodiment.gripper.width)) if self.sent_position is None else self.closure
        self.sent_position, self.sent_velocity = frozen(start), frozen(np.zeros(self.embodiment.n))
        self.engaged, self.stopped_because = True, ""
        if self.touch.source.bias == "goal":
            self.zero_wrench()

    def zero_wrench(self) -> None:
        """Let what the tool of an arm at rest feels now be nothing."""
        if self.at_rest():
            self.touch.zero()

    def release(self) -> None:
        """Fall silent; the driver holds the last command."""
        self.engaged = False
        if self.held:  # where it stands by now is no longer where it was commanded to
            self.held, self.stopped_because = False, self.stopped_because or self.driver.reason or "motion was not allowed"

    def resume(self) -> None:
        """Go on after being held, from the measured position; the gripper keeps its command, it may be holding something."""
        if self.held and self.latest is not None and self.located:
            start = np.array(self.latest.position)
            self.controller.reset(start)
            self.gate.reset(start)
            self.sent_position, self.sent_velocity, self.held = frozen(start), frozen(np.zeros(self.embodiment.n)), False

    def forget(self) -> Array | None:
        """Where the arm was last known to be (n,), which is then no longer assumed; the gripper's command stays what it was."""
        position = self.sent_position if self.engaged else None if self.latest is None else frozen(self.latest.position)
        self.latest, self.engaged, self.stopped_because = None, False, ""
        self.touch.forget()
        self.sent_velocity = frozen(np.zeros(self.embodiment.n))
        return position

    def away_from(self, position: Array | None, seconds: float) -> str:
        """Why the arm is not at rest near where it was ``seconds`` [s] ago; empty if it is."""
        if self.latest is None:
            return "no joint state has arrived"
        model, measured = self.embodiment, np.array(self.latest.position)
        fastest = float(np.max(np.abs(self.latest.velocity)))
        if fastest > model.settle:
            return f"it moves at {fastest:.3g} rad/s; it must be at rest (below {model.settle:g})"
        if position is None:
            return ""
        allowed = model.velocity * seconds + 0.5 * model.velocity**2 / model.acceleration + RESEED
        off = np.abs(measured - position) - allowed
        joint = int(np.argmax(off))
        if off[joint] <= 0.0:
            return ""
        return f"{model.joints[joint]} is at {measured[joint]:.3f}, but was left at {position[joint]:.3f}; at most {allowed[joint]:.3f} away is allowed"

    # -- one tick -----------------------------------------------------------------------------------------------------------------------

    def command(
        self, directive: Directive | None, objects: Mapping[str, ObjectState], now: float, clock: float, speed: float = 1.0, deadman: bool = True
    ) -> JointCommand | None:
        """One control tick at ``now``; ``clock`` is the time that options see, behind ``now`` by the time spent paused.

        Args:
            speed: share of the velocity limits that an operator allows, above 0 and up to 1; the directive may ask for less.
            deadman: whether it is held; while it is not the arm brakes and stays.

        Never raises: whatever fails becomes a command that the gate turns into braking. ``None`` when the arm is not driven from here.
        """
        if not self.engaged or self.latest is None or isinstance(directive, Delegated):
            return None
        if self.held:
            if now - self.latest.received > self.embodiment.stale_after:
                self.stopped_because = f"stale: no joint state for {now - self.latest.received:.3f} s while {self.driver.reason}"
            return None
        measured = np.array(self.latest.position)
        limits: tuple[str, ...] = ()
        try:
            self._limit_speed(directive, speed)
            control = self._control(None if self.gate.slowing else directive, measured, objects, clock)
            position, limits = control.position, control.active_limits
        except Exception as error:  # a bug in the controller must not leave the arm without a command
            position, limits = np.full(self.embodiment.n, np.nan), (f"error:{type(error).__name__}: {error}",)
        self._close(directive)
        trouble = (self.driver.reason or "the driver reports a fault") if self.driver.state == "fault" else self._unfelt(directive, now)
        sent = self.gate.stop(trouble) if trouble else self.gate.step(position, measured, now - self.latest.received, deadman)
        self.sent_position, self.sent_velocity = frozen(sent.position), frozen(sent.velocity)
        if not sent.safe:
            self.stopped_because = sent.reason
        limits = (*limits, *(f"{GATE}{word}" for word in sent.limited)) if sent.limited else limits
        return JointCommand(self.sent_position, self.sent_velocity, self.closure, limits, sent.safe)

    def rehearse(
        self, directive: Directive | None, objects: Mapping[str, ObjectState], now: float, clock: float, speed: float = 1.0, deadman: bool = True
    ) -> JointCommand | None:
        """What :meth:`command` would return, leaving no trace."""
        parts = (self, self.controller, self.gate, self.touch)
        before = [dict(vars(part)) for part in parts]  # what they hold is replaced, never changed in place
        try:
            return self.command(directive, objects, now, clock, speed, deadman)
        finally:
            for part, state in zip(parts, before, strict=True):
                vars(part).update(state)

    def _limit_speed(self, directive: Directive | None, allowed: float) -> None:
        """Keep to what an operator and the directive allow; where there is no directive, to what the last one did.

        Raises:
            InvalidValue: a share that is not above 0 and up to 1; nothing has changed then.
        """
        share = directive.speed if isinstance(directive, (CartesianDelta, JointTarget)) else self.share
        speed = min(share, allowed)
        if speed != self.gate.speed_share or self.controller.slowing:
            self.gate.limit_speed(speed)  # first: it is the one that refuses
            self.controller.limit_speed(speed)
        self.share = share

    def _unfelt(self, directive: Directive | None, now: float) -> str:
        """Why a guarded motion may not go on, blind: its wrench is missing; empty where it may."""
        guarded = isinstance(directive, CartesianDelta) and directive.force_limit is not None
        trouble = self.touch.trouble(now) if guarded else ""
        return f"guarded motion: {trouble}" if trouble else ""

    def _control(self, directive: Directive | None, measured: Array, objects: Mapping[str, ObjectState], clock: float) -> ControlStep:
        within = self.touch.share(directive.force_limit if isinstance(directive, CartesianDelta) else None)
        if isinstance(directive, JointTarget):
            return self.controller.move(measured, np.array(directive.position))
        if not isinstance(directive, CartesianDelta):
            return self.controller.stop(measured)
        self.controller.aim(directive.free or self.embodiment.free, directive.first or self.embodiment.first)
        share = self._share(directive, clock) * self.driver.speed * within  # a driver that runs slower would fall behind for ever
        delta = share * np.array((*directive.translation, *directive.rotation))
        if directive.frame in ("tool", "base"):
            return self.controller.step(measured, delta, directive.frame)
        rotation = self.base.rotation if directive.frame == "world" else objects[directive.frame].pose.rotation.T @ self.base.rotation
        return self.controller.step(measured, (delta.reshape(2, 3) @ rotation).ravel(), "base")

    def _share(self, directive: CartesianDelta, clock: float) -> float:
        """The part of a policy step's delta that falls into this control tick; the parts of a whole step add up to 1."""
        if directive.period <= self.period:
            return 1.0
        begun = (clock - directive.start) / directive.period
        return max(0.0, min(1.0, begun + self.period / directive.period) - max(0.0, begun))

    def _close(self, directive: Directive | None) -> None:
        if not isinstance(directive, (CartesianDelta, JointTarget)):
            return
        closure = self.closure if directive.closure is None or directive.closure != directive.closure else min(1.0, max(0.0, directive.closure))
        gripper = self.embodiment.gripper
        if directive.force >= 1.0 or gripper is None or self.latest is None or closure < self.gripped < 1.0:
            self.gripped = 1.0
        elif self.latest.force >= directive.force * gripper.force:  # the fingers stay where they are
            self.gripped = min(self.gripped, max(0.0, 1.0 - self.latest.opening / gripper.width))
        self.closure = min(closure, self.gripped)

    # -- state in the open --------------------------------------------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """Everything, controller and gate included."""
        latest = self.latest
        return {
            "latest": None if latest is None else [latest.stamp, latest.received, list(latest.position), list(latest.velocity), latest.opening, latest.force],
            "engaged": self.engaged,
            "closure": self.closure,
            "gripped": self.gripped,
            "share": self.share,
            "sent": None if self.sent_position is None else [self.sent_position.tolist(), self.sent_velocity.tolist()],
            "stopped_because": self.stopped_because,
            "driver": [self.driver.received, self.driver.state, self.driver.reason, self.driver.speed],
            "held": self.held,
            "touch": self.touch.snapshot(),
            "controller": self.controller.snapshot() if self.engaged else None,
            "gate": self.gate.snapshot() if self.engaged else None,
        }

    def restore(self, snapshot: Snapshot) -> None:
        """The inverse of :meth:`snapshot`."""
        latest = snapshot["latest"]
        self.latest = None if latest is None else JointInput(self.name, latest[0], latest[1], tuple(latest[2]), tuple(latest[3]), latest[4], latest[5])
        self.engaged, self.closure, self.stopped_because = snapshot["engaged"], snapshot["closure"], snapshot["stopped_because"]
        self.gripped, self.share = snapshot.get("gripped", 1.0), snapshot.get("share", 1.0)
        self.sent_position = None if snapshot["sent"] is None else frozen(snapshot["sent"][0])
        self.sent_velocity = frozen(np.zeros(self.embodiment.n) if snapshot["sent"] is None else snapshot["sent"][1])
        self.driver, self.held = DriverInput(self.name, *snapshot["driver"]), snapshot["held"]
        self.touch.restore(snapshot["touch"])
        if self.engaged:
            self.controller.restore(snapshot["controller"])
            self.gate.restore(snapshot["gate"])
