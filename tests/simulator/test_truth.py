"""The truth's rules on paths drawn by hand."""

from __future__ import annotations

import configparser
from pathlib import Path

import msgspec
import numpy as np
import pytest

from simulator.cameras import camera_of
from simulator.film import Film
from simulator.measures import seen_cells
from simulator.plan import Scenario
from simulator.truth import CELL_M, Truth, truth_of, write
from simulator.world import simulate
from tests.simulator.builders import walk, world_of

X = 4.5


@pytest.mark.parametrize(
    ("stops", "entries", "exits", "why"),
    [
        ([(X, -1), (X, 3)], 1, 0, "walks in"),
        ([(X, 3), (X, -1)], 0, 1, "walks out"),
        ([(X, -1), (X, 1.3), (X, -1)], 0, 0, "turns back between the lines"),
        ([(X, 3), (X, 1.3), (X, 3)], 0, 0, "turns back before leaving"),
        ([(X, -1), (X, 1.3), (X, 0.8), (X, 1.4), (X, 0.9), (X, 3)], 1, 0, "hovers, then enters"),
        ([(X, -1), (X, 3), (X, 1.3), (X, 3)], 1, 0, "enters and steps back to the pair"),
        ([(X, -1), (X, 3), (X, -1), (X, 3)], 2, 1, "re-entry is a new crossing"),
        ([(1.0, -1), (8.0, -1)], 0, 0, "passes by in the street"),
        ([(1.5, 1.3), (7.0, 1.3)], 0, 0, "walks along between the lines"),
        ([(7.0, 3.0), (7.0, 0.8)], 0, 0, "passes beside the pair"),
        (
            [(X, -1), (X, 3), (7.5, 3), (7.5, 1.3), (X, 1.3), (X, 3)],
            1,
            0,
            "enters, then comes round the end of the pair and over its inner line again",
        ),
    ],
)
def test_crossings(
    scenario: Scenario, stops: list[tuple[float, float]], entries: int, exits: int, why: str
) -> None:
    truth = truth_of(world_of(scenario, walk(*stops)))
    assert (truth.entries["north door"], truth.exits["north door"]) == (entries, exits), why
    assert truth.entries["south door"] == truth.exits["south door"] == 0


def test_a_crossing_is_timed_at_the_second_line(scenario: Scenario) -> None:
    truth = truth_of(world_of(scenario, walk((X, 0.0), (X, 3.0))))
    door = scenario.door("north door")
    assert truth.crossings[0].time_s == pytest.approx(door.inner_m / 0.1 / scenario.fps, abs=0.02)


def test_the_south_door_counts_in_its_own_direction(scenario: Scenario) -> None:
    truth = truth_of(world_of(scenario, walk((11.5, 11), (11.5, 7)), walk((11, 7), (11, 11))))
    assert (truth.entries["south door"], truth.exits["south door"]) == (1, 1)


def test_stays_bridge_short_absences_and_know_that_they_are_cut(scenario: Scenario) -> None:
    zone = scenario.zones[0]
    inside = ((zone.rect[0] + zone.rect[2]) / 2, zone.rect[1] + 0.3)
    outside = (zone.rect[0] - 1.0, zone.rect[1] + 0.3)
    path = [outside] * 10 + [inside] * 40 + [outside] * 5 + [inside] * 20 + [outside] * 30
    cut = [outside] * 75 + [inside] * 30
    truth = truth_of(world_of(scenario, list(path), list(cut)))
    stays = [(s.person, s.entered_s, s.left_s, s.censored) for s in truth.stays]
    assert stays == [(0, 1.0, 7.5, False), (1, 7.5, 10.5, True)]
    assert [stay.person for stay in truth.visits(zone.name)] == [0]


def test_the_heatmap_holds_the_person_seconds_in_view(scenario: Scenario) -> None:
    world = simulate(scenario, 4, 20)
    truth = truth_of(world)
    seen = np.array(truth.seen)
    in_view = 0
    for x, y in world.xy_m.reshape(-1, 2):
        if not np.isnan(x) and scenario.inside(x, y):
            in_view += bool(seen[int(y / truth.cell_m), int(x / truth.cell_m)])
    assert truth.heatmap_s.sum() == pytest.approx(in_view / scenario.fps, rel=1e-6)
    assert truth.heatmap_s.shape == (40, 64)
    assert (truth.heatmap_s[~seen] == 0).all()


def test_a_person_in_two_cameras_counts_once_and_in_none_not_at_all(scenario: Scenario) -> None:
    cameras = [camera_of(lens) for lens in scenario.cameras]
    views = [seen_cells(scenario, [camera], CELL_M).astype(int) for camera in cameras]
    per_camera = np.sum(views, axis=0)
    for count, expected in ((2, 1.0), (0, 0.0)):
        row, column = np.argwhere(per_camera == count)[40]
        point = ((column + 0.5) * 0.25, (row + 0.5) * 0.25)
        truth = truth_of(world_of(scenario, [point] * 10))
        assert truth.heatmap_s.sum() == pytest.approx(expected)


def test_most_of_the_shop_is_seen(scenario: Scenario) -> None:
    cameras = [camera_of(lens) for lens in scenario.cameras]
    assert 0.75 < seen_cells(scenario, cameras, CELL_M).mean() < 1.0


def test_truth_is_written_in_open_formats(
    scenario: Scenario, films: dict[str, Film], tmp_path: Path
) -> None:
    truth = truth_of(simulate(scenario, 3, 4))
    write(tmp_path, truth, {name: film.boxes for name, film in films.items()})
    again = msgspec.json.decode((tmp_path / "truth.json").read_bytes(), type=Truth)
    assert again == truth
    for name, film in films.items():
        rows = np.loadtxt(tmp_path / name / "gt" / "gt.txt", delimiter=",", ndmin=2)
        assert rows.shape == (len(film.boxes.rows), 9)
        assert rows[:, 0].min() >= 1
        info = configparser.ConfigParser()
        info.read(tmp_path / name / "seqinfo.ini")
        assert info["Sequence"]["seqLength"] == "40"
        assert rows[:, 0].max() <= 40
