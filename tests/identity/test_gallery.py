"""Every backend of the gallery keeps the same contract; the one in memory equals brute force."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from edge_agent.identity.appearance import Vector
from edge_agent.identity.gallery import Gallery, MemoryGallery

qdrant_client = pytest.importorskip("qdrant_client", reason="needs the extra `gallery`")
from edge_agent.identity.gallery_qdrant import AWAY_S, QdrantGallery  # noqa: E402

D = 16


def _in_qdrant() -> Gallery:
    return QdrantGallery(qdrant_client.QdrantClient(":memory:"), "shop")


@pytest.fixture(params=[MemoryGallery, _in_qdrant], ids=["memory", "qdrant"])
def gallery(request: pytest.FixtureRequest) -> Gallery:
    make: Callable[[], Gallery] = request.param
    found = make()
    found.begin_day("2026-03-03")
    return found


def vector(seed: int, length: int = D) -> Vector:
    drawn = np.random.default_rng(seed).standard_normal(length)
    return (drawn / np.linalg.norm(drawn)).astype(np.float32)


def test_an_empty_gallery_finds_nothing(gallery: Gallery) -> None:
    assert gallery.search(vector(0), 5) == []
    gallery.drop("nobody")
    assert len(gallery) == 0


def test_the_nearest_come_first_with_their_cosine(gallery: Gallery) -> None:
    for number in range(40):
        gallery.put(f"p{number}", "left", vector(number))
    hits = gallery.search(vector(7), 5)
    expected = sorted((-float(vector(n) @ vector(7)), f"p{n}") for n in range(40))[:5]
    assert [hit.identity for hit in hits] == [name for _, name in expected]
    assert [hit.cosine for hit in hits] == pytest.approx([-c for c, _ in expected], abs=1e-5)
    assert hits[0].camera == "left"


def test_one_template_per_identity_and_camera(gallery: Gallery) -> None:
    gallery.put("a", "left", vector(1))
    gallery.put("a", "left", vector(2))
    gallery.put("a", "right", vector(3))
    assert len(gallery) == 2
    assert gallery.search(vector(2), 1)[0].cosine == pytest.approx(1, abs=1e-5)
    assert gallery.search(vector(1), 1)[0].cosine < 0.99


def test_what_is_dropped_is_not_found_and_others_stay(gallery: Gallery) -> None:
    for number in range(6):
        gallery.put(f"p{number}", "left", vector(number))
        gallery.put(f"p{number}", "right", vector(100 + number))
    gallery.drop("p2")
    assert len(gallery) == 10
    assert "p2" not in {hit.identity for hit in gallery.search(vector(2), 12)}
    for number in (0, 1, 3, 4, 5):
        hit = gallery.search(vector(100 + number), 1)[0]
        assert (hit.identity, hit.camera) == (f"p{number}", "right")


def test_a_new_day_begins_empty_and_may_have_other_vectors(gallery: Gallery) -> None:
    gallery.put("a", "left", vector(1))
    with pytest.raises(ValueError, match="16 numbers"):
        gallery.put("b", "left", vector(1, 8))
    gallery.begin_day("2026-03-04")
    assert len(gallery) == 0
    assert gallery.search(vector(1), 3) == []
    gallery.put("b", "left", vector(1, 8))
    assert gallery.search(vector(1, 8), 3)[0].identity == "b"


def test_yesterdays_collections_are_gone_from_the_server_and_others_are_not() -> None:
    client = qdrant_client.QdrantClient(":memory:")
    other = QdrantGallery(client, "other")
    other.begin_day("2026-03-03")
    other.put("x", "left", vector(9))
    first = QdrantGallery(client, "shop")
    first.begin_day("2026-03-03")
    first.put("a", "left", vector(1))
    again = QdrantGallery(client, "shop")
    again.begin_day("2026-03-04")
    again.put("b", "left", vector(2))
    names = {collection.name for collection in client.get_collections().collections}
    assert names == {"trinetra-other-2026-03-03", "trinetra-shop-2026-03-04"}


class _Away:
    """A server that does not answer; `asked` counts."""

    asked = 0

    def __getattr__(self, _: str) -> Callable[..., None]:
        def call(*_: object, **__: object) -> None:
            self.asked += 1
            raise httpx.ConnectError("refused")

        return call


def test_a_server_that_is_away_costs_one_call_every_few_seconds_and_no_error() -> None:
    client, now = _Away(), [100.0]
    gallery = QdrantGallery(client, "shop", clock=lambda: now[0])  # type: ignore[arg-type]
    gallery.begin_day("2026-03-03")
    for number in range(10):
        gallery.put(f"p{number}", "left", vector(number))
    assert (client.asked, gallery.failures, len(gallery)) == (1, 11, 0)
    now[0] += AWAY_S
    gallery.put("p", "left", vector(1))
    assert client.asked == 2


class GalleryModel(RuleBasedStateMachine):
    """The matrix against a plain dictionary."""

    def __init__(self) -> None:
        super().__init__()
        self.gallery, self.known = MemoryGallery(), dict[tuple[str, str], int]()

    @rule(who=st.integers(0, 6), camera=st.sampled_from("lmr"), seed=st.integers(0, 50))
    def put(self, who: int, camera: str, seed: int) -> None:
        self.gallery.put(f"p{who}", camera, vector(seed))
        self.known[f"p{who}", camera] = seed

    @rule(who=st.integers(0, 6))
    def drop(self, who: int) -> None:
        self.gallery.drop(f"p{who}")
        self.known = {key: seed for key, seed in self.known.items() if key[0] != f"p{who}"}

    @rule()
    def new_day(self) -> None:
        self.gallery.begin_day("2026-03-04")
        self.known.clear()

    @invariant()
    def finds_what_a_dictionary_finds(self) -> None:
        assert len(self.gallery) == len(self.known)
        query = vector(99)
        hits = self.gallery.search(query, 3)
        best = sorted((-float(vector(seed) @ query), key) for key, seed in self.known.items())[:3]
        assert [hit.cosine for hit in hits] == pytest.approx([-c for c, _ in best], abs=1e-5)


TestGalleryModel = GalleryModel.TestCase
TestGalleryModel.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
