"""People obey walls, doors and each other's arithmetic, whatever the seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.plan import Scenario
from simulator.truth import truth_of
from simulator.world import World, simulate

SEEDS = range(8)


@pytest.fixture(scope="module")
def worlds(scenario: Scenario) -> list[World]:
    return [simulate(scenario, seed, 30) for seed in SEEDS]


def test_equal_seeds_give_equal_worlds_and_others_do_not(scenario: Scenario) -> None:
    one, same, other = (simulate(scenario, seed, 8) for seed in (5, 5, 6))
    assert np.array_equal(one.state, same.state, equal_nan=True)
    assert one.looks == same.looks
    assert one.looks != other.looks


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10**6), seconds=st.sampled_from([6, 20]))
def test_nobody_is_ever_inside_a_fixture_or_a_wall(
    scenario: Scenario, seed: int, seconds: float
) -> None:
    world = simulate(scenario, seed, seconds)
    points = world.xy_m[~np.isnan(world.xy_m[..., 0])]
    for x, y in points:
        assert not any(fixture.contains(x, y, 0.15) for fixture in scenario.fixtures)
        if not scenario.inside(x, y):
            through = any(door.from_m < x < door.to_m for door in scenario.doors)
            assert through or y < -0.3 or y > scenario.depth_m + 0.3


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10**6), seconds=st.sampled_from([6, 20]))
def test_entries_minus_exits_is_the_change_of_people_inside(
    scenario: Scenario, seed: int, seconds: float
) -> None:
    truth = truth_of(simulate(scenario, seed, seconds))
    first = truth.occupancy[0].inside
    assert [sample.inside - first for sample in truth.occupancy] == [
        sample.in_minus_out for sample in truth.occupancy
    ]
    last = truth.occupancy[-1]
    assert sum(truth.entries.values()) - sum(truth.exits.values()) == last.in_minus_out


def test_half_a_minute_has_the_traffic_of_a_small_shop(worlds: list[World]) -> None:
    for world in worlds:
        truth = truth_of(world)
        assert 8 <= sum(truth.entries.values()) <= 15
        assert 7 <= sum(truth.exits.values()) <= 13
        assert truth.occupancy[0].inside == world.scenario.flow.inside_at_start


def test_at_most_two_people_are_at_a_door_and_none_at_begin_and_end(worlds: list[World]) -> None:
    for world in worlds:
        for door in world.scenario.doors:
            x = world.xy_m[..., 0]
            deep = world.xy_m[..., 1]
            if door.wall == "south":
                deep = world.scenario.depth_m - deep
            at_door = (x > door.from_m) & (x < door.to_m) & (deep > -1.0) & (deep < 2.0)
            assert at_door.sum(axis=1).max() <= 2
            assert at_door[0].sum() == 0
            assert at_door[-1].sum() <= 1


def test_people_walk_at_the_pace_of_people(worlds: list[World]) -> None:
    speeds = np.concatenate(
        [
            (np.linalg.norm(np.diff(world.xy_m, axis=0), axis=2) * world.fps).ravel()
            for world in worlds
        ]
    )
    speeds = speeds[~np.isnan(speeds)]
    assert speeds.max() < 1.8
    assert 0.7 < np.median(speeds[speeds > 0.3]) < 1.5


def test_some_queue_some_dwell_and_some_only_pass_by(worlds: list[World]) -> None:
    truths = [truth_of(world) for world in worlds]
    for zone in worlds[0].scenario.zones:
        assert sum(len(truth.visits(zone.name)) for truth in truths) >= len(truths)
    crossed = [{crossing.person for crossing in truth.crossings} for truth in truths]
    outside_only = [
        person
        for world, done in zip(worlds, crossed, strict=True)
        for person in range(len(world.looks))
        if person not in done
        and not any(
            world.scenario.inside(*point)
            for point in world.xy_m[:, person]
            if not np.isnan(point[0])
        )
    ]
    assert outside_only


def test_several_minutes_stay_steady(scenario: Scenario) -> None:
    truth = truth_of(simulate(scenario, 1, 240))
    inside = [sample.inside for sample in truth.occupancy]
    assert min(inside) >= 3
    assert max(inside) <= 22
    assert sum(truth.entries.values()) > 60
