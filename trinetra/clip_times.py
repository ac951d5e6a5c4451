"""When something happened in a clip, which has no wall clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

BEGIN = datetime(1970, 1, 1, tzinfo=UTC)
"""A clip's first frame; event times minus this are seconds of the clip."""


def instant(at_s: float) -> datetime:
    """The instant `at_s` seconds into a clip."""
    return BEGIN + timedelta(seconds=at_s)


def clock_text(at_s: float) -> str:
    """Minutes and seconds of the clip, `02:07`."""
    minutes, seconds = divmod(int(at_s), 60)
    return f"{minutes:02d}:{seconds:02d}"
