"""How the tables are cut: bronze by hour of arrival, silver and gold by local day × region shard.

Never by store: with 16 shards a day of 50,000 stores is still 16 partitions.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import dagster as dg

from orchestration.defs.events.regions import REGIONS

HOUR_FORMAT = "%Y-%m-%dT%H"
_FIRST = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)

HOURS = dg.HourlyPartitionsDefinition(start_date=_FIRST, end_offset=1, fmt=HOUR_FORMAT)
"""Hours (UTC) in which the gateway received a batch, the running one included."""

DAY_REGION = dg.MultiPartitionsDefinition(
    {
        # Two days ahead: at UTC+14 tomorrow begins ten hours before today ends in UTC.
        "day": dg.DailyPartitionsDefinition(start_date=_FIRST, end_offset=2),
        "region": dg.StaticPartitionsDefinition(list(REGIONS)),
    }
)
"""Local business days of the stores × region shards."""


def day_region_key(day: dt.date, region: str) -> str:
    """Partition key of `DAY_REGION`."""
    return dg.MultiPartitionKey({"day": day.isoformat(), "region": region})


def day_and_region(key: str) -> tuple[dt.date, str]:
    """Inverse of `day_region_key`."""
    parts = DAY_REGION.get_partition_key_from_str(str(key)).keys_by_dimension
    return dt.date.fromisoformat(parts["day"]), parts["region"]


def hour_key(hour: dt.datetime) -> str:
    """Partition key of `HOURS`."""
    return hour.astimezone(dt.UTC).strftime(HOUR_FORMAT)


def hour_ranges(hours: Iterable[dt.datetime]) -> list[tuple[str, str]]:
    """Unbroken ranges (first key, last key) that hold exactly `hours`: one run each."""
    ranges: list[tuple[dt.datetime, dt.datetime]] = []
    for hour in sorted(set(hours)):
        if ranges and hour - ranges[-1][1] == dt.timedelta(hours=1):
            ranges[-1] = (ranges[-1][0], hour)
        else:
            ranges.append((hour, hour))
    return [(hour_key(first), hour_key(last)) for first, last in ranges]


def day_rectangles(cells: Iterable[tuple[dt.date, str]]) -> list[tuple[str, str]]:
    """Rectangles (first key, last key) of days × regions that hold exactly `cells`.

    A full hour of a large fleet touches the same regions on each of its two or three local
    days, and so becomes one rectangle: one run.
    """
    by_day: dict[dt.date, list[int]] = {}
    for day, region in sorted(set(cells)):
        by_day.setdefault(day, []).append(REGIONS.index(region))
    open_spans: dict[tuple[int, int], tuple[dt.date, dt.date]] = {}
    done: list[tuple[dt.date, dt.date, int, int]] = []
    for day, indexes in by_day.items():
        before, open_spans = open_spans, {}
        for span in _spans(indexes):
            first, last = before.get(span, (day, day))
            if (day - last).days > 1:
                first = day
            elif span in before:
                del before[span]
            open_spans[span] = (first, day)
        done += [(first, last, *span) for span, (first, last) in before.items()]
    done += [(first, last, *span) for span, (first, last) in open_spans.items()]
    return [
        (day_region_key(first, REGIONS[low]), day_region_key(last, REGIONS[high]))
        for first, last, low, high in sorted(done)
    ]


def range_tags(first: str, last: str) -> dict[str, str]:
    """Tags of one run that materializes all partitions from `first` to `last`."""
    return {
        "dagster/asset_partition_range_start": first,
        "dagster/asset_partition_range_end": last,
    }


def _spans(indexes: list[int]) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    for index in indexes:
        if spans and index == spans[-1][1] + 1:
            spans[-1] = (spans[-1][0], index)
        else:
            spans.append((index, index))
    return spans
