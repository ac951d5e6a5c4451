from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.identity.normalize import LEAST, CameraMeans
from tests.tracking.scenes import calm

SIZE = 16


def people(count: int, seed: int = 0) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(count, SIZE))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def on_camera(rows: np.ndarray, shift: np.ndarray) -> np.ndarray:
    moved = rows + shift
    return (moved / np.linalg.norm(moved, axis=1, keepdims=True)).astype(np.float32)


def rank1(queries: np.ndarray, gallery: np.ndarray) -> float:
    return float(((queries @ gallery.T).argmax(1) == np.arange(len(queries))).mean())


def test_people_are_found_again_across_cameras_that_shift_their_embeddings() -> None:
    rows = people(200)
    rng = np.random.default_rng(1)
    noise = 0.35 * people(200, seed=2)
    left = on_camera(rows, rng.normal(0, 0.5, SIZE))
    right = on_camera(rows + noise, rng.normal(0, 0.5, SIZE))
    means = CameraMeans(SIZE)
    for camera, seen in (("left", left), ("right", right)):
        for row in seen:
            means.add(camera, row)
    before = rank1(left, right)
    after = rank1(means.normalize("left", left), means.normalize("right", right))
    assert after > before + 0.1


def test_nothing_is_subtracted_before_enough_people_were_seen() -> None:
    means, rows = CameraMeans(SIZE), people(LEAST)
    for row in rows[:-1]:
        means.add("left", row)
    assert not means.ready
    np.testing.assert_array_equal(means.normalize("left", rows[0]), rows[0])
    means.add("left", rows[-1])
    assert means.ready
    assert not np.allclose(means.normalize("left", rows[0]), rows[0])


def test_a_camera_that_saw_few_people_is_shifted_like_the_others() -> None:
    means = CameraMeans(SIZE, least=10, prior=50)
    for row in on_camera(people(500), np.full(SIZE, 0.3)):
        means.add("busy", row)
    means.add("quiet", people(1, seed=9)[0])
    assert means.shift("quiet") @ means.shift("busy") > 0.9 * np.linalg.norm(
        means.shift("quiet")
    ) * np.linalg.norm(means.shift("busy"))
    np.testing.assert_allclose(means.shift("never seen"), means.shift("busy"), atol=0.02)


@calm
@given(st.lists(st.sampled_from(["left", "right"]), max_size=120), st.integers(0, 5))
def test_normalized_rows_are_unit_and_a_restored_state_goes_on_the_same(
    cameras: list[str], seed: int
) -> None:
    means, rows = CameraMeans(SIZE, least=5), people(len(cameras) + 1, seed)
    for camera, row in zip(cameras, rows, strict=False):
        means.add(camera, row)
    again = CameraMeans(SIZE, least=5)
    again.restore(json.loads(json.dumps(means.state())))
    for camera in ("left", "right"):
        found = means.normalize(camera, rows)
        np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-4)
        np.testing.assert_array_equal(found, again.normalize(camera, rows))


def test_a_mean_of_all_but_one_person_does_not_swallow_that_person() -> None:
    means = CameraMeans(SIZE, least=1, prior=0)
    means.add("left", people(1)[0])
    np.testing.assert_array_equal(means.normalize("left", people(1)[0]), people(1)[0])


@pytest.mark.parametrize("bad", [np.zeros(3), np.full(SIZE, np.nan), np.zeros((1, SIZE))])
def test_what_is_no_embedding_is_refused_and_changes_nothing(bad: np.ndarray) -> None:
    means = CameraMeans(SIZE)
    with pytest.raises(ValueError, match="finite numbers"):
        means.add("left", bad)
    assert means.state() == {}


def test_a_state_of_another_embedder_is_refused_whole() -> None:
    means = CameraMeans(SIZE)
    means.add("left", people(1)[0])
    kept = means.state()
    with pytest.raises(ValueError, match="not of this embedder"):
        means.restore({"right": kept["left"], "left": {"count": 3, "mean": [0.0]}})
    assert means.state() == kept


def test_a_moved_camera_starts_anew() -> None:
    means = CameraMeans(SIZE, least=1)
    for row in people(20):
        means.add("left", row)
    means.forget("left")
    assert not means.ready
