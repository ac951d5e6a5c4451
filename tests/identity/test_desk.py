"""The desk as a whole on a tiny shop: one identity per visit, whatever the order of the news."""

from __future__ import annotations

import random

import numpy as np
import pytest

from contracts.events import UNKNOWN
from edge_agent.identity.desk import Appearance, IdentityDesk
from edge_agent.messages import IdentityAssigned, TracksJoined, TracksUpdated
from tests.identity.shop_floor import NOON_S, SIZE, Tokens, feed, scored, shop, store


@pytest.mark.parametrize("seed", [0, 1])
def test_one_identity_per_person_across_cameras(seed: int) -> None:
    found = shop(seed, people=20, minutes=8)
    desk = IdentityDesk(store(), token=Tokens())
    score = scored(found, feed(desk, found.messages))
    assert score.f1.value is not None
    assert score.f1.value >= 0.85
    assert score.pair_precision.value is not None
    assert score.pair_precision.value >= 0.85


def test_the_order_of_arrival_within_half_a_second_does_not_matter() -> None:
    found = shop(3, people=6, minutes=2)
    answers = feed(IdentityDesk(store(), token=Tokens()), found.messages)
    order = random.Random(7)
    late = {id(m): _at(m) + order.uniform(0, 0.39) for m in found.messages}
    shuffled = sorted(found.messages, key=lambda m: late[id(m)])
    assert shuffled != found.messages
    assert feed(IdentityDesk(store(), token=Tokens()), shuffled) == answers
    assert any(isinstance(answer, TracksJoined) for answer in answers)


def _at(message: TracksUpdated | Appearance) -> float:
    return message.taken_at if isinstance(message, TracksUpdated) else message.at_s


def test_nonsense_is_refused_counted_and_changes_nothing() -> None:
    found = shop(4, people=3, minutes=1)
    answers = feed(IdentityDesk(store(), token=Tokens()), found.messages)
    desk = IdentityDesk(store(), token=Tokens())
    at_s, good = NOON_S, np.ones(SIZE, dtype=np.float32)
    bad = [
        Appearance("left", 1, at_s, np.full(SIZE, np.nan, dtype=np.float32), 0.8),
        Appearance("left", 1, at_s, np.zeros(SIZE, dtype=np.float32), 0.8),
        Appearance("left", 1, at_s, np.full(SIZE, np.inf, dtype=np.float32), 0.8),
        Appearance("left", 1, at_s, good, float("nan")),
        Appearance("left", 1, at_s, good, 1.5),
        Appearance("left", 1, float("inf"), good, 0.5),
        Appearance("yard", 1, at_s, good, 0.5),
    ]
    assert desk.appearances(bad) == []
    assert desk.tick(float("nan")) == []
    assert desk.tracks(TracksUpdated("yard", 0, at_s, at_s, [], [])) == []
    assert desk.tracks(TracksUpdated("left", 0, float("nan"), at_s, [], [])) == []
    assert desk.counts["refused"] == 10
    assert feed(desk, found.messages) == answers
    short = Appearance("left", 1, at_s + 1000, np.ones(SIZE // 2, dtype=np.float32), 0.8)
    desk.appearances([short])
    assert desk.counts["refused"] == 11


def test_without_crops_nobody_is_known() -> None:
    found = shop(5, people=4, minutes=2)
    only = [m for m in found.messages if isinstance(m, TracksUpdated)]
    answers = feed(IdentityDesk(store(), token=Tokens()), [*only])
    assert answers
    assert {a.identity for a in answers if isinstance(a, IdentityAssigned)} == {UNKNOWN}


def test_tokens_are_random_unless_told_otherwise() -> None:
    found = shop(6, people=2, minutes=1)
    names = [
        {
            a.identity
            for a in feed(IdentityDesk(store()), found.messages)
            if isinstance(a, IdentityAssigned) and a.identity != UNKNOWN
        }
        for _ in range(2)
    ]
    assert names[0]
    assert not names[0] & names[1]
    assert all(len(name) == 16 for name in names[0])
