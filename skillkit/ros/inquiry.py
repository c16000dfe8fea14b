"""A question to a service that may not be there yet, and whose answer may be lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rclpy.node import Node

LOOK_EVERY = 0.1  # [s] while the service is not there yet
ASK_AGAIN = 20  # looks without an answer: one that was sent before the server had discovered its reader is dropped


class Inquiry:
    """Asks once the service is there, and again until it answers; the question must be one that may be asked twice.

    Args:
        clients: the first one asks, once the services of all are there.
        request: the question. answered: given the first answer, by the executor.
    """

    def __init__(self, node: Node, clients: Sequence[Any], request: Any, answered: Callable[[Any], None]) -> None:
        self._node, self._clients, self._request, self._answered = node, clients, request, answered
        self._silent, self._done = ASK_AGAIN, False
        self._timer = node.create_timer(LOOK_EVERY, self._look)

    def _look(self) -> None:
        self._silent += 1
        if self._silent > ASK_AGAIN and all(client.service_is_ready() for client in self._clients):
            self._silent = 0
            self._clients[0].call_async(self._request).add_done_callback(lambda future: self._hear(future.result()))

    def _hear(self, answer: Any) -> None:
        if not self._done:
            self._done = True
            self._node.destroy_timer(self._timer)
            self._answered(answer)
