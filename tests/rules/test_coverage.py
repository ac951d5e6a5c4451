"""Coverage minutes and camera states from the reports of ingest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.events import CameraState
from edge_agent.messages import CameraReport
from edge_agent.rules.coverage import CLOCK_STEP_S, SILENT_S, Coverage, Minute

START_S = 6_000.0  # a whole minute


def second(at_s: float, *, observed_s: float = 1.0, state: CameraState = "live") -> CameraReport:
    return CameraReport(camera="a", state=state, at=at_s, frames=10, observed_s=observed_s)


def watch(coverage: Coverage, reports: list[CameraReport]) -> list[Minute]:
    """Minutes that are over while the reports come in on time."""
    found = []
    for report in reports:
        coverage.report(report, report.at, report.at)
        found += coverage.due(report.at)
    return found


def test_a_watched_minute_is_told_when_it_is_over() -> None:
    coverage = Coverage(["a"], START_S, START_S)
    assert watch(coverage, [second(START_S + i) for i in range(1, 62)]) == []
    assert watch(coverage, [second(START_S + 62)]) == [Minute("a", START_S, 60.0, 60.0, 590)]


def test_a_camera_that_never_reports_is_expected_all_the_same() -> None:
    coverage = Coverage(["a", "b"], START_S, START_S)
    assert coverage.due(START_S + 125) == [
        Minute(name, START_S + offset, 60.0, 0.0, 0) for name in "ab" for offset in (0, 60)
    ]


def test_the_first_and_last_minutes_expect_only_what_was_agent_time() -> None:
    coverage = Coverage(["a"], START_S + 50, START_S + 50)
    told = watch(coverage, [second(START_S + i) for i in range(51, 81)])
    told += coverage.finish(START_S + 80.4, START_S + 80.4)
    assert [(m.start_s, m.expected_s, m.observed_s) for m in told] == [
        (START_S, 10.0, 10.0),
        (START_S + 60, 20.0, 20.0),
    ]


def test_seconds_while_ingest_stops_before_this_worker_are_not_expected() -> None:
    coverage = Coverage(["a"], START_S, START_S)
    watch(coverage, [second(START_S + i) for i in range(1, 31)])
    assert coverage.finish(START_S + 33, START_S + 33) == [Minute("a", START_S, 30.0, 30.0, 300)]


def test_a_camera_silent_long_before_the_stop_is_expected_until_the_stop() -> None:
    coverage = Coverage(["a"], START_S, START_S)
    watch(coverage, [second(START_S + i) for i in range(1, 11)])
    (minute,) = coverage.finish(START_S + 40, START_S + 40)
    assert (minute.expected_s, minute.observed_s) == (40.0, 10.0)


def test_a_file_that_ended_is_no_longer_expected() -> None:
    coverage = Coverage(["a"], START_S, START_S)
    watch(coverage, [second(START_S + i) for i in range(1, 31)])
    coverage.report(second(START_S + 30, observed_s=0.0, state="ended"), START_S + 30, START_S + 30)
    assert coverage.due(START_S + 200) == [Minute("a", START_S, 30.0, 30.0, 310)]
    assert coverage.silent(START_S + 200) == []


def test_a_file_is_expected_from_its_first_picture() -> None:
    coverage = Coverage(["a"], START_S, START_S, files={"a"})
    waits = CameraReport(camera="a", state="disconnected", at=START_S + 1, frames=0, observed_s=0.0)
    assert watch(coverage, [waits]) == []
    told = watch(coverage, [second(START_S + i) for i in range(21, 63)])
    assert told == [Minute("a", START_S, 40.0, 40.0, 390)]


def test_a_file_that_never_begins_is_never_expected() -> None:
    coverage = Coverage(["a"], START_S, START_S, files={"a"})
    assert coverage.due(START_S + 125) == []
    assert coverage.finish(START_S + 130, START_S + 130) == []


def test_a_report_over_the_minutes_border_is_shared_out() -> None:
    coverage = Coverage(["a"], START_S, START_S)
    watch(coverage, [second(START_S + 60.5)])
    told = coverage.finish(START_S + 61, START_S + 61)
    assert [minute.observed_s for minute in told] == [0.5, 0.5]


def test_a_change_of_state_is_told_once() -> None:
    coverage = Coverage(["a"], START_S, START_S)
    states: list[CameraState] = ["disconnected", "live", "live", "frozen", "frozen", "live"]
    told = []
    for index, state in enumerate(states):
        status = coverage.report(second(START_S + index, state=state), START_S + index, index)
        told += [status.state] if status else []
    assert told == ["disconnected", "live", "frozen", "live"]


def test_silence_is_told_once_and_ends_with_the_next_report() -> None:
    coverage = Coverage(["a"], START_S, 10.0)
    coverage.report(second(START_S + 1), START_S + 1, 11.0)
    assert coverage.silent(11.0 + SILENT_S) == []
    (status,) = coverage.silent(11.1 + SILENT_S)
    assert status.state == "disconnected"
    assert coverage.silent(60.0) == []
    assert coverage.report(second(START_S + 60), START_S + 60, 61.0) is not None


def test_a_clock_that_is_set_does_not_bring_thousands_of_minutes() -> None:
    coverage = Coverage(["a"], 100.0, 1.0)
    assert coverage.due(1_750_000_000.0) == []
    assert coverage.due(1_750_000_130.0) != []
    assert coverage.due(1_750_000_130.0 - 2 * CLOCK_STEP_S) == []
    assert coverage.due(1_750_000_130.0 - 2 * CLOCK_STEP_S + 130) != []


def test_unknown_cameras_are_ignored() -> None:
    coverage = Coverage(["b"], START_S, START_S)
    assert coverage.report(second(START_S + 1), START_S + 1, START_S + 1) is None


@given(
    started=st.floats(0, 200),
    reports=st.lists(st.tuples(st.floats(0, 5), st.floats(0, 6), st.floats(-1, 3)), max_size=60),
    stop=st.floats(0, 10),
)
def test_observed_never_exceeds_expected_and_minutes_never_repeat(
    started: float, reports: list[tuple[float, float, float]], stop: float
) -> None:
    """(wait, observed, how far the camera's clock is off) per report."""
    now_s = begin_s = START_S + started
    coverage, told = Coverage(["a"], begin_s, begin_s), []
    for wait_s, observed_s, off_s in reports:
        now_s += wait_s
        coverage.report(second(now_s + off_s, observed_s=observed_s), now_s, now_s)
        told += coverage.due(now_s)
    told += coverage.finish(now_s + stop, now_s + stop)
    assert all(0 <= minute.observed_s <= minute.expected_s <= 60 for minute in told)
    starts = [minute.start_s for minute in told]
    assert starts == sorted(set(starts))
    assert sum(m.expected_s for m in told) == pytest.approx(
        (now_s if reports and stop <= SILENT_S else now_s + stop) - begin_s, abs=1e-6
    )
    assert sum(m.observed_s for m in told) <= sum(observed for _, observed, _ in reports) + 1e-6
