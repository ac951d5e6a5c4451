"""Visits against truth: linked by identity, as wrong as the mistakes put in."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from contracts.events import VisitClosed
from simulator.days.records import DayVisit
from trinetra.evaluation.visit_score import visit_ratios

NUMBERS = {(person, person): 10 + person for person in range(4)}
PAIRED = {10 + person: f"id{person}" for person in range(4)}


def real(person: int, come: float | None, go: float | None, *, staff: bool = False) -> DayVisit:
    return DayVisit(
        visit=person,
        person=person,
        entered_at=come,
        exited_at=go,
        doors=("main", "main"),
        staff=staff,
        group=person,
    )


def closed(
    name: str, come: float | None, go: float | None, *, staff: bool | None = None
) -> VisitClosed:
    def at(t: float | None) -> datetime | None:
        return None if t is None else datetime.fromtimestamp(t, UTC)

    return VisitClosed(
        identity=name,
        entered_at=at(come),
        exited_at=at(go),
        entry_door="main",
        exit_door="main",
        first_seen_at=datetime.fromtimestamp(come or 0.0, UTC),
        last_seen_at=datetime.fromtimestamp(go or 900.0, UTC),
        zones=[],
        cameras=["a"],
        sightings=1,
        staff=staff,
    )


def told(visits: list[DayVisit], measured: list[VisitClosed]) -> list[float | None]:
    found = visit_ratios(visits, measured, NUMBERS, PAIRED)
    names = ("visit_error_pct", "visit_linked_share", "visit_mae_s")
    return [found[name].value for name in names]


VISITS = [real(0, 10.0, 110.0), real(1, 20.0, 320.0), real(2, 30.0, None)]


def test_what_was_measured_rightly_has_no_error() -> None:
    measured = [closed("id0", 10, 110), closed("id1", 20, 320), closed("id2", 30, None)]
    assert told(VISITS, measured) == [0.0, 1.0, 0.0]


def test_lengths_are_compared_with_the_visit_of_the_same_identity() -> None:
    measured = [closed("id0", 10, 104), closed("id1", 20, 330), closed("id2", 30, None)]
    assert told(VISITS, measured)[2] == pytest.approx(8.0)


def test_whose_way_out_was_not_linked_is_no_length_but_counts() -> None:
    measured = [closed("id0", 10, 110), closed("id1", 20, None), closed("other", None, 320)]
    assert told(VISITS, measured) == [pytest.approx(-100 / 3), 0.5, 0.0]


def test_staff_are_no_customers_on_either_side() -> None:
    visits = [VISITS[0], real(3, 5.0, 500.0, staff=True)]
    assert told(visits, [closed("id0", 10, 110), closed("id3", 5, 500, staff=True)]) == [0, 1, 0]


def test_nobody_came() -> None:
    assert told([], []) == [None, None, None]
