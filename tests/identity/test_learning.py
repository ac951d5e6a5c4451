"""What an identity's template learns: slowly, and only what convinces; and how far people walk."""

from __future__ import annotations

from collections import Counter

import numpy as np
import numpy.typing as npt
import pytest

from edge_agent.identity.appearance import Feature, Likeness
from edge_agent.identity.floor import Doors, Place
from edge_agent.identity.gallery import MemoryGallery
from edge_agent.identity.identities import Identities
from edge_agent.identity.joining import Judge
from edge_agent.identity.reconcile import within_reach
from edge_agent.identity.resolver import Resolver
from edge_agent.identity.settings import IdentityRules
from edge_agent.identity.tracklet import Tracklet
from edge_agent.messages import TrackedBox

BOX = TrackedBox(1, 0.4, 0.2, 0.5, 0.6, 0.9, confirmed=True)
Vector = npt.NDArray[np.float32]
RULES = IdentityRules()


def axis(number: int) -> Vector:
    row: Vector = np.eye(8, dtype=np.float32)[number]
    return row


def as_is(_camera: str, vector: Vector) -> Vector:
    return vector


def known() -> Identities:
    return Identities(MemoryGallery(), as_is, iter("abcdef").__next__, RULES.ema)


def feature(vector: Vector, weight: float = 1.0) -> Feature:
    return Feature(at_s=1.0, vector=vector, weight=weight)


def test_one_strange_crop_hardly_moves_a_template_and_many_do() -> None:
    identities = known()
    identity = identities.begin(0.0)
    for _ in range(60):
        identities.learn(identity, "north", axis(0))
    identities.learn(identity, "north", axis(1))
    assert identity.likeness(axis(0)) == pytest.approx(1.0, abs=0.01)
    for _ in range(200):
        identities.learn(identity, "north", axis(1))
    assert identity.likeness(axis(1)) == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize(
    ("seen", "weight", "learned"),
    [(axis(0), 1.0, True), (axis(0), 0.1, False), (axis(1), 1.0, False)],
    ids=["convincing", "poor crop", "someone else"],
)
def test_a_template_follows_only_what_convinces(seen: Vector, weight: float, learned: bool) -> None:
    identities = known()
    resolver = Resolver(
        RULES, identities, as_is, Likeness(), Judge(RULES, 50.0), Doors((), {}, None), Counter()
    )
    identity = identities.begin(0.0)
    identities.learn(identity, "north", axis(0))
    tracklet = Tracklet(("north", 1), 0.0)
    tracklet.identity = identity.token
    resolver.learn(tracklet, feature(seen, weight))
    assert identity.learned["north"] == (2 if learned else 1)


@pytest.mark.parametrize(("walked_m", "reached"), [(2.0, True), (10.0, False)])
def test_nobody_is_at_two_places_that_no_walk_joins(walked_m: float, reached: bool) -> None:
    before, after = Tracklet(("north", 1), 0.0), Tracklet(("north", 2), 1.0)
    before.see(BOX, Place(0.0, 0.0, 0.0, 0.1), 0.0)
    after.see(BOX, Place(1.0, walked_m, 0.0, 0.1), 1.0)
    assert within_reach(before, after, RULES) is reached
