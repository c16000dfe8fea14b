"""The live clock: the core's step in its own thread on an absolute schedule.

Everything that arrives on its own is put into an inbox, from any thread; each tick takes out what is there. Commands leave from this
thread, before anything else is done with the result.
"""

from __future__ import annotations

import gc
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence

from skillkit.ros.overruns import Overruns
from skillkit.ros.ticking import Remembered, Schedule
from skillkit.runtime import Runtime, StepResult
from skillkit.spaces import CancelInput, Input, JointCommand

Send = Callable[[Mapping[str, JointCommand]], None]
Report = Callable[[Sequence[Input], StepResult], None]

TIDY_EVERY = 100  # ticks
REHEARSAL = 0.0007  # [s] before a tick: about what it takes
PATIENCE = 3.0  # [s] that arms are given to come to rest before the loop ends


class ControlLoop:
    """Drives a runtime at a fixed rate.

    Args:
        send: hands the commands of a tick to the drivers.
        rehearse: does the same but for the sending itself; called right before a tick, see :meth:`Runtime.rehearse`.
        report: publishes what the tick consumed and decided.
        complain: told once of every kind of exception that these two raise; the loop goes on.
        overruns: what follows when ticks are missed.
    """

    def __init__(
        self, runtime: Runtime, period: float, send: Send, rehearse: Send, report: Report, complain: Callable[[str], None], overruns: Overruns | None = None
    ) -> None:
        self.runtime, self.schedule, self.overruns = runtime, Schedule(period), overruns or Overruns()
        self._before: deque[Callable[[float], None]] = deque()
        self._between: deque[Callable[[], None]] = deque()
        self._send, self._rehearse, self._report, self._complain = send, rehearse, report, complain
        self._inbox: deque[Input] = deque()
        self._ages = Remembered()
        self._complaints: set[str] = set()
        self._stop, self._idle = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._guard, name="control", daemon=True)

    def start(self) -> None:
        """Begin to tick."""
        gc.collect()
        gc.freeze()  # what was built so far is never garbage
        gc.disable()  # collections happen between two ticks, see _tidy
        self.schedule.skip()
        self._thread.start()

    def put(self, given: Input) -> None:
        """Hand over an input; consumed at the next tick, in the order of arrival."""
        self._inbox.append(given)

    def before_a_tick(self, action: Callable[[float], None]) -> None:
        """Have something done once by the control thread, right before its next step; it is given that step's time."""
        self._before.append(action)

    def between_ticks(self, action: Callable[[], None]) -> None:
        """Have something done once by the control thread when its next command is out: work that must not hold up a tick from another thread."""
        self._between.append(action)

    def now(self) -> float:
        """The task clock [s]."""
        return self.schedule.now()

    def stop(self, reason: str) -> None:
        """Cancel what runs, wait until the arms are at rest, and end the thread."""
        if self._thread.is_alive():
            self._idle.clear()
            self.put(CancelInput("", self.now(), reason))
            self._idle.wait(PATIENCE)
            self._stop.set()
            self._thread.join(PATIENCE)

    def report(self) -> dict[str, float]:
        """How well the schedule was kept, and how old joint states were when their command went out [ms]."""
        figures = dict(self.schedule.report())
        figures.update(missed_last_second=float(self.overruns.recent), strained=float(self.overruns.strained))
        return {**figures, **self._ages.percentiles("observation_age", p50=50, p99=99)}

    @property
    def silent_for(self) -> float:
        """Since when the last command should have left by now [s]: a policy that blocks holds up everything."""
        return self.schedule.overdue if self._thread.is_alive() else float("inf")

    def _guard(self) -> None:
        """A loop that ends by itself must not do so unheard; the arm brakes on the tail of its last command."""
        try:
            self._run()
        except BaseException as error:
            self._complain(f"the control loop has ended: {type(error).__name__}: {error}")

    def _run(self) -> None:
        while not self._stop.is_set():
            if self.schedule.sleep(REHEARSAL):
                self._attempt(lambda: self._rehearse(self.runtime.rehearse(self.schedule.next)))
            now = self.schedule.wait(self._stop)
            while self._before:
                action = self._before.popleft()
                self._attempt(lambda action=action, now=now: action(now))  # type: ignore[misc]
            inputs = [self._inbox.popleft() for _ in range(len(self._inbox))]
            commands = self.runtime.act(inputs, now)
            self._attempt(lambda commands=commands: self._send(commands))  # type: ignore[misc]
            self.schedule.acted()
            result = self.runtime.decide()
            consequence = self.overruns.after(now, self.schedule.missed, self.runtime.paused)
            if consequence is not None:
                self.put(consequence)
            self._note_ages()
            self._attempt(lambda inputs=inputs, result=result: self._report(inputs, result))  # type: ignore[misc]
            for _ in range(len(self._between)):
                self._attempt(self._between.popleft())
            self._tidy()
            if not self.runtime.goals and not self._inbox:
                self._idle.set()

    def _tidy(self) -> None:
        """Collect young garbage once a second, all of it only while no arm is driven: a full collection takes longer than a tick."""
        if self.schedule.tick % TIDY_EVERY == 0:
            gc.collect(1 if self.runtime.goals else 2)

    def _note_ages(self) -> None:
        ages = [self.now() - arm.latest.received for arm in self.runtime.arms.values() if arm.engaged and arm.latest is not None]
        if ages:
            self._ages.add(max(ages))

    def _attempt(self, action: Callable[[], None]) -> None:
        try:
            action()
        except Exception as error:  # the arm brakes on the tail of its last command; the loop must go on
            text = f"{type(error).__name__}: {error}"
            if text not in self._complaints:
                self._complaints.add(text)
                self._complain(text)
