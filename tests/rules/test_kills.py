"""kill -9 the rules worker at random moments of a stream: the counts are those of the truth."""

from __future__ import annotations

import multiprocessing
import random
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from contracts.events import Event, LineCrossed, QueueEpisode, ZoneVisit, payload_of
from contracts.store import StoreConfig
from edge_agent.bus import Bus
from edge_agent.messages import EventsKept, TrackedBox, TracksUpdated
from edge_agent.rules import memory, worker
from edge_agent.worker import WorkerContext
from tests.rules.plans import shop

DEADLINE_S = 30.0
FRAME_S = 0.1
KILLS = 20
AHEAD = 3
"""Frames that may lie on the bus, and are lost with the worker that dies there."""
LINE = """
[[zones]]
name = "line"
camera = "left"
kind = "queue"
polygon_m = [[4, 2.6], [5, 2.6], [5, 4], [4, 4]]
"""


def run_worker(config: bytes, run_dir: str, run_id: str) -> None:
    """Entry of the process under test."""
    ctx = WorkerContext(
        name="rules",
        config=msgspec.json.decode(config, type=StoreConfig),
        run_id=run_id,
        run_dir=Path(run_dir),
    )
    signal.signal(signal.SIGTERM, lambda *_: ctx.stop())
    worker.main(ctx)
    ctx.close()


class Walker:
    """One person: track ids, begin (frames) and path; the truth is what the path does."""

    def __init__(self, number: int, rng: random.Random) -> None:
        self.kind = rng.choice(["in", "out", "u_turn", "hover", "in_and_out", "switched"])
        self.first, self.begin = 10 * number + 1, 12 * number + rng.randrange(12)
        self.x = rng.uniform(0.3, 0.7)
        slow = rng.choice([0.014, 0.02, 0.03])
        down = [0.36 + slow * i for i in range(round(0.3 / slow))]
        half = [y for y in down if y < 0.51]
        self.ys = {
            "in": [*down, *[0.66] * 20],
            "out": [*[0.66] * 5, *reversed(down)],
            "u_turn": [*half, *reversed(half)],
            "hover": [0.45 + 0.02 * (-1) ** i for i in range(30)],
            "in_and_out": [*down, *[0.66] * 8, *reversed(down)],
            "switched": [*down, *[0.66] * 20],
        }[self.kind]

    @property
    def truth(self) -> Counter[str]:
        ways = {"in": "in", "switched": "in", "out": "out", "in_and_out": "in out"}
        return Counter(ways.get(self.kind, "").split())

    def box(self, frame: int) -> TrackedBox | None:
        index = frame - self.begin
        if not 0 <= index < len(self.ys):
            return None
        y = self.ys[index]
        switched = self.kind == "switched" and y > 0.5
        return TrackedBox(
            self.first + switched, self.x - 0.02, y - 0.3, self.x + 0.02, y, 0.9, True
        )


class Stream:
    """Frames for the worker, fed so that few are on the way; its events, kept at once."""

    def __init__(self, run_dir: Path, data_dir: Path, seed: int) -> None:
        self.rng = random.Random(seed)
        self.people = [Walker(number, self.rng) for number in range(30)]
        self.frames = max(p.begin + len(p.ys) for p in self.people) + 10
        base = shop(LINE)
        agent = msgspec.structs.replace(base.agent, data_dir=str(data_dir))
        far = datetime.now(ZoneInfo(base.store.time_zone)) + timedelta(hours=12)
        store = msgspec.structs.replace(base.store, resets=far.strftime("%H:%M"))
        self.config = msgspec.structs.replace(base, agent=agent, store=store)
        self.run_dir, self.folder = run_dir, data_dir / "rules"
        self.bus = Bus(run_dir)
        self.tracks, self.desk = self.bus.writer("tracks"), self.bus.desk("events")
        self.events: dict[str, Event] = {}
        self.offers = 0
        self.begin_s = time.time()
        self.process: ForkServerProcess | None = None

    def start(self, run_id: str = "run1") -> None:
        server = multiprocessing.get_context("forkserver")
        server.set_forkserver_preload(["edge_agent.rules.worker", "tests.rules.test_kills"])
        arguments = (msgspec.json.encode(self.config), str(self.run_dir), run_id)
        self.process = server.Process(target=run_worker, args=arguments)
        self.process.start()

    def restart(self) -> None:
        """Kill it, and wait until another one has taken up what it left."""
        before = self._state()
        self.kill()
        self.start()
        deadline = time.monotonic() + DEADLINE_S
        while self._state() == before:
            assert time.monotonic() < deadline, "the worker does not come back"
            self.serve()

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.join(DEADLINE_S)

    def serve(self) -> None:
        for client, offered in self.desk.read(0.002):
            self.events.setdefault(offered.event.id, offered.event)
            self.offers += 1
            self.desk.ack(client, EventsKept([offered.event.id]))
        self.tracks.flush()

    def feed(self, frame: int) -> None:
        at_s = self.begin_s + frame * FRAME_S
        boxes = [box for person in self.people if (box := person.box(frame))]
        assert self.tracks.write(TracksUpdated("left", frame, at_s, at_s, boxes, []))

    def wait_for(self, frame: int) -> None:
        """Until the worker has written down that it heard this frame."""
        until_s, deadline = self.begin_s + frame * FRAME_S - 1e-6, time.monotonic() + DEADLINE_S
        while frame >= 0 and self._heard_s() < until_s:
            assert time.monotonic() < deadline, "the worker does not go on"
            self.serve()

    def _state(self) -> bytes:
        path = self.folder / "rules.state"
        return path.read_bytes() if path.exists() else b""

    def _heard_s(self) -> float:
        known = memory.Memory(self.folder, self.config)
        recalled, _ = known.recall()
        (self.folder / "rules.tries").unlink(missing_ok=True)
        if recalled is None:
            return 0.0
        times = [h.news.taken_at for h in recalled.heard if isinstance(h.news, TracksUpdated)]
        return max([*times, recalled.checkpoint.state.latest.get("left", 0.0)])

    def stop(self) -> None:
        assert self.process is not None
        self.process.terminate()
        deadline = time.monotonic() + DEADLINE_S
        while self.process.is_alive():
            assert time.monotonic() < deadline, "still running"
            self.serve()
        self.serve()
        assert self.process.exitcode == 0

    def counted(self) -> Counter[str]:
        payloads = map(payload_of, self.events.values())
        return Counter(p.direction for p in payloads if isinstance(p, LineCrossed))


