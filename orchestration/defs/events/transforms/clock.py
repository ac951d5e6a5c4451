"""Clock correction: when an event counts, in spite of an agent's or a camera's wrong clock.

Times are compared with `received_at`, the cloud's own clock. A batch may rightly arrive hours
or days late, so an agent that lags cannot be told from a late upload and is left alone. What
cannot be is corrected:

- `recordedtime` later than `received_at` + 5 min (the clock runs ahead), or before 2024 (it was
  never set): all times of the event are shifted by `received_at − recordedtime`;
- an instant that is still more than 5 min after `received_at`, or before 2024 (the camera's own
  clock): `recordedtime`, so corrected, takes its place.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

_EPOCH = dt.datetime(2024, 1, 2, tzinfo=dt.UTC)
"""A day after the first partition (2024-01-01), so that no time zone puts an instant before it."""
_AHEAD = dt.timedelta(minutes=5)


def corrected(events: pl.DataFrame) -> pl.DataFrame:
    """Add `shift_s` (seconds added to every time of the event) and correct `at`.

    Needs `at`, `recordedtime` and `received_at`, instants in UTC.
    """
    wrong = (pl.col("recordedtime") > pl.col("received_at") + _AHEAD) | (
        pl.col("recordedtime") < _EPOCH
    )
    shift = pl.when(wrong).then(pl.col("received_at") - pl.col("recordedtime"))
    moved = pl.col("at") + pl.col("shift")
    impossible = (moved > pl.col("received_at") + _AHEAD) | (moved < _EPOCH)
    return (
        events.with_columns(shift=shift.otherwise(pl.duration(seconds=0)))
        .with_columns(
            at=pl.when(impossible).then(pl.col("recordedtime") + pl.col("shift")).otherwise(moved),
            shift_s=pl.col("shift").dt.total_microseconds() / 1e6,
        )
        .drop("shift")
    )
