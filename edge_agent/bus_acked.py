"""Topics that lose nothing: DEALER couriers repeat an event until the ROUTER desk says "kept"."""

from __future__ import annotations

from collections import deque

import zmq

from contracts.events import Event
from edge_agent import bus_wire
from edge_agent.bus_plain import tuned
from edge_agent.clock import Clock
from edge_agent.messages import EventOffered, EventsKept
from edge_agent.topics import Topic


class Courier:
    """Writing side: at-least-once delivery of events under their own ids.

    An event is pending from `send` until its id came back. Call `pump` often: it takes
    acknowledgements, sends what could not be sent, and repeats what stayed unanswered for
    `resend_after_s`. Use one courier per thread.
    """

    def __init__(
        self,
        context: zmq.Context[zmq.Socket[bytes]],
        topic: Topic,
        address: str,
        *,
        clock: Clock,
        resend_after_s: float = 1.0,
    ) -> None:
        self.topic = topic
        self.dropped = 0
        self.malformed = 0
        self.repeated = 0
        self._clock = clock
        self._resend_after_s = resend_after_s
        self._bodies: dict[str, bytes] = {}
        self._unsent: deque[str] = deque()
        self._flying: deque[tuple[float, str]] = deque()  # (sent at, id), oldest first
        self._socket = tuned(context.socket(zmq.DEALER), topic)
        self._socket.connect(address)

    @property
    def pending(self) -> int:
        """Events that are not known to be on disk."""
        return len(self._bodies)

    def holds(self, event_id: str) -> bool:
        """True while this event is not known to be on disk."""
        return event_id in self._bodies

    def send(self, event: Event) -> bool:
        """Take over `event`; False (counted in `dropped`) if it is too large or `queue` wait."""
        body = bus_wire.encode(self.topic, EventOffered(event))
        if len(self._bodies) >= self.topic.queue or len(body) > self.topic.max_bytes:
            self.dropped += 1
            return False
        if event.id not in self._bodies:
            self._bodies[event.id] = body
            self._unsent.append(event.id)
        self._send_waiting()
        return True

    def pump(self, timeout_s: float = 0.0) -> int:
        """Send, repeat, then wait up to `timeout_s` for acknowledgements; how many were kept."""
        self._recall_unanswered()
        self._send_waiting()
        if not self._bodies or not self._socket.poll(int(timeout_s * 1000)):
            return 0
        before = len(self._bodies)
        for _ in range(self.topic.queue):
            try:
                parts = self._socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                break
            self._take_ack(parts)
        self._send_waiting()
        return before - len(self._bodies)

    def drain(self, timeout_s: float) -> bool:
        """Pump until nothing is pending; False if that took longer than `timeout_s`."""
        deadline = self._clock.monotonic() + timeout_s
        while self._bodies:
            left_s = deadline - self._clock.monotonic()
            if left_s <= 0:
                return False
            self.pump(min(left_s, 0.1))
        return True

    def close(self, timeout_s: float = 0.0) -> None:  # noqa: ARG002 - as every other end
        """Close; call `drain` before, because pending events are not waited for."""
        self._socket.close()

    def _take_ack(self, parts: list[bytes]) -> None:
        try:
            (body,) = parts
            kept = bus_wire.decode_ack(self.topic, body)
        except ValueError:
            self.malformed += 1
            return
        for event_id in kept.ids:
            self._bodies.pop(event_id, None)

    def _recall_unanswered(self) -> None:
        sent_before = self._clock.monotonic() - self._resend_after_s
        while self._flying:
            sent_at, event_id = self._flying[0]
            if event_id in self._bodies:
                if sent_at > sent_before:
                    return
                self.repeated += 1
                self._unsent.append(event_id)
            self._flying.popleft()

    def _send_waiting(self) -> None:
        while self._unsent:
            event_id = self._unsent[0]
            body = self._bodies.get(event_id)
            if body is not None:
                try:
                    self._socket.send(body, zmq.NOBLOCK)
                except zmq.Again:
                    return
                self._flying.append((self._clock.monotonic(), event_id))
            self._unsent.popleft()


class Desk:
    """Reading side: gives out events with the client that offered them, and answers it.

    The same event may come twice (its acknowledgement was lost): keep it once, ack it again.
    """

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], topic: Topic, address: str) -> None:
        self.topic = topic
        self.dropped = 0
        self.malformed = 0
        self._socket = tuned(context.socket(zmq.ROUTER), topic)
        self._socket.bind(address)

    def read(self, timeout_s: float = 0.0) -> list[tuple[bytes, EventOffered]]:
        """Wait up to `timeout_s` for the first offer, then take all (at most `queue`)."""
        if not self._socket.poll(int(timeout_s * 1000)):
            return []
        found: list[tuple[bytes, EventOffered]] = []
        for _ in range(self.topic.queue):
            try:
                parts = self._socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                break
            try:
                client, body = parts
                offered = bus_wire.decode(self.topic, body)
            except ValueError:
                self.malformed += 1
                continue
            assert isinstance(offered, EventOffered)
            found.append((client, offered))
        return found

    def ack(self, client: bytes, kept: EventsKept) -> None:
        """Tell `client` that these ids are on disk; a lost answer makes it offer them again."""
        try:
            self._socket.send_multipart(
                [client, bus_wire.encode_ack(self.topic, kept)], zmq.NOBLOCK
            )
        except zmq.ZMQError:
            self.dropped += 1

    def close(self, timeout_s: float = 0.0) -> None:  # noqa: ARG002 - as every other end
        """Close after the last answers have left."""
        self._socket.close()
