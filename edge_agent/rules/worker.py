"""The rules worker: reads tracks, camera reports and identities, sends events to the spool.

After a crash it goes on where it was (see `memory`). What another run of the agent left open is
closed in that run's name. Occupancy also lies in a small file of its own that a power cut does
not take: it is written once the spool holds the crossings it counts, so it may lag but not lead.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from uuid import uuid4

from msgspec import structs

from contracts.errors import AgentError
from contracts.events import TYPE_OF, Event, LineCrossed, decode_event, encode_event, event_of
from edge_agent.messages import TracksUpdated
from edge_agent.rules.engine import RuleEngine
from edge_agent.rules.facts import Fact
from edge_agent.rules.memory import Checkpoint, Heard, Memory, News, Recalled, apply
from edge_agent.rules.occupancy import Tally, save_tally, start_tally, utc
from edge_agent.worker import WorkerContext
from edge_agent.worker_metrics import Histogram, sample

READ_S = 0.05
QUIET_S = 0.3
DRAIN_READERS_S = 1.5
DRAIN_EVENTS_S = 2.5
BEAT_S = 0.25
SETTLE_S = 1.0
"""After a restart: what waited on the bus is heard before time closes anything."""
SAVE_S = 10.0
SAVE_BYTES = 1_000_000
LEAST_SAVE_S = 1.0
ROOM = 0.8
"""Share of the courier's queue that may fill before no more tracks are read."""


def main(ctx: WorkerContext) -> None:
    """Run until asked to stop; then drain, close what is open, and wait for the spool."""
    desk = RulesDesk(ctx)
    desk.begin()
    while not ctx.stopping():
        if ctx.reloaded():
            desk.adopt()
        desk.turn(READ_S)
    desk.finish()


