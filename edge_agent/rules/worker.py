"""The rules worker: reads tracks, camera reports and identities, sends events to the spool.

After a crash its open visits and half-passed doors begin anew; occupancy goes on from a small
file that is written once the spool holds the crossings it counts, so it may lag but not lead.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from contracts.errors import AgentError
from contracts.events import TYPE_OF, LineCrossed, event_of
from edge_agent.messages import CameraReport, IdentityAssigned, Message, TracksUpdated
from edge_agent.rules.engine import Fact, RuleEngine
from edge_agent.rules.occupancy import Tally, save_tally, start_tally, utc
from edge_agent.worker import WorkerContext
from edge_agent.worker_metrics import Histogram, sample

READ_S = 0.05
QUIET_S = 0.3
DRAIN_READERS_S = 1.5
DRAIN_EVENTS_S = 2.5
BEAT_S = 0.25
ROOM = 0.8
"""Share of the courier's queue that may fill before no more tracks are read."""


def main(ctx: WorkerContext) -> None:
    """Run until asked to stop; then drain, close what is open, and wait for the spool."""
    desk = RulesDesk(ctx)
    desk.begin()
    while not ctx.stopping():
        desk.turn(READ_S)
    desk.finish()


class RulesDesk:
    """The worker's state: one engine, three readers, one courier."""

    def __init__(self, ctx: WorkerContext) -> None:
        self._ctx = ctx
        self._path = ctx.data_dir / "rules" / "occupancy.state"
        store = ctx.config.store
        ctx.beat("starting")
        now_s = ctx.clock.now()
        tally, refused = start_tally(self._path, now_s, store.time_zone, store.resets)
        if refused:
            ctx.log.warning("occupancy begins at zero", reason=refused)
        self._engine = RuleEngine(ctx.config, tally, now_s, ctx.clock.monotonic())
        self._readers = [ctx.bus.reader(name) for name in ("tracks", "cameras", "identities")]
        self._courier = ctx.bus.courier("events")
        self._saved: Tally = tally
        self._sequence = 0
        self._counts: Counter[str] = Counter()
        self._latency = Histogram("rules_latency_ms")
        self._beat_s = float("-inf")

    def begin(self) -> None:
        """Send what is told at the start."""
        self._send(self._engine.begin(self._ctx.clock.now()))

    def turn(self, wait_s: float) -> bool:
        """One turn of the loop; True if any message came."""
        heard = False
        if self._courier.pending < ROOM * self._courier.topic.queue:
            tracks, *others = self._readers
            messages = [*tracks.read(wait_s), *(m for reader in others for m in reader.read())]
            heard = bool(messages)
            self._feed(messages)
        self._send(self._engine.tick(*self._now()))
        self._courier.pump(0.0 if heard else wait_s / 10)
        self._save()
        self._beat()
        return heard

    def finish(self) -> None:
        """Read on until it is quiet, close everything that is open, wait for the spool."""
        clock = self._ctx.clock
        began = heard = clock.monotonic()
        while heard - began < DRAIN_READERS_S and clock.monotonic() - heard < QUIET_S:
            if self.turn(READ_S):
                heard = clock.monotonic()
        self._send(self._engine.finish(*self._now()))
        if not self._courier.drain(DRAIN_EVENTS_S):
            self._ctx.log.error("events not kept by the spool", events=self._courier.pending)
        self._save()
        self._ctx.beat("stopping", self._counters(), self._engine.gauges)
        self._ctx.log.info("rules stopped", events=self._sequence, refused=self._engine.refused)

    def _feed(self, messages: Iterable[Message]) -> None:
        for message in messages:
            if isinstance(message, TracksUpdated):
                self._send(self._engine.tracks(message))
                self._latency.observe(1000 * max(0.0, self._ctx.clock.now() - message.arrived_at))
            elif isinstance(message, CameraReport):
                self._send(self._engine.camera(message, *self._now()))
            elif isinstance(message, IdentityAssigned):
                self._engine.identity(message)
            self._beat()

    def _send(self, facts: Iterable[Fact]) -> None:
        for fact in facts:
            event = event_of(
                fact.payload,
                source=self._ctx.source,
                subject=fact.subject,
                time=utc(fact.at_s),
                now=utc(self._ctx.clock.now()),
                sequence=self._sequence,
            )
            self._sequence += 1
            self._courier.send(event)
            self._counts[sample("events_total", type=TYPE_OF[type(fact.payload)])] += 1
            if isinstance(fact.payload, LineCrossed):
                crossed = fact.payload
                name = sample("crossings_total", door=crossed.door, direction=crossed.direction)
                self._counts[name] += 1

    def _save(self) -> None:
        """Write the tally down once every crossing in it is on the spool's disk."""
        tally = self._engine.occupancy.tally
        if tally == self._saved or self._courier.pending:
            return
        self._saved = tally
        try:
            save_tally(self._path, tally)
        except AgentError as error:
            self._ctx.log.warning("a restart will begin occupancy at an older count", error=error)

    def _now(self) -> tuple[float, float]:
        """Wall clock and monotonic seconds."""
        return self._ctx.clock.now(), self._ctx.clock.monotonic()

    def _beat(self) -> None:
        now_s = self._ctx.clock.monotonic()
        if now_s - self._beat_s >= BEAT_S:
            self._beat_s = now_s
            self._ctx.beat("ok", self._counters(), self._engine.gauges)

    def _counters(self) -> dict[str, float]:
        return {
            **{name: float(count) for name, count in self._counts.items()},
            **self._latency.samples(),
            "rules_refused_messages_total": float(self._engine.refused),
        }
