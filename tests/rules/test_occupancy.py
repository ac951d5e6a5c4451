"""Occupancy over days of 23, 24 and 25 hours, below zero, and over restarts."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import AgentError
from contracts.events import Direction
from edge_agent.rules.occupancy import (
    Occupancy,
    Tally,
    last_reset,
    save_tally,
    start_tally,
)

BERLIN = "Europe/Berlin"
ZONES = [BERLIN, "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]


def at(text: str, zone: str = BERLIN) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


def counter(now_s: float, resets: str = "04:00", zone: str = BERLIN) -> Occupancy:
    reset_at_s = last_reset(now_s, ZoneInfo(zone), resets)
    return Occupancy(zone, resets, Tally(reset_at_s=reset_at_s))


def counts(occupancy: Occupancy, at_s: float) -> tuple[int, int, int]:
    sample = occupancy.sample(at_s)
    return sample.occupancy, sample.entries, sample.exits


def test_entries_minus_exits() -> None:
    now_s = at("2026-05-04 12:00")
    occupancy = counter(now_s)
    for direction in ("in", "in", "in", "out"):
        occupancy.count(direction, now_s)
    assert counts(occupancy, now_s) == (2, 3, 1)


def test_an_exit_that_nobody_was_seen_to_enter_for_is_carried_as_a_correction() -> None:
    now_s = at("2026-05-04 12:00")
    occupancy = counter(now_s)
    occupancy.count("out", now_s)
    assert counts(occupancy, now_s) == (0, 0, 1)
    occupancy.count("in", now_s)
    assert counts(occupancy, now_s) == (1, 1, 1)
    assert occupancy.tally.corrected == 1


def test_the_count_begins_anew_at_the_local_reset_time() -> None:
    occupancy = counter(at("2026-05-04 12:00"))
    occupancy.count("in", at("2026-05-04 12:00"))
    assert counts(occupancy, at("2026-05-05 03:59")) == (1, 1, 0)
    assert counts(occupancy, at("2026-05-05 04:00")) == (0, 0, 0)


def test_a_late_message_from_before_the_reset_does_not_count_today() -> None:
    occupancy = counter(at("2026-05-04 12:00"))
    occupancy.sample(at("2026-05-05 04:00"))
    occupancy.count("in", at("2026-05-05 03:59"))
    assert counts(occupancy, at("2026-05-05 04:01")) == (0, 0, 0)


def test_a_clock_that_was_ahead_does_not_keep_people_from_counting() -> None:
    occupancy = counter(at("2026-05-09 12:00"))
    occupancy.sample(at("2026-05-04 12:00"))
    occupancy.count("in", at("2026-05-04 12:01"))
    assert counts(occupancy, at("2026-05-04 12:02")) == (1, 1, 0)


def test_what_is_taken_back_was_never_counted() -> None:
    now_s = at("2026-05-04 12:00")
    occupancy = counter(now_s)
    for direction in ("in", "in"):
        occupancy.count(direction, now_s)
    occupancy.uncount("in", now_s, missed=False)
    assert counts(occupancy, now_s) == (1, 1, 0)
    occupancy.count("out", now_s)
    assert occupancy.count("out", now_s)
    occupancy.uncount("out", now_s, missed=True)
    assert counts(occupancy, now_s) == (0, 1, 1)
    assert occupancy.tally.corrected == 0


def test_an_entry_taken_back_after_both_went_out_leaves_nobody_below_zero() -> None:
    now_s = at("2026-05-04 12:00")
    occupancy = counter(now_s)
    for direction in ("in", "in", "out", "out"):
        occupancy.count(direction, now_s)
    occupancy.uncount("in", now_s, missed=False)
    assert counts(occupancy, now_s) == (0, 1, 2)


def test_what_was_counted_before_the_reset_is_not_taken_from_today() -> None:
    occupancy = counter(at("2026-05-04 12:00"))
    occupancy.count("in", at("2026-05-05 04:01"))
    occupancy.uncount("in", at("2026-05-05 03:59"), missed=False)
    assert counts(occupancy, at("2026-05-05 04:02")) == (1, 1, 0)


@pytest.mark.parametrize(
    ("day", "hours"),
    [("2026-03-28", 23), ("2026-10-24", 25), ("2026-05-04", 24)],
    ids=["clocks go forward", "clocks go back", "plain"],
)
def test_a_business_day_has_its_true_length(day: str, hours: int) -> None:
    opens = at(f"{day} 04:00")
    closes = opens + hours * 3600
    zone = ZoneInfo(BERLIN)
    assert last_reset(closes - 1, zone, "04:00") == opens
    assert last_reset(closes, zone, "04:00") == closes
    occupancy = counter(opens)
    occupancy.count("in", opens + 1)
    assert occupancy.sample(closes - 1).occupancy == 1
    assert occupancy.sample(closes).occupancy == 0


def test_a_reset_in_the_skipped_hour_happens_once() -> None:
    zone = ZoneInfo(BERLIN)
    jump = at("2026-03-29 03:00")
    resets = {last_reset(jump + minutes * 60, zone, "02:30") for minutes in range(-120, 240)}
    assert sorted(resets) == [at("2026-03-28 02:30"), jump + 1800]


def test_a_reset_in_the_repeated_hour_happens_once() -> None:
    zone = ZoneInfo(BERLIN)
    first = datetime(2026, 10, 25, 2, 30, tzinfo=zone).timestamp()
    resets = {last_reset(first + minutes * 60, zone, "02:30") for minutes in range(-120, 240)}
    assert sorted(resets) == [at("2026-10-24 02:30"), first]


@given(
    at_s=st.floats(0, 4e9),
    zone=st.sampled_from(ZONES),
    hour=st.integers(0, 24),
    minute=st.integers(0, 59),
)
def test_a_reset_is_the_newest_one_not_after_now(
    at_s: float, zone: str, hour: int, minute: int
) -> None:
    resets = f"{hour:02d}:{0 if hour == 24 else minute:02d}"
    reset = last_reset(at_s, ZoneInfo(zone), resets)
    assert at_s - 25.5 * 3600 < reset <= at_s
    assert last_reset(reset, ZoneInfo(zone), resets) == reset


@given(
    steps=st.lists(st.tuples(st.sampled_from(["in", "out"]), st.floats(0, 6 * 3600)), max_size=60),
    start_s=st.floats(at("2026-03-26"), at("2026-03-31"))
    | st.floats(at("2026-10-22"), at("2026-10-27")),
)
def test_occupancy_is_never_negative_and_never_more_than_entered_since_the_reset(
    steps: list[tuple[Direction, float]], start_s: float
) -> None:
    zone = ZoneInfo(BERLIN)
    at_s = start_s
    occupancy = counter(at_s)
    today: list[tuple[float, Direction]] = []
    for direction, wait_s in steps:
        at_s += wait_s
        occupancy.count(direction, at_s)
        today.append((at_s, direction))
        today = [item for item in today if item[0] >= last_reset(at_s, zone, "04:00")]
        inside, entries, exits = counts(occupancy, at_s)
        assert entries == sum(way == "in" for _, way in today)
        assert exits == sum(way == "out" for _, way in today)
        assert max(0, entries - exits) <= inside <= entries


class TestRestart:
    """The file that a restarted worker goes on from."""

    NOON = at("2026-05-04 12:00")

    def tally(self, **counts: int) -> Tally:
        reset_at_s = last_reset(self.NOON, ZoneInfo(BERLIN), "04:00")
        return Tally(reset_at_s=reset_at_s, **counts)

    def test_goes_on_where_it_was(self, tmp_path: Path) -> None:
        path = tmp_path / "rules" / "occupancy.state"
        tally = self.tally(entries=5, exits=2, corrected=1)
        save_tally(path, tally)
        assert start_tally(path, self.NOON + 60, BERLIN, "04:00") == (tally, "")
        assert [item.name for item in path.parent.iterdir()] == [path.name]

    def test_begins_at_zero_without_a_word_where_there_is_no_file(self, tmp_path: Path) -> None:
        assert start_tally(tmp_path / "x", self.NOON, BERLIN, "04:00") == (self.tally(), "")

    def test_refuses_yesterdays(self, tmp_path: Path) -> None:
        save_tally(tmp_path / "x", self.tally(entries=5))
        tally, refused = start_tally(tmp_path / "x", self.NOON + 86_400, BERLIN, "04:00")
        assert tally.entries == 0
        assert "before the last reset" in refused

    def test_refuses_every_flipped_bit_and_every_truncation(self, tmp_path: Path) -> None:
        path = tmp_path / "x"
        save_tally(path, self.tally(entries=5, exits=2))
        sound = path.read_bytes()
        flipped = [
            sound[:i] + bytes([sound[i] ^ 1 << bit]) + sound[i + 1 :]
            for i in range(len(sound))
            for bit in range(8)
        ]
        for body in [*flipped, *(sound[:size] for size in range(len(sound))), b"", b"\xff" * 64]:
            path.write_bytes(body)
            tally, refused = start_tally(path, self.NOON, BERLIN, "04:00")
            if body.lower() != sound.lower():
                assert (tally.entries, refused) == (0, "unreadable or corrupt"), body

    def test_refuses_counts_that_cannot_be(self, tmp_path: Path) -> None:
        save_tally(tmp_path / "x", self.tally(entries=1, exits=3))
        assert start_tally(tmp_path / "x", self.NOON, BERLIN, "04:00")[1]

    def test_another_version_is_refused(self, tmp_path: Path) -> None:
        tally = self.tally(entries=1, version=2)
        save_tally(tmp_path / "x", tally)
        assert start_tally(tmp_path / "x", self.NOON, BERLIN, "04:00")[1]

    def test_a_disk_that_refuses_is_an_agent_error(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("no folder")
        with pytest.raises(AgentError, match="occupancy cannot be saved"):
            save_tally(tmp_path / "file" / "x", self.tally())
