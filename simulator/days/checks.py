"""What types alone cannot say about a scenario of days: ranges, names, times of day."""

from __future__ import annotations

import math
import re
import zoneinfo
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

import msgspec

from simulator.days.hours import FIRST_YEAR, LAST_YEAR
from simulator.days.plan_checks import NAME, NAME_EXPECTED, Problem, plan_problems

if TYPE_CHECKING:
    from simulator.days.scenario import Calendar, DayScenario

_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?|24:00")
_SHARES = {
    "visits": ("pair_share", "family_share", "zone_share", "buys_share", "fitting_share",
               "u_turn_share", "loiter_share"),
    "queueing": ("balk_share",),
    "sensing": ("miss_rate", "merge_overlap"),
    "appearance": ("lookalike_share", "lookalike_apart"),
    "measuring": ("missed", "doubled", "zone_missed", "identity_lost", "linked"),
}  # fmt: skip
_RANGES = (
    ("visits", "per_day", 0, 20_000),
    ("visits", "stops", 0, 30),
    ("visits", "passers_per_entry", 0, 50),
    ("queueing", "balk_at", 1, 100),
    ("queueing", "jockey_gain", 1, 100),
    ("queueing", "changeover_s", 0, 600),
    ("pos", "clock_offset_s", -86_400, 86_400),
    ("sensing", "fps", 1, 60),
    ("sensing", "box_jitter", 0, 0.3),
    ("sensing", "false_per_hour", 0, 3600),
    ("appearance", "common", 0, 3),
    ("appearance", "camera_shift", 0, 3),
    ("appearance", "noise", 0, 5),
    ("appearance", "occasion", 0, 5),
    ("appearance", "pose", 0, 3),
    ("measuring", "dwell_sigma", 0, 2),
)
_LOG_NORMALS = (
    ("visits", "browse_s"), ("visits", "zone_s"), ("visits", "fitting_s"), ("visits", "loiter_s"),
    ("queueing", "service_s"), ("queueing", "patience_s"), ("pos", "lag_s"),
)  # fmt: skip


def problems(scenario: DayScenario) -> Iterator[Problem]:
    """(what is wrong, key path), the first thing to mend first."""
    infinite = next(_not_finite(msgspec.to_builtins(scenario), ""), None)
    if infinite is not None:
        yield "expected a finite number", infinite
        return
    if not NAME.fullmatch(scenario.name):
        yield NAME_EXPECTED, "name"
    yield from plan_problems(scenario.plan)
    yield from _calendar_problems(scenario)
    yield from _number_problems(scenario)
    yield from _name_problems(scenario)
    yield from _fault_problems(scenario)


def _not_finite(value: object, key: str) -> Iterator[str]:
    if isinstance(value, float) and not math.isfinite(value):
        yield key
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _not_finite(item, f"{key}.{name}" if key else name)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _not_finite(item, f"{key}[{index}]")