@pytest.fixture
def stream(tmp_path: Path) -> Iterator[Stream]:
    with tempfile.TemporaryDirectory(prefix="k") as run_dir:  # a socket's path must be short
        stream = Stream(Path(run_dir), tmp_path, seed=5)
        yield stream
        if stream.process and stream.process.is_alive():
            stream.kill()
        stream.bus.close()


@pytest.mark.crash
@pytest.mark.slow
def test_counts_are_right_however_often_the_worker_is_killed(stream: Stream) -> None:
    kills = set(stream.rng.sample(range(5, stream.frames - 5), KILLS))
    stream.start()
    for frame in range(stream.frames):
        stream.feed(frame)
        stream.wait_for(frame - stream.rng.randint(1, AHEAD))
        if frame in kills:
            stream.restart()
    stream.wait_for(stream.frames - 1)
    stream.stop()
    truth = sum((person.truth for person in stream.people), Counter[str]())
    assert stream.counted() == truth
    assert stream.offers > len(stream.events), "nothing was ever sent again: were there kills?"
    sequence = sorted(event.sequence for event in stream.events.values())
    assert sequence == list(range(len(sequence)))
    assert {event.source for event in stream.events.values()} == {"trinetra/shop/run1"}
    tally = (stream.folder / "occupancy.state").read_bytes()
    assert f'"entries":{truth["in"]},"exits":{truth["out"]}'.encode() in tally


@pytest.mark.crash
def test_what_a_dead_agent_left_open_is_closed_in_its_name(stream: Stream) -> None:
    stream.people = [person for person in stream.people if person.kind == "in"][:1]
    person = stream.people[0]
    person.begin, person.x = 0, 0.9
    person.ys = [0.3, 0.4, *[0.9] * 150]
    stream.start()
    for frame in range(130):
        stream.feed(frame)
        stream.wait_for(frame - AHEAD)
    stream.wait_for(129)
    stream.kill()
    stream.start("run2")
    deadline = time.monotonic() + DEADLINE_S
    found: dict[type, Event] = {}
    while len(found) < 2:
        assert time.monotonic() < deadline, "nothing was closed"
        stream.serve()
        found = {type(payload_of(e)): e for e in stream.events.values() if _is_stay(e)}
    assert {event.source for event in found.values()} == {"trinetra/shop/run1"}
    episode, visit = payload_of(found[QueueEpisode]), payload_of(found[ZoneVisit])
    assert isinstance(episode, QueueEpisode)
    assert isinstance(visit, ZoneVisit)
    assert (episode.outcome, episode.censored, visit.censored) == ("unknown", True, True)
    assert visit.dwell_s > 12
    stream.stop()
    assert {e.source for e in stream.events.values()} == {
        "trinetra/shop/run1",
        "trinetra/shop/run2",
    }


@pytest.mark.crash
def test_what_the_spool_never_had_is_offered_by_the_next_run(stream: Stream) -> None:
    person = stream.people[0]
    person.begin, person.kind, person.ys = 0, "in", [0.3 + 0.02 * i for i in range(25)]
    stream.people = [person]
    stream.start()
    for frame in range(25):
        stream.feed(frame)
    while stream.tracks.waiting:  # the spool is away: nothing is acknowledged
        stream.tracks.flush(0.1)
    assert stream.process is not None
    stream.process.terminate()
    stream.process.join(DEADLINE_S)
    assert stream.process.exitcode == 0
    stream.desk.read(0.1)  # lost with the spool that died, too
    stream.start("run2")
    deadline = time.monotonic() + DEADLINE_S
    while not stream.counted():
        assert time.monotonic() < deadline, "the crossing is lost"
        stream.serve()
    assert stream.counted() == {"in": 1}
    stream.stop()


def _is_stay(event: Event) -> bool:
    return isinstance(payload_of(event), QueueEpisode | ZoneVisit)
