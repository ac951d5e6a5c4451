"""The registry of every number that a manager sees: the source of all definitions."""

from __future__ import annotations

import msgspec


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """One number of the trade; `null_rule` says when it is missing rather than zero."""

    name: str
    title: str
    unit: str
    formula: str
    grain: str
    null_rule: str
    version: int = 1


METRICS: tuple[Metric, ...] = (
    Metric(
        name="footfall",
        title="Footfall",
        unit="people",
        formula="Inbound crossings of entrance doors: a confirmed person's feet pass the outer "
        "and then the inner line of a door.",
        grain="15 minutes, per door",
        null_rule="missing where the door was not watched; zero only when watched",
    ),
    Metric(
        name="exits",
        title="Exits",
        unit="people",
        formula="Outbound crossings: inner line, then outer line.",
        grain="15 minutes, per door",
        null_rule="as footfall",
    ),
    Metric(
        name="occupancy",
        title="Occupancy",
        unit="people",
        formula="Entries minus exits since the store's daily reset, never below zero.",
        grain="15 minutes",
        null_rule="missing where nothing was sampled",
    ),
    Metric(
        name="zone_visits",
        title="Zone visits",
        unit="visits",
        formula="Stays of at least the zone's threshold (5 s unless set) inside the zone.",
        grain="hour, per zone",
        null_rule="missing where the zone's camera was not observed",
    ),
    Metric(
        name="dwell",
        title="Dwell",
        unit="s",
        formula="Length of zone visits: mean, median and 90th percentile. Visits whose end was "
        "not seen are left out and counted apart.",
        grain="hour, per zone",
        null_rule="missing where there was no uncensored visit",
    ),
    Metric(
        name="heatmap_presence",
        title="Presence",
        unit="s",
        formula="Seconds that people's feet were in a cell of the plan; a cell that two cameras "
        "see counts in one of them only.",
        grain="hour, per cell",
        null_rule="missing (hatched) where no camera looks; zero where nobody stood",
    ),
    Metric(
        name="coverage",
        title="Coverage",
        unit="share",
        formula="Observed camera-minutes divided by expected camera-minutes.",
        grain="hour, per camera",
        null_rule="missing where nothing was expected",
    ),
)
