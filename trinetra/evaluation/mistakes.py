"""What was wrong in a simulated day, as tables for an engineer to look at.

A mistake's cause is a guess from what the tracks lay on around it.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from contracts.events import UNKNOWN
from trinetra.evaluation.actual import marks_of, who_is_who
from trinetra.evaluation.camera_stage import Sight
from trinetra.evaluation.happened import Passage, Stay
from trinetra.evaluation.identity_score import score_identities
from trinetra.evaluation.matching import match_passages, match_stays
from trinetra.evaluation.store import StoreResult, covered

AROUND_S = 3.0
OFF_S = 5.0
"""A stay is listed when its length is off by more than this."""
Row = tuple[object, ...]


def save_mistakes(result: StoreResult, folder: Path) -> dict[str, int]:
    """Write `crossings.csv`, `stays.csv` and `identities.csv`; how many rows each has."""
    folder.mkdir(parents=True, exist_ok=True)
    tables: dict[str, tuple[Row, list[Row]]] = {
        "crossings": (
            ("time", "at_s", "kind", "door", "direction", "camera", "who", "cause"),
            crossing_rows(result),
        ),
        "stays": (
            ("time", "at_s", "kind", "zone", "who", "true_s", "measured_s"),
            stay_rows(result),
        ),
        "identities": (
            ("visit", "person", "identity", "visible_s", "right_s", "named_s", "identities"),
            identity_rows(result),
        ),
    }
    for name, (head, rows) in tables.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(head)
            writer.writerows(rows)
    return {name: len(rows) for name, (_, rows) in tables.items()}


def crossing_rows(result: StoreResult) -> list[Row]:
    """Missed and false crossings in order of time, with a guess at the cause."""
    truth, told = result.actual.passages, result.measured.happened.passages
    pairs = match_passages(truth, told)
    cameras = {door.name: door.camera for door in result.config.doors}
    journal = Journal(result.run.sights)
    rows: list[tuple[float, Row]] = []
    for kind, passages in (
        ("missed", [truth[i] for i in pairs.missed]),
        ("false", [told[j] for j in pairs.false]),
    ):
        for each in passages:
            camera = cameras.get(each.door, "")
            if not covered([each], result.measured, result.config):
                cause = "not measured (outage)"
            elif kind == "missed":
                cause = journal.why_missed(camera, each)
            else:
                cause = journal.why_false(camera, each)
            at = each.door, each.direction, camera, each.who, cause
            rows.append((each.at_s, (*_time(result, each.at_s), kind, *at)))
    return [row for _, row in sorted(rows, key=lambda item: item[0])]


def stay_rows(result: StoreResult) -> list[Row]:
    """Zone visits and waits that were missed, invented or off by more than `OFF_S`."""
    rows: list[tuple[float, Row]] = []
    sides = (
        (result.actual.stays, result.measured.happened.stays),
        (result.actual.queues, result.measured.happened.queues),
    )
    for truth, told in sides:
        pairs = match_stays(truth, told)
        both = [(truth[i], told[j]) for i, j in pairs.both]
        wrong = [(a, b) for a, b in both if abs(a.seconds - b.seconds) > OFF_S]
        rows += [_stay(result, "cut" if a.cut else "length", a, b) for a, b in wrong]
        rows += [_stay(result, "missed", truth[i], None) for i in pairs.missed if not truth[i].cut]
        rows += [_stay(result, "false", None, told[j]) for j in pairs.false]
    return [row for _, row in sorted(rows, key=lambda item: item[0])]


def identity_rows(result: StoreResult) -> list[Row]:
    """Every person's visit: its identity, and the time that was given to it rightly."""
    who = who_is_who(result.truth)
    marks = marks_of(result.run.sights, result.run.identities, who, UNKNOWN)
    score = score_identities(who.visible_s, marks)
    persons = {span[2]: person for person, spans in who.visits.items() for span in spans}
    named: Mapping[int, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for mark in marks:
        named[mark.visit][mark.identity] += mark.seconds
    rows: list[Row] = []
    for visit, visible_s in sorted(who.visible_s.items()):
        identity = score.of_visit.get(visit, "")
        right_s = named[visit].get(identity, 0.0) if identity else 0.0
        every = " ".join(f"{name or 'unknown'}:{s:.0f}" for name, s in sorted(named[visit].items()))
        total_s = sum(named[visit].values())
        figures = (round(visible_s, 1), round(right_s, 1), round(total_s, 1))
        rows.append((visit, persons.get(visit, -1), identity, *figures, every))
    return rows


class Journal:
    """Sights by camera and second, to look around a mistake."""

    def __init__(self, sights: Iterable[Sight]) -> None:
        self._seconds: dict[tuple[str, int], list[Sight]] = defaultdict(list)
        for sight in sights:
            self._seconds[sight.camera, int(sight.at_s)].append(sight)

    def around(self, camera: str, at_s: float) -> list[Sight]:
        """Sights at most `AROUND_S` away."""
        first, last = int(at_s - AROUND_S), int(at_s + AROUND_S)
        near = (s for second in range(first, last + 1) for s in self._seconds[camera, second])
        return [sight for sight in near if abs(sight.at_s - at_s) <= AROUND_S]

    def why_missed(self, camera: str, passage: Passage) -> str:
        """What was the matter with the person who passed."""
        near = self.around(camera, passage.at_s)
        mine = [sight for sight in near if sight.person == passage.who]
        tracks = {sight.track_id for sight in mine if sight.track_id >= 0}
        if not mine:
            return "person not detected (hidden or merged)"
        if not tracks:
            return "detected, not tracked"
        others = {s.person for s in near if s.track_id in tracks and s.person != passage.who}
        if others - {-1}:
            return "id switch: the track lay on another person, too"
        if len(tracks) > 1:
            return f"track broken into {len(tracks)}"
        bare = sum(sight.track_id < 0 for sight in mine)
        if bare > len(mine) / 4:
            return "track began late or ended early"
        return "tracked all the time: rules, or where the feet were"

    def why_false(self, camera: str, passage: Passage) -> str:
        """What the track that was counted lay on."""
        near = self.around(camera, passage.at_s)
        people = {sight.person for sight in near if sight.track_id == passage.who}
        if not people:
            return "track not seen around it"
        if people == {-1}:
            return "false alarm"
        if len(people - {-1}) > 1:
            return "id switch: the track lay on several people"
        return "one person: rules, where the feet were, or told too early or late"


def _stay(
    result: StoreResult, kind: str, truth: Stay | None, told: Stay | None
) -> tuple[float, Row]:
    stay = truth or told
    assert stay is not None
    seconds = tuple("" if each is None else round(each.seconds, 1) for each in (truth, told))
    return stay.begin_s, (*_time(result, stay.begin_s), kind, stay.zone, stay.who, *seconds)


def _time(result: StoreResult, at_s: float) -> Sequence[object]:
    local = datetime.fromtimestamp(at_s, result.day.zone)
    return f"{local:%H:%M:%S}", round(at_s - result.day.begins_at, 1)