class RulesDesk:
    """The worker's state: one engine, its memory, three readers, one courier."""

    def __init__(self, ctx: WorkerContext) -> None:
        self._ctx = ctx
        folder = ctx.data_dir / "rules"
        self._path = folder / "occupancy.state"
        self._memory = Memory(folder, ctx.config)
        ctx.beat("starting")
        self._readers = [ctx.bus.reader(name) for name in ("tracks", "cameras", "identities")]
        self._courier = ctx.bus.courier("events")
        self._unkept: dict[str, Event] = {}
        self._source, self._sequence = ctx.source, 0
        self._counts: Counter[str] = Counter()
        self._latency = Histogram("rules_latency_ms")
        self._beat_s = float("-inf")
        self._started_s = self._saved_s = ctx.clock.monotonic()
        self._last = Heard(*self._now(), None)
        self._engine = self._engine_of(self._stored_tally())
        self._saved: Tally = self._engine.occupancy.tally

    def begin(self) -> None:
        """Take up what was left, or send what is told at the start."""
        recalled, refused = self._memory.recall()
        if refused:
            self._ctx.log.warning("open visits are not taken up", reason=refused)
        going_on = recalled is not None and recalled.checkpoint.run_id == self._ctx.run_id
        if recalled is not None:
            self._take_up(recalled)
        if not going_on:
            self._send(self._engine.begin(self._ctx.clock.now()))
        self._remember()

    def adopt(self) -> None:
        """Go on with the rules of a new configuration; what it does not touch keeps its counts."""
        config, now = self._ctx.config, self._now()
        before = self._engine.begin(now[0])[0].payload
        self._send(self._engine.leave(config, *now))
        state = self._engine.state()
        # A new epoch: part of a minute or tile was told already, and the rest is no repeat of it.
        self._engine = RuleEngine(config, state.tally, *now)
        self._engine.restore(structs.replace(state, epoch=uuid4()))
        plan = self._engine.begin(now[0])
        if plan[0].payload != before:
            self._send(plan)
        self._memory.adopt(config)
        self._remember()
        self._ctx.log.info("rules go on with a new configuration", zones=len(config.zones))

    def turn(self, wait_s: float) -> bool:
        """One turn of the loop; True if any message came."""
        heard = False
        if self._courier.pending < ROOM * self._courier.topic.queue:
            tracks, *others = self._readers
            messages = [*tracks.read(wait_s), *(m for reader in others for m in reader.read())]
            heard = bool(messages)
            for message in messages:
                if isinstance(message, News):
                    self._hear(message)
                    self._beat()
        if self._ctx.clock.monotonic() - self._started_s >= SETTLE_S:
            self._hear(None)
        self._courier.pump(0.0 if heard else wait_s / 10)
        self._save_tally()
        self._remember_in_time()
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
        self._remember(closed=True)
        if not self._courier.drain(DRAIN_EVENTS_S):
            self._ctx.log.error("events not kept by the spool", events=self._courier.pending)
        self._remember(closed=True)
        self._save_tally()
        self._ctx.beat("stopping", self._counters(), self._engine.gauges)
        self._ctx.log.info("rules stopped", events=self._sequence, refused=self._engine.refused)

    def _take_up(self, recalled: Recalled) -> None:
        """Reach the state that was lost; close it if it is another run's."""
        checkpoint = recalled.checkpoint
        self._source, self._sequence = checkpoint.source, checkpoint.sequence
        for line in checkpoint.unkept:
            self._offer(decode_event(line))
        self._last = checkpoint.heard
        self._engine.restore(checkpoint.state)
        for heard in recalled.heard:
            self._last = heard
            self._send(apply(self._engine, heard))
            self._ctx.beat("starting")
        self._ctx.log.info("rules go on", messages=len(recalled.heard), events=self._sequence)
        if checkpoint.run_id == self._ctx.run_id:
            return
        if not checkpoint.closed:
            self._send(self._engine.finish(self._last.now_s, self._last.steady_s))
        # After a power cut the file of its own is newer than what was never synced.
        tally = self._engine.occupancy.tally if recalled.same_boot else self._stored_tally()
        self._engine = self._engine_of(tally)
        self._source, self._sequence = self._ctx.source, 0

    def _engine_of(self, tally: Tally) -> RuleEngine:
        return RuleEngine(self._ctx.config, tally, *self._now(), epoch=uuid4())

    def _stored_tally(self) -> Tally:
        store = self._ctx.config.store
        now_s = self._ctx.clock.now()
        tally, refused = start_tally(self._path, now_s, store.time_zone, store.resets)
        if refused:
            self._ctx.log.warning("occupancy begins at zero", reason=refused)
        return tally

    def _hear(self, news: News | None) -> None:
        """Write it down, then act on it."""
        self._last = Heard(*self._now(), news)
        try:
            self._memory.note(self._last)
        except AgentError as error:
            self._ctx.log.warning("a crash now would lose open visits", error=error)
        facts = apply(self._engine, self._last)
        self._count(facts)
        self._send(facts)
        if isinstance(news, TracksUpdated):
            self._latency.observe(1000 * max(0.0, self._ctx.clock.now() - news.arrived_at))

    def _count(self, facts: Iterable[Fact]) -> None:
        for fact in facts:
            self._counts[sample("events_total", type=TYPE_OF[type(fact.payload)])] += 1
            if isinstance(fact.payload, LineCrossed):
                crossed = fact.payload
                name = sample("crossings_total", door=crossed.door, direction=crossed.direction)
                self._counts[name] += 1

    def _send(self, facts: Iterable[Fact]) -> None:
        for fact in facts:
            event = event_of(
                fact.payload,
                source=self._source,
                subject=fact.subject,
                time=utc(fact.at_s),
                now=utc(self._ctx.clock.now()),
                sequence=self._sequence,
                event_id=fact.id,
            )
            self._sequence += 1
            self._offer(event)

    def _offer(self, event: Event) -> None:
        self._unkept[event.id] = event
        self._courier.send(event)

    def _remember_in_time(self) -> None:
        age_s = self._ctx.clock.monotonic() - self._saved_s
        if age_s >= SAVE_S or (age_s >= LEAST_SAVE_S and self._memory.written >= SAVE_BYTES):
            self._remember()

    def _remember(self, *, closed: bool = False) -> None:
        """Save the engine, and the events that the spool may not have."""
        self._saved_s = self._ctx.clock.monotonic()
        self._unkept = {k: e for k, e in self._unkept.items() if self._courier.holds(k)}
        checkpoint = Checkpoint(
            run_id=self._ctx.run_id,
            source=self._source,
            sequence=self._sequence,
            heard=Heard(self._last.now_s, self._last.steady_s, None),
            state=self._engine.state(),
            unkept=[encode_event(event) for event in self._unkept.values()],
            closed=closed,
        )
        try:
            self._memory.save(checkpoint)
        except AgentError as error:
            self._ctx.log.warning("a crash now would lose open visits", error=error)

    def _save_tally(self) -> None:
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
            "rules_backward_frames_total": float(self._engine.backward),
        }
