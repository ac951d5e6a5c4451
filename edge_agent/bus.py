"""The bus between the agent's processes: ZeroMQ over ipc sockets in a private folder.

A topic's row in `topics.py` says who reads it and what a loss means. Nothing is pickled.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import zmq

from contracts.errors import AgentError
from edge_agent.bus_acked import Courier, Desk
from edge_agent.bus_plain import Reader, Writer
from edge_agent.clock import Clock, SystemClock
from edge_agent.topics import TOPICS, Topic
from edge_agent.worker_metrics import sample

__all__ = ["Bus", "Courier", "Desk", "Reader", "Writer"]

_MAX_ADDRESS_BYTES = 100  # a unix socket's path has 107, one of them for libzmq's own use


class Bus:
    """Ends of topics in one process; each end belongs to the thread that uses it."""

    def __init__(
        self, run_dir: Path, *, clock: Clock | None = None, topics: Iterable[Topic] = TOPICS
    ) -> None:
        self._run_dir = run_dir
        self._clock = clock or SystemClock()
        self._topics = {row.name: row for row in topics}
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._ends: list[Writer | Reader | Courier | Desk] = []

    def writer(self, name: str) -> Writer:
        """A new writing end; KeyError for a topic that is not in the table."""
        row = self._row(name, acked=False)
        writer = Writer(self._context, row, self._address(row))
        self._ends.append(writer)
        return writer

    def reader(self, name: str) -> Reader:
        """The reading end; it takes the topic over from whoever read it before."""
        row = self._row(name, acked=False)
        reader = Reader(self._context, row, self._address(row))
        self._ends.append(reader)
        return reader

    def courier(self, name: str, *, resend_after_s: float = 1.0) -> Courier:
        """A new writing end of an acked topic."""
        row = self._row(name, acked=True)
        address = self._address(row)
        courier = Courier(
            self._context, row, address, clock=self._clock, resend_after_s=resend_after_s
        )
        self._ends.append(courier)
        return courier

    def desk(self, name: str) -> Desk:
        """The reading end of an acked topic."""
        row = self._row(name, acked=True)
        desk = Desk(self._context, row, self._address(row))
        self._ends.append(desk)
        return desk

    def counters(self) -> dict[str, float]:
        """Drops and malformed messages per topic, as samples for `WorkerContext.beat`."""
        counts: dict[str, float] = {}
        for end in self._ends:
            for name, value in (
                ("malformed_messages_total", end.malformed),
                ("dropped_messages_total", end.dropped),
            ):
                key = sample(name, topic=end.topic.name)
                counts[key] = counts.get(key, 0.0) + value
        return counts

    def close(self, flush_s: float = 2.0) -> None:
        """Flush writers (at most `flush_s` each), close every end and the context."""
        for end in self._ends:
            end.close(flush_s)
        self._ends.clear()
        self._context.term()

    def _row(self, name: str, *, acked: bool) -> Topic:
        row = self._topics[name]
        if (row.keep == "acked") != acked:
            wanted = "courier and desk" if not acked else "writer and reader"
            raise ValueError(f"topic {name} is used through {wanted}")
        return row

    def _address(self, row: Topic) -> str:
        path = self._run_dir / f"{row.name}.sock"
        if len(os.fsencode(path)) > _MAX_ADDRESS_BYTES:
            raise AgentError(f"{self._run_dir}: path is too long for sockets")
        return f"ipc://{path}"
