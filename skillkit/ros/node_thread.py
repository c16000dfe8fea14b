"""A node that is not spun with the others of its process: action clients keep the events executor (rclpy 9.1) busy without end."""

from __future__ import annotations

import threading

from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node


class NodeThread:
    """A node in the namespace of ``node``, spun in a thread of its own from :meth:`start` on.

    Make its clients, servers and timers before: an action client shows itself to a spinning executor before it is complete, which ends the thread.
    """

    def __init__(self, node: Node, name: str) -> None:
        self.node = Node(name, namespace=node.get_namespace(), context=node.context)
        self._executor = SingleThreadedExecutor(context=node.context)
        self._executor.add_node(self.node)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Spin."""
        self._thread.start()

    def close(self) -> None:
        """Stop spinning."""
        self._stop.set()
        self._executor.wake()
        if self._thread.is_alive():
            self._thread.join(1.0)
        self._executor.shutdown(timeout_sec=1.0)
        self.node.destroy_node()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._executor.spin_once()  # one with a time-out leaves a timer behind, which is only found where garbage is collected
