"""Diagnostics, once a second: how well the loop keeps its schedule, how old its observations are, whether an arm was stopped."""

from __future__ import annotations

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node

from skillkit.ros import process
from skillkit.ros.control_loop import ControlLoop

EVERY = 1.0  # [s]
STUCK = 5.0  # [s] after which a loop that does not tick is given up: nobody would ever be answered
LATE = 1.0  # [ms] of jitter at the 99th percentile above which a warning is given


class Health:
    """Publishes ``/diagnostics``."""

    def __init__(self, node: Node, loop: ControlLoop) -> None:
        self._node, self._loop = node, loop
        self.complaint = ""
        self.waiting = ""  # arms and objects that have not been heard yet
        self._publisher = node.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self._timer = node.create_timer(EVERY, self.publish)

    def close(self) -> None:
        """Publish no more."""
        self._timer.cancel()

    def publish(self) -> None:
        """One report now."""
        if self._loop.silent_for > STUCK:
            text = f"the control loop has not moved for {STUCK:g} s: a skill blocks it; the arms have braked and this process ends"
            self._node.get_logger().fatal(text)
            process.end(1)
        figures = self._loop.report()
        stopped = {name: arm.stopped_because for name, arm in self._loop.runtime.arms.items() if arm.stopped_because}
        status = DiagnosticStatus(name=self._node.get_fully_qualified_name(), hardware_id="control loop")
        status.level, status.message = self._judge(figures, stopped)
        status.values = [KeyValue(key=name, value=f"{value:.6g}") for name, value in figures.items()]
        status.values += [KeyValue(key=f"{name} stopped", value=reason) for name, reason in stopped.items()]
        status.values += [value for name in stopped for value in self._protective_stop(name)]
        message = DiagnosticArray(status=[status])
        message.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(message)

    def _protective_stop(self, name: str) -> list[KeyValue]:
        """What is known of the stop that an arm is in, one value each; what is not known is left out."""
        arm = self._loop.runtime.arms[name]
        report = arm.protective_stop
        if report is None:
            return []
        words = {"cause": report.cause, "for [s]": report.ticks * arm.period, "at rest": report.at_rest, "still": report.still, "torque": report.torque}
        residual = () if report.residual is None else zip(arm.embodiment.joints, report.residual.tolist(), strict=True)
        words |= {f"residual {joint}": value for joint, value in residual}
        return [KeyValue(key=f"{name} stop: {key}", value=str(value)) for key, value in words.items() if value is not None]

    def _judge(self, figures: dict[str, float], stopped: dict[str, str]) -> tuple[bytes, str]:
        if self.complaint:
            return DiagnosticStatus.ERROR, self.complaint
        if self.waiting:
            return DiagnosticStatus.WARN, f"no goals are accepted before the first word of: {self.waiting}"
        if stopped:
            return DiagnosticStatus.ERROR, "; ".join(f"{name} was stopped: {reason}" for name, reason in stopped.items())
        if self._loop.overruns.strained:
            return DiagnosticStatus.WARN, f"overrun: {self._loop.overruns.recent} ticks missed in the last second; consequence: {self._loop.overruns.rule}"
        if figures["missed"] > 0 or figures.get("jitter_p99_ms", 0.0) > LATE:
            return DiagnosticStatus.WARN, f"{figures['missed']:.0f} ticks missed, jitter p99 {figures.get('jitter_p99_ms', 0.0):.2f} ms"
        return DiagnosticStatus.OK, "on schedule"
