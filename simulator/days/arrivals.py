"""When parties come, and who they are: an inhomogeneous Poisson stream over the local day."""

from __future__ import annotations

import math
import random
from bisect import bisect
from datetime import date
from itertools import accumulate
from typing import NamedTuple
from zoneinfo import ZoneInfo

from simulator.days.hours import QUARTER_S, at_local, quarters
from simulator.days.scenario import DayScenario, LogNormal
from simulator.days.trips import Person

LAST_CALL_S = 300.0
LOOKS = 1 << 30


class Arrival(NamedTuple):
    """A party of people (indexes) that appears in the street at `at_s`."""

    at_s: float
    people: tuple[int, ...]


class Crowd:
    """All people of a day in the order in which they were first thought of."""

    def __init__(self, rng: random.Random) -> None:
        self.people: list[Person] = []
        self._rng = rng
        self._parties = 0

    def party(self, adults: int, children: int = 0, *, staff: bool = False) -> tuple[int, ...]:
        """New people who belong together."""
        first, size = len(self.people), adults + children
        party = self._parties if size > 1 else -1
        self._parties += size > 1
        for number in range(size):
            look = self._rng.randrange(LOOKS)
            self.people.append(Person(look, staff, number >= adults, party))
        return tuple(range(first, first + size))


def arrivals_of(
    scenario: DayScenario, day: date, zone: ZoneInfo, rng: random.Random, crowd: Crowd
) -> list[Arrival]:
    """Customers' parties of one day in order of time; none on a closed day."""
    visits = scenario.visits
    mean_size = 1 + visits.pair_share + visits.family_share * 2.0
    times = stream(scenario, day, zone, visits.per_day / mean_size, rng)
    found = []
    for at_s in times:
        kind = rng.random()
        if kind < visits.family_share:
            adults = rng.choice((1, 2, 2))
            people = crowd.party(adults, rng.choice((1, 1, 2)))
        elif kind < visits.family_share + visits.pair_share:
            people = crowd.party(2)
        else:
            people = crowd.party(1)
        found.append(Arrival(at_s, people))
    return found


def stream(
    scenario: DayScenario, day: date, zone: ZoneInfo, per_day: float, rng: random.Random
) -> list[float]:
    """Times (UNIX s, sorted) of a Poisson stream with `per_day` expected on an average day.

    The rate is constant within a quarter of an hour; what the hours' weights put outside of
    opening hours is lost, so that `per_day` is meant within them.
    """
    calendar = scenario.calendar
    if day.isoformat() in calendar.holidays or not calendar.by_weekday[day.weekday()]:
        return []
    opens, closes = (at_local(day, text, zone) for text in (calendar.opens, calendar.closes))
    closes -= min(LAST_CALL_S, (closes - opens) / 10)
    slots = []
    for begin, hour in quarters(day, zone):
        start, end = max(begin, opens), min(begin + QUARTER_S, closes)
        if end > start and calendar.by_hour[hour]:
            slots.append((start, end, calendar.by_hour[hour] * (end - start)))
    if not slots:
        return []
    weights = list(accumulate(weight for *_, weight in slots))
    expected = per_day * calendar.by_weekday[day.weekday()]
    times = []
    for _ in range(poisson(rng, expected)):
        start, end, _ = slots[bisect(weights, rng.random() * weights[-1], hi=len(slots) - 1)]
        times.append(rng.uniform(start, end))
    return sorted(times)


def poisson(rng: random.Random, mean: float) -> int:
    """A Poisson number; the normal approximation above 200."""
    if mean > 200:
        return max(0, round(rng.gauss(mean, math.sqrt(mean))))
    limit, product, count = math.exp(-mean), rng.random(), 0
    while product > limit:
        product *= rng.random()
        count += 1
    return count


def log_normal(rng: random.Random, of: LogNormal) -> float:
    """A log-normal number from (median, sigma)."""
    return of[0] * math.exp(rng.gauss(0.0, of[1]))
