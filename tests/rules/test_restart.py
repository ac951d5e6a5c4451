"""A restart between any two messages changes nothing: same facts, same ids, same counts."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.messages import (
    CameraReport,
    IdentityAssigned,
    TrackedBox,
    TracksJoined,
    TracksUpdated,
)
from edge_agent.rules.engine import EngineState, RuleEngine
from edge_agent.rules.facts import Fact
from edge_agent.rules.memory import Heard, apply
from edge_agent.rules.occupancy import Tally
from tests.rules.plans import shop

MIDNIGHT_S = 1_777_845_600.0  # 2026-05-04 00:00 in Berlin
QUEUE = """
[[zones]]
name = "line"
camera = "right"
kind = "queue"
polygon_m = [[5, 0], [8, 0], [8, 2], [5, 2]]

[[zones]]
name = "pay"
camera = "right"
kind = "service"
serves = "line"
polygon_m = [[5, 2], [8, 2], [8, 4], [5, 4]]
min_dwell_s = 1.0
"""
CONFIG = shop(QUEUE)


def engine() -> RuleEngine:
    return RuleEngine(CONFIG, Tally(reset_at_s=0.0), MIDNIGHT_S - 60, 0.0)


_fraction = st.floats(-0.25, 1.25, width=32)
_box = st.builds(
    lambda track_id, x, y, confirmed: TrackedBox(
        track_id, x - 0.05, y - 0.3, x + 0.05, y, 0.9, confirmed
    ),
    st.integers(1, 4),
    _fraction,
    _fraction | st.sampled_from([0.3, 0.44, 0.45, 0.46, 0.5, 0.54, 0.55, 0.56, 0.7]),
    st.booleans(),
)
_camera = st.sampled_from(["left", "right"])
_id = st.integers(1, 4)
_steps = st.lists(
    st.tuples(
        st.sampled_from([0.1, 0.1, 0.1, 0.5, 2.5, 15.0, 4000.0, -0.5, -5.0]),
        st.one_of(
            st.tuples(st.just("tracks"), _camera, st.lists(_box, max_size=4), st.lists(_id)),
            st.tuples(st.just("report"), _camera, st.sampled_from(["live", "frozen", "ended"])),
            st.tuples(st.just("named"), _camera, _id, st.sampled_from(["ada", "bob", "UNKNOWN"])),
            st.tuples(st.just("joined"), _camera, _id, _id),
            st.just(("tick",)),
        ),
    ),
    max_size=40,
)


def heard(steps: list[tuple[float, tuple]]) -> list[Heard]:  # type: ignore[type-arg]
    found, now_s = [], MIDNIGHT_S - 60
    for wait_s, step in steps:
        now_s += wait_s
        news = None
        match step:
            case ("tracks", camera, boxes, ended):
                news = TracksUpdated(camera, 0, now_s, now_s, boxes, ended)
            case ("report", camera, state):
                news = CameraReport(camera, state, now_s, 10, 1.0)
            case ("named", camera, track_id, identity):
                news = IdentityAssigned(camera, track_id, identity, 0.9)
            case ("joined", camera, kept, gone):
                news = TracksJoined(camera, kept, camera, gone, "ada", now_s)
        found.append(Heard(now_s, now_s - MIDNIGHT_S + 61, news))
    return found


def run(messages: list[Heard], restarts: set[int]) -> tuple[list[Fact], RuleEngine]:
    rules, facts = engine(), []
    for index, message in enumerate(messages):
        if index in restarts:
            body = msgspec.msgpack.encode(rules.state())
            rules = engine()
            rules.restore(msgspec.msgpack.decode(body, type=EngineState))
        facts += apply(rules, message)
    last = messages[-1] if messages else Heard(MIDNIGHT_S, 61.0, None)
    return facts + rules.finish(last.now_s + 1, last.steady_s + 1), rules


@settings(max_examples=120, deadline=None)
@given(steps=_steps, restarts=st.sets(st.integers(0, 39), max_size=8))
def test_a_restart_between_any_two_messages_changes_nothing(
    steps: list[tuple[float, tuple]],  # type: ignore[type-arg]
    restarts: set[int],
) -> None:
    messages = heard(steps)
    plain, rules = run(messages, set())
    restarted, again = run(messages, restarts)
    assert restarted == plain
    assert again.occupancy.tally == rules.occupancy.tally
    ids = [fact.id for fact in plain]
    assert len(ids) == len(set(ids)), "two facts under one id"


def test_a_snapshot_is_not_changed_by_what_comes_later() -> None:
    rules = engine()
    before = rules.state()
    body = msgspec.msgpack.encode(before)
    box = TrackedBox(1, 0.4, 0.1, 0.6, 0.4, 0.9, True)
    rules.tracks(TracksUpdated("left", 0, MIDNIGHT_S, MIDNIGHT_S, [box], []))
    assert msgspec.msgpack.encode(before) == body
    assert msgspec.msgpack.encode(rules.state()) != body


@pytest.mark.parametrize("cut", range(0, 40, 3))
def test_restart_at_the_line(cut: int) -> None:
    """Through the door, back and in again; the worker is replaced in the middle of it."""
    ys = [0.3 + 0.02 * i for i in range(20)]
    path = [*ys, *reversed(ys), *ys]
    messages = heard(
        [
            (0.1, ("tracks", "left", [TrackedBox(1, 0.45, y - 0.3, 0.55, y, 0.9, True)], []))
            for y in path
        ]
    )
    facts, rules = run(messages, {cut, cut + 1, 59 - cut})
    assert facts == run(messages, set())[0]
    tally = rules.occupancy.tally
    assert (tally.entries, tally.exits) == (2, 1)
