"""Topics without acknowledgement: PUSH writers, one PULL reader, every drop counted."""

from __future__ import annotations

import time
from collections import deque

import zmq

from edge_agent import bus_wire
from edge_agent.messages import Message
from edge_agent.topics import Topic

_SOCKET_QUEUE = 100  # what lies in the socket is lost with the reader, so little lies there
_LINGER_MS = 2_000


def tuned(socket: zmq.Socket[bytes], topic: Topic) -> zmq.Socket[bytes]:
    """Set what all sockets of a topic share: limits, reconnection, lingering."""
    socket.setsockopt(zmq.LINGER, _LINGER_MS)
    socket.setsockopt(zmq.IMMEDIATE, 1)
    socket.setsockopt(zmq.MAXMSGSIZE, topic.max_bytes)
    socket.setsockopt(zmq.RECONNECT_IVL, 20)
    socket.setsockopt(zmq.RECONNECT_IVL_MAX, 500)
    socket.setsockopt(zmq.SNDHWM, min(topic.queue, _SOCKET_QUEUE))
    socket.setsockopt(zmq.RCVHWM, topic.queue)
    return socket


class Writer:
    """Writing side of a topic. Messages wait here while the reader is away or slow.

    When `queue` messages wait, `newest` topics drop the oldest and `all` topics refuse the new
    one; both count in `dropped`. Use one writer per thread.
    """

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], topic: Topic, address: str) -> None:
        self.topic = topic
        self.dropped = 0
        self.malformed = 0
        self._waiting: deque[bytes] = deque()
        self._socket = tuned(context.socket(zmq.PUSH), topic)
        self._socket.connect(address)

    @property
    def waiting(self) -> int:
        """Messages that are not handed to the socket yet."""
        return len(self._waiting)

    def write(self, message: Message) -> bool:
        """Send or queue `message` without blocking; False if it was refused (counted)."""
        body = bus_wire.encode(self.topic, message)
        self.flush()
        if len(body) > self.topic.max_bytes:
            self.dropped += 1
            return False
        if len(self._waiting) >= self.topic.queue:
            self.dropped += 1
            if self.topic.keep == "all":
                return False
            self._waiting.popleft()
        self._waiting.append(body)
        self.flush()
        return True

    def flush(self, timeout_s: float = 0.0) -> bool:
        """Send what waits, for at most `timeout_s`; True when nothing waits any more."""
        deadline = time.monotonic() + timeout_s
        while self._waiting:
            try:
                self._socket.send(self._waiting[0], zmq.NOBLOCK)
            except zmq.Again:
                left_s = deadline - time.monotonic()
                if left_s <= 0 or not self._socket.poll(int(left_s * 1000), zmq.POLLOUT):
                    return False
                continue
            self._waiting.popleft()
        return True

    def close(self, timeout_s: float = 0.0) -> None:
        """Flush for at most `timeout_s`, then close; what still waits counts as dropped."""
        if self._socket.closed:
            return
        self.flush(timeout_s)
        self.dropped += len(self._waiting)
        self._waiting.clear()
        self._socket.close()


class Reader:
    """Reading side of a topic; it binds, so there is one per topic."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], topic: Topic, address: str) -> None:
        self.topic = topic
        self.dropped = 0
        self.malformed = 0
        self._socket = tuned(context.socket(zmq.PULL), topic)
        self._socket.bind(address)

    def read(self, timeout_s: float = 0.0) -> list[Message]:
        """Wait up to `timeout_s` for the first message, then take all that are there.

        At most `queue` come back, oldest first. On a `newest` topic more of them than that
        means that the oldest are dropped (counted); on an `all` topic the rest stays.
        """
        if not self._socket.poll(int(timeout_s * 1000)):
            return []
        newest = self.topic.keep == "newest"
        found: deque[Message] = deque()
        for _ in range(self.topic.queue * (8 if newest else 1)):
            try:
                parts = self._socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                break
            message = self._decoded(parts)
            if message is not None:
                found.append(message)
            if len(found) > self.topic.queue:
                found.popleft()
                self.dropped += 1
        return list(found)

    def _decoded(self, parts: list[bytes]) -> Message | None:
        try:
            (body,) = parts
            return bus_wire.decode(self.topic, body)
        except ValueError:
            self.malformed += 1
            return None

    def close(self, timeout_s: float = 0.0) -> None:  # noqa: ARG002 - as every other end
        """Close; what was not read is gone."""
        self._socket.close(linger=0)
