"""Each fault alone, seen in L1: what comes, when it says that it was taken, what it shows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from itertools import pairwise

import msgspec
import numpy as np
import pytest

from simulator.days import CameraFrame, Day, frames, load_scenario, simulate_day
from simulator.days.scenario import Fault

NOON = datetime(2026, 3, 3, 12)  # noqa: DTZ001 - local time of the store
FPS, SECONDS = 15, 40
Shown = dict[str, dict[float, CameraFrame]]
"""Frames by camera and second of the window."""


def shown(*faults: Fault) -> tuple[Day, Shown]:
    scenario = msgspec.structs.replace(load_scenario("faults"), faults=faults)
    day = simulate_day(scenario, 1, start=NOON, seconds=SECONDS)
    found: Shown = {lens.id: {} for lens in scenario.plan.cameras}
    for frame in frames(day, embed=False):
        found[frame.camera][frame.index / FPS] = frame
    return day, found


@pytest.fixture(scope="module")
def sound() -> Shown:
    return shown()[1]


def unlike(one: Shown, two: Shown, camera: str) -> list[float]:
    """When a camera shows something else, or does not come."""
    times = [number / FPS for number in range(SECONDS * FPS)]

    def same(at: float) -> bool:
        a, b = one[camera].get(at), two[camera].get(at)
        return a is not None and b is not None and np.array_equal(a.xyxy, b.xyxy)

    return [at for at in times if not same(at)]


def test_without_faults_every_frame_comes(sound: Shown) -> None:
    assert {camera: len(mine) for camera, mine in sound.items()} == {
        "entrance": SECONDS * FPS, "tills": SECONDS * FPS, "floor": SECONDS * FPS,
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["outage", "frozen"])
def test_a_fault_of_one_camera_begins_and_ends_as_told(kind: str, sound: Shown) -> None:
    _, found = shown(msgspec.convert(
        {"kind": kind, "camera": "tills", "at": "12:00:10", "for_s": 8}, Fault
    ))  # fmt: skip
    times = unlike(sound, found, "tills")
    assert 10 <= min(times) < 10.2
    assert 17.5 < max(times) < 18
    assert not unlike(sound, found, "floor")
    assert not unlike(sound, found, "entrance")


def test_an_outage_brings_nothing_and_a_frozen_camera_brings_the_same() -> None:
    _, dark = shown(Fault(kind="outage", camera="tills", at="12:00:10", for_s=8))
    assert len(dark["tills"]) == (SECONDS - 8) * FPS
    _, still = shown(Fault(kind="frozen", camera="tills", at="12:00:10", for_s=8))
    assert len(still["tills"]) == SECONDS * FPS
    stuck = [frame for at, frame in still["tills"].items() if 10 <= at < 18]
    assert len(stuck[0].score) > 0
    assert all(np.array_equal(frame.xyxy, stuck[0].xyxy) for frame in stuck)
    steps = [b.taken_at - a.taken_at for a, b in pairwise(stuck)]
    assert steps == pytest.approx([1 / FPS] * (8 * FPS - 1), abs=1e-5)


def test_a_fault_without_a_camera_is_one_of_all() -> None:
    _, found = shown(Fault(kind="outage", at="12:00:10", for_s=8))
    assert {len(mine) for mine in found.values()} == {(SECONDS - 8) * FPS}


def test_a_restart_stops_all_cameras_and_is_told_to_the_agent() -> None:
    day, found = shown(Fault(kind="restart", at="12:00:20", for_s=5))
    assert {len(mine) for mine in found.values()} == {(SECONDS - 5) * FPS}
    assert day.restarts == [(day.begins_at + 20, day.begins_at + 25)]


def test_a_bumped_camera_shows_everything_elsewhere_from_then_on(sound: Shown) -> None:
    _, found = shown(Fault(kind="bumped", camera="floor", at="12:00:20", turn_deg=(4.0, 0.0)))
    times = unlike(sound, found, "floor")
    assert 20 <= min(times) < 20.5
    assert max(times) > SECONDS - 0.5
    assert not unlike(sound, found, "entrance")

    def middles(at_least: float, of: Shown) -> dict[int, float]:
        return {
            int(person): float(box[[0, 2]].mean())
            for at, frame in of["floor"].items()
            if at_least <= at < at_least + 0.2
            for person, box in zip(frame.person, frame.xyxy, strict=True)
            if person >= 0 and box[0] > 60 and box[2] < 580
        }

    before, after = middles(21, sound), middles(21, found)
    shifts = [after[person] - before[person] for person in before.keys() & after.keys()]
    assert shifts
    assert -45 < np.median(shifts) < -10  # turned to the right: people move to the left


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(kind="clock", camera="floor", at="06:00", offset_s=0.5), lambda at: 0.5),
        (
            Fault(kind="clock", camera="floor", at="12:00", drift_ppm=10_000.0),
            lambda at: 0.01 * at,
        ),
        (
            Fault(kind="clock", camera="floor", at="12:00:20", offset_s=-3),
            lambda at: -3.0 if at >= 20 else 0.0,
        ),
    ],
)
def test_a_wrong_clock_changes_the_stamps_and_nothing_else(
    fault: Fault, error: Callable[[float], float], sound: Shown
) -> None:
    day, found = shown(fault)
    for at, frame in found["floor"].items():
        assert frame.taken_at - day.begins_at - at == pytest.approx(error(at), abs=1e-5)
        assert frame.arrived_at == sound["floor"][at].arrived_at
    assert not unlike(sound, found, "floor")
    for at, frame in found["tills"].items():
        assert frame.taken_at - day.begins_at == pytest.approx(at, abs=1e-5)
