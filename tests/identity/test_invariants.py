"""What must hold whatever happens: nobody is in two places, a swapped track poisons nothing."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.events import UNKNOWN
from edge_agent.identity.desk import Appearance, IdentityDesk
from edge_agent.identity.joining import SAME_CAMERA_S
from edge_agent.messages import IdentityAssigned, TrackedBox, TracksUpdated
from tests.identity.shop_floor import NOON_S, SIZE, Tokens, feed, shop, store

EVERY_S = 0.2


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 1000), alike=st.sampled_from([0.0, 0.5, 1.0]))
def test_one_identity_is_never_two_tracks_of_one_camera(seed: int, alike: float) -> None:
    found = shop(seed, people=8, minutes=2, alike=alike)
    desk = IdentityDesk(store(), token=Tokens())
    said: dict[tuple[str, int], str] = {}
    for answer in feed(desk, found.messages):
        if isinstance(answer, IdentityAssigned):
            said[answer.camera, answer.track_id] = answer.identity
    both: dict[tuple[str, str, frozenset[int]], float] = defaultdict(float)
    for message in found.messages:
        if isinstance(message, TracksUpdated):
            here = [(said.get((message.camera, b.track_id), UNKNOWN), b) for b in message.boxes]
            for name, box in here:
                for other, rival in here:
                    if name == other != UNKNOWN and box.track_id < rival.track_id:
                        pair = frozenset((box.track_id, rival.track_id))
                        both[message.camera, name, pair] += EVERY_S
    assert all(seconds <= SAME_CAMERA_S + 2 * EVERY_S for seconds in both.values())


def _look(who: int) -> np.ndarray:
    drawn = np.random.default_rng(who).standard_normal(SIZE)
    return (drawn / np.linalg.norm(drawn)).astype(np.float32)


def _frame(at_s: float, tracks: dict[int, float]) -> TracksUpdated:
    boxes = [TrackedBox(t, x - 0.02, 0.3, x + 0.02, 0.5, 0.9, True) for t, x in tracks.items()]
    return TracksUpdated("left", round(at_s * 5), at_s, at_s, boxes, [])


def _names(answers: list[object]) -> dict[int, list[str]]:
    names: dict[int, list[str]] = defaultdict(list)
    for answer in answers:
        if isinstance(answer, IdentityAssigned):
            names[answer.track_id].append(answer.identity)
    return names


def test_a_track_that_takes_over_another_person_is_parted_and_poisons_nothing() -> None:
    messages: list[TracksUpdated | Appearance] = []
    for step in range(200):
        at_s = NOON_S + step * EVERY_S
        messages.append(_frame(at_s, {1: 0.4, 2: 0.5}))
        if step % 5 == 0:
            swapped = step >= 100
            messages.append(Appearance("left", 1, at_s, _look(2 if swapped else 1), 0.9))
            messages.append(Appearance("left", 2, at_s, _look(1 if swapped else 2), 0.9))
    answers = feed(IdentityDesk(store(), token=Tokens()), messages)
    names = _names(answers)
    last = [a for a in answers if isinstance(a, IdentityAssigned) and a.track_id == 1][-1]
    assert last.since is not None
    assert 0 <= last.since - (NOON_S + 20.0) < 2.0  # what was told of the time before stands
    first, second = names[1][0], names[2][0]
    assert first != second
    assert UNKNOWN in names[1]
    assert names[1][-1] != first
    assert names[2][-1] != second
    assert names[1][-1] != names[2][-1]


def test_a_clock_that_goes_back_begins_anew_and_the_desk_goes_on() -> None:
    desk = IdentityDesk(store(), token=Tokens())
    for begin_s in (NOON_S, NOON_S - 3600):
        messages: list[TracksUpdated | Appearance] = []
        for step in range(100):
            at_s = begin_s + step * EVERY_S
            messages.append(_frame(at_s, {1: 0.4}))
            if step % 5 == 0:
                messages.append(Appearance("left", 1, at_s, _look(1), 0.9))
        names = _names(feed(desk, messages))
        assert names[1]
        assert names[1][-1] != UNKNOWN
    assert desk.counts["clock_jumps"] == 1


def test_the_day_ends_at_the_reset_time_and_names_with_it() -> None:
    desk = IdentityDesk(store(), token=Tokens())
    seen: list[str] = []
    for begin_s in (NOON_S, NOON_S + 86_400):
        messages: list[TracksUpdated | Appearance] = []
        for step in range(60):
            at_s = begin_s + step * EVERY_S
            messages.append(_frame(at_s, {1: 0.4}))
            if step % 5 == 0:
                messages.append(Appearance("left", 1, at_s, _look(1), 0.9))
        seen.append(_names(feed(desk, messages))[1][-1])
    assert UNKNOWN not in seen
    assert seen[0] != seen[1]
