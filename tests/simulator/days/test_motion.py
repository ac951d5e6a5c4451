"""People walk like people: not through shelves, not through one another, not too fast."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.days import Day, load_scenario, simulate_day
from simulator.days.motion import Moment
from tests.simulator.days.conftest import EVENING


def moments(day: Day, fps: float = 5.0) -> list[Moment]:
    return [day.motion.at(t) for t in day.chunks(fps)]


@settings(max_examples=4)
@given(name=st.sampled_from(["groups", "busy", "queue"]), seed=st.integers(0, 10**6))
def test_nobody_walks_through_fixtures_or_walls(name: str, seed: int) -> None:
    day = simulate_day(load_scenario(name), seed, start=EVENING, seconds=240)
    plan = day.scenario.plan
    for moment in moments(day):
        x, y = moment.x[moment.present], moment.y[moment.present]
        for item in plan.fixtures:
            x0, y0, x1, y1 = item.rect
            inside = (x > x0 - 0.1) & (x < x1 + 0.1) & (y > y0 - 0.1) & (y < y1 + 0.1)
            assert not inside.any(), item.name
        indoors = (y > 0) & (y < plan.depth_m)
        assert ((x[indoors] > 0.1) & (x[indoors] < plan.width_m - 0.1)).all()
        for wall, at in (("north", 0.0), ("south", plan.depth_m)):
            crossing = x[np.abs(y - at) < 0.15]
            openings = [(d.from_m, d.to_m) for d in plan.doors if d.wall == wall]
            for place in crossing.tolist():
                assert any(low < place < high for low, high in openings)


def test_people_walk_at_the_pace_of_people(day: Day) -> None:
    speeds = []
    for moment in moments(day, 10.0):
        step = np.hypot(np.diff(moment.x, axis=0), np.diff(moment.y, axis=0)) * 10
        walking = (moment.moving[1:] > 0.95) & (moment.moving[:-1] > 0.95) & ~np.isnan(step)
        speeds.append(step[walking])
    found = np.concatenate(speeds)
    assert 0.8 < np.median(found) < 1.3
    assert np.percentile(found, 95) < 1.6
    assert np.percentile(found, 99.9) < 2.6
    assert found.max() < 4.0


def test_people_seldom_stand_in_one_another(day: Day) -> None:
    close = pairs = 0
    for moment in moments(day, 2.0):
        apart = np.hypot(
            moment.x[:, :, None] - moment.x[:, None], moment.y[:, :, None] - moment.y[:, None]
        )
        upper = np.triu_indices(apart.shape[1], 1)
        known = apart[:, upper[0], upper[1]]
        known = known[~np.isnan(known)]
        pairs += len(known)
        close += int((known < 0.25).sum())
    assert pairs > 10_000
    assert close / pairs < 0.003


def test_where_people_are_does_not_depend_on_what_else_was_asked(day: Day) -> None:
    t = day.begins_at + np.arange(0, 60, 0.2)
    whole = day.motion.at(t)
    for first in (0, 113, 250):
        part = day.motion.at(t[first : first + 40])
        columns = np.searchsorted(whole.path, part.path)
        for name in ("x", "y", "facing"):
            expected = getattr(whole, name)[first : first + 40, columns]
            np.testing.assert_allclose(getattr(part, name), expected, atol=1e-9)


def test_a_window_of_a_day_is_that_part_of_the_day(day: Day) -> None:
    later = simulate_day(day.scenario, day.seed, start=EVENING.replace(minute=5), seconds=30)
    t = later.begins_at + np.arange(0, 20, 0.5)
    one, other = day.motion.at(t), later.motion.at(t)
    seen = {int(day.motion.paths.person[p]): i for i, p in enumerate(one.path)}
    for index, path in enumerate(other.path.tolist()):
        column = seen[int(later.motion.paths.person[path])]
        np.testing.assert_allclose(other.x[:, index], one.x[:, column], atol=1e-6)


def test_people_of_a_party_keep_together() -> None:
    day = simulate_day(load_scenario("groups"), 5, start=EVENING, seconds=600)
    people = day.life.people
    apart = []
    for moment in moments(day, 1.0):
        party = np.array([people[p].party for p in day.motion.paths.person[moment.path]])
        for number in np.unique(party[party >= 0]):
            mine = np.flatnonzero(party == number)
            if len(mine) > 1:
                x, y = moment.x[:, mine], moment.y[:, mine]
                apart.append(np.hypot(x[:, 0] - x[:, 1], y[:, 0] - y[:, 1]))
    found = np.concatenate(apart)
    found = found[~np.isnan(found)]
    assert 0.4 < np.median(found) < 0.9
    assert np.percentile(found, 95) < 1.6


@pytest.mark.parametrize("seed", [1, 2])
def test_a_crowded_hour_has_the_density_of_a_shop(seed: int) -> None:
    day = simulate_day(load_scenario("busy"), seed, start=EVENING, seconds=300)
    plan = day.scenario.plan
    inside = [int(((m.y > 0) & (m.y < plan.depth_m)).sum(axis=1).max()) for m in moments(day, 1.0)]
    assert 5 <= max(inside) <= 45