def _calendar_problems(scenario: DayScenario) -> Iterator[Problem]:
    calendar = scenario.calendar
    try:
        zoneinfo.ZoneInfo(scenario.plan.time_zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        yield f"the plan has the unknown time zone {scenario.plan.time_zone[:40]!r}", "plan"
    yield from _date_problems(calendar)
    for key, count in (("by_hour", 24), ("by_weekday", 7)):
        values = getattr(calendar, key)
        if len(values) != count or min(values) < 0 or max(values) > 1000:
            yield f"expected {count} numbers from 0 to 1000", f"calendar.{key}"
    if not any(calendar.by_hour):
        yield "at least one hour needs people", "calendar.by_hour"
    for key in ("opens", "closes"):
        if not _TIME.fullmatch(getattr(calendar, key)):
            yield "expected a local time like 09:30", f"calendar.{key}"
    if calendar.closes <= calendar.opens:
        yield "a store closes later than it opens", "calendar.closes"


def _date_problems(calendar: Calendar) -> Iterator[Problem]:
    dates = [("date", calendar.date)]
    dates += [(f"holidays[{index}]", text) for index, text in enumerate(calendar.holidays)]
    for key, text in dates:
        try:
            year = date.fromisoformat(text).year
        except ValueError:
            yield "expected a date like 2026-03-03", f"calendar.{key}"
            continue
        if not FIRST_YEAR <= year <= LAST_YEAR:
            yield f"expected a year from {FIRST_YEAR} to {LAST_YEAR}", f"calendar.{key}"


def _number_problems(scenario: DayScenario) -> Iterator[Problem]:
    for table, keys in _SHARES.items():
        for key in keys:
            if not 0 <= getattr(getattr(scenario, table), key) <= 1:
                yield "expected a share from 0 to 1", f"{table}.{key}"
    for table, key, least, most in _RANGES:
        if not least <= getattr(getattr(scenario, table), key) <= most:
            yield f"{key} must be between {least:g} and {most:g}", f"{table}.{key}"
    for table, key in _LOG_NORMALS:
        median, sigma = getattr(getattr(scenario, table), key)
        if not (0 < median <= 36_000 and 0 <= sigma <= 3):
            yield "expected [median above 0, sigma from 0 to 3]", f"{table}.{key}"
    yield from _visit_problems(scenario)


def _visit_problems(scenario: DayScenario) -> Iterator[Problem]:
    visits = scenario.visits
    if visits.pair_share + visits.family_share > 1:
        yield "pairs and families together are more than all", "visits.family_share"
    if any(not (0 < after <= 720 and 0 <= share <= 1) for after, share in visits.re_entry):
        yield "expected pairs of [minutes, share]", "visits.re_entry"
    if not (0.5 <= visits.pace_m_s[0] <= 2 and 0 <= visits.pace_m_s[1] <= 0.5):
        yield "expected [mean 0.5 to 2 m/s, deviation to 0.5]", "visits.pace_m_s"


def _name_problems(scenario: DayScenario) -> Iterator[Problem]:
    yield from _door_problems(scenario)
    yield from _till_problems(scenario)
    yield from _shift_problems(scenario)
    cameras = {lens.id for lens in scenario.plan.cameras}
    for index, optics in enumerate(scenario.optics):
        if optics.camera not in cameras:
            yield f"unknown camera {optics.camera[:40]!r}", f"optics[{index}].camera"
        if not -0.4 <= optics.k1 <= 0.4:
            yield "k1 must be between -0.4 and 0.4", f"optics[{index}].k1"
    for index, mannequin in enumerate(scenario.mannequins):
        if not scenario.plan.inside(*mannequin.at):
            yield "a mannequin cannot stand outside of the plan", f"mannequins[{index}].at"


def _door_problems(scenario: DayScenario) -> Iterator[Problem]:
    doors = [door.name for door in scenario.plan.doors]
    customer_doors = [name for name in doors if name != scenario.staff_door]
    if scenario.staff_door and scenario.staff_door not in doors:
        yield f"no door is called {scenario.staff_door[:40]!r}", "staff_door"
    if not customer_doors:
        yield "customers need a door of their own", "staff_door"
    weights = scenario.door_weights
    if weights and (len(weights) != len(customer_doors) or min(weights) < 0 or not sum(weights)):
        yield f"expected {len(customer_doors)} weights, one per customers' door", "door_weights"


def _till_problems(scenario: DayScenario) -> Iterator[Problem]:
    kinds = {zone.name: zone.kind for zone in scenario.plan.zones}
    for index, till in enumerate(scenario.tills):
        for key, kind in (("queue", "queue"), ("service", "service")):
            if kinds.get(getattr(till, key)) != kind:
                yield f"the plan has no {kind} zone of that name", f"tills[{index}].{key}"
        if len(till.line) < 2:
            yield "a line needs at least two places, the first in front", f"tills[{index}].line"
        for key in ("opens", "closes"):
            if not _TIME.fullmatch(getattr(till, key)):
                yield "expected a local time like 09:30", f"tills[{index}].{key}"


def _shift_problems(scenario: DayScenario) -> Iterator[Problem]:
    services = {till.service for till in scenario.tills}
    for index, shift in enumerate(scenario.shifts):
        if shift.post and shift.post not in services:
            yield f"no till has the service zone {shift.post[:40]!r}", f"shifts[{index}].post"
        if not 0 <= shift.count <= 200:
            yield "count must be between 0 and 200", f"shifts[{index}].count"
        for text in (shift.starts, shift.ends, *shift.breaks):
            if not _TIME.fullmatch(text):
                yield "expected local times like 09:30", f"shifts[{index}]"
        if shift.ends <= shift.starts:
            yield "a shift ends later than it starts", f"shifts[{index}].ends"


def _fault_problems(scenario: DayScenario) -> Iterator[Problem]:
    cameras = {lens.id for lens in scenario.plan.cameras}
    for index, fault in enumerate(scenario.faults):
        key = f"faults[{index}]"
        if fault.camera and fault.camera not in cameras:
            yield f"unknown camera {fault.camera[:40]!r}", f"{key}.camera"
        if not _TIME.fullmatch(fault.at):
            yield "expected a local time like 09:30:15", f"{key}.at"
        if fault.kind in ("outage", "frozen", "restart") and not 0 < fault.for_s <= 86_400:
            yield "for_s must be above 0 and at most a day", f"{key}.for_s"
        if fault.kind == "clock" and not (fault.offset_s or fault.drift_ppm):
            yield "a clock's fault needs offset_s or drift_ppm", f"{key}.offset_s"
        if fault.kind == "bumped" and not any(fault.turn_deg):
            yield "a bumped camera needs turn_deg", f"{key}.turn_deg"
        if fault.kind == "restart" and fault.camera:
            yield "the agent restarts as a whole: no camera", f"{key}.camera"
