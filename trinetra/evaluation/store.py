"""A simulated store's numbers against what really happened there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Literal

import numpy as np

from contracts.errors import ConfigError
from contracts.events import UNKNOWN
from contracts.store import StoreConfig
from edge_agent.rules.coverage import MINUTE_S
from models.detector import load_detector
from models.embedder import load_embedder
from simulator.days import (
    Day,
    DayScenario,
    DayTruth,
    frames,
    load_scenario,
    simulate_day,
    store_config,
    truth_of_day,
)
from trinetra.evaluation.actual import happened_in, marks_of, who_is_who
from trinetra.evaluation.camera_stage import SeenFrame
from trinetra.evaluation.count_score import crossing_ratios
from trinetra.evaluation.day_run import DayRun, FrameSource, run_day
from trinetra.evaluation.estimates import Ratio
from trinetra.evaluation.happened import Happened, Passage
from trinetra.evaluation.identity_score import score_identities
from trinetra.evaluation.matching import match_passages
from trinetra.evaluation.measured import Measured, measured_of
from trinetra.evaluation.rendered import Camera
from trinetra.evaluation.store_score import Compared, compare, figures
from trinetra.evaluation.visit_score import visit_ratios

SCENARIOS = ("quiet", "busy", "groups", "queue", "faults")
THRESHOLD = 0.5
"""The score from which a simulated detection is sure."""
MINUTES = 30.0
AFTER_FAULT_S = 600.0
Level = Literal["detections", "frames"]
MEASURED_SHARE = 0.95
"""A camera-minute of which less was observed, by the agent's own word, was not measured."""


@dataclass(frozen=True)
class StoreOptions:
    """What to measure; `minutes` None is half an hour, longer if faults come later, or less
    where the day ends before.

    `fps`, `model` and `embedder` are for the level `frames`.
    """

    scenario: str | Path
    seed: int = 1
    minutes: float | None = None
    start: time | None = None
    level: Level = "detections"
    fps: float = 10.0
    model: str | None = None
    embedder: str | None = None
    mirror: Path | None = None


@dataclass(frozen=True)
class StoreResult:
    """One scenario's figures (`told`), and what they came from."""

    told: dict[str, Any]
    compared: Compared
    day: Day
    config: StoreConfig
    truth: DayTruth
    actual: Happened
    measured: Measured
    run: DayRun


def evaluate_store(
    options: StoreOptions, on_progress: Callable[[float], None] = lambda _: None
) -> StoreResult:
    """Play one scenario through the agent and compare.

    Raises:
        ConfigError: no such scenario, or one that is wrong (file and key), or an empty window.
        ModelError: level `frames`, and a model that cannot be had.
    """
    day = day_of(options)
    names = [lens.id for lens in day.scenario.plan.cameras]
    config = store_config(day.scenario, {name: f"rtsp://camera.invalid/{name}" for name in names})
    truth = truth_of_day(day)
    source, threshold = source_of(options)
    inside = truth.occupancy[0].customers
    run = run_day(day, config, source, threshold=threshold, inside=inside, on_progress=on_progress)
    measured = measured_of(run.facts, config, day.begins_at, day.ends_at, truth.seen.shape)
    actual = happened_in(truth, config)
    compared = compared_with(actual, measured, truth, run, config)
    told = {
        "scenario": day.scenario.name,
        "seed": options.seed,
        "level": options.level,
        "begins": datetime.fromtimestamp(day.begins_at, day.zone).isoformat(),
        "minutes": round(day.seconds / 60, 2),
        "frames": run.frames,
        **figures(compared),
    }
    return StoreResult(told, compared, day, config, truth, actual, measured, run)


def source_of(options: StoreOptions) -> tuple[FrameSource, float]:
    """Where a camera's frames come from, and the score from which their detections are sure."""
    if options.level == "detections":
        return _detections, THRESHOLD
    detector = load_detector(options.model, mirror=options.mirror)
    embedder = load_embedder(options.embedder, mirror=options.mirror)

    def rendered(day: Day, camera: str) -> Iterable[SeenFrame]:
        return Camera(day, camera, detector, embedder).frames(options.fps)

    return rendered, detector.threshold


def _detections(day: Day, camera: str) -> Iterable[SeenFrame]:
    return frames(day, [camera])


def day_of(options: StoreOptions) -> Day:
    """The window of the scenario's day that is measured.

    Raises:
        ConfigError: as `evaluate_store`, and a given length that goes on over midnight.
    """
    scenario = load_scenario(options.scenario)
    begin = options.start or time(_hour(scenario))
    start = datetime.combine(date.fromisoformat(scenario.calendar.date), begin)
    minutes = options.minutes
    whole = simulate_day(scenario, options.seed, start=start, seconds=3600.0)
    if minutes is None:
        broken = [whole.local(f.at) - whole.begins_at for f in scenario.faults]
        last_s = max((s for s in broken if 0 <= s < 3600), default=0.0)
        minutes = max(MINUTES, (last_s + AFTER_FAULT_S) / 60)
    day = simulate_day(scenario, options.seed, start=start, seconds=60.0 * minutes)
    if options.minutes is not None and day.seconds < 60 * minutes:
        raise ConfigError(
            f"{minutes:g} minutes from {begin:%H:%M} go on over midnight: expected an earlier "
            f"start or at most {day.seconds / 60:g} minutes"
        )
    return day


def _hour(scenario: DayScenario) -> int:
    """The hour in which most breaks, else the one in which most people come."""
    broken = Counter(int(fault.at[:2]) for fault in scenario.faults)
    if broken:
        return broken.most_common(1)[0][0]
    by_hour = scenario.calendar.by_hour
    return max(range(24), key=lambda hour: by_hour[hour])


def compared_with(
    actual: Happened, measured: Measured, truth: DayTruth, run: DayRun, config: StoreConfig
) -> Compared:
    """All figures; those of crossings over measured minutes, and `_all` with the others, too."""
    who = who_is_who(truth)
    identity = score_identities(
        who.visible_s, marks_of(run.sights, run.identities, who, UNKNOWN), who.staff
    )
    compared = compare(
        actual, measured.happened, cell_m=truth.cell_m, seen=truth.seen, identity=identity
    )
    ours, theirs = (
        replace(side, passages=covered(side.passages, measured, config))
        for side in (actual, measured.happened)
    )
    pairs = match_passages(ours.passages, theirs.passages)
    everything = {f"{name}_all": compared.ratios[name] for name in CROSSING_FIGURES}
    unseen = np.array([float(len(actual.passages) - len(ours.passages))])
    ratios = {
        **compared.ratios,
        **crossing_ratios(ours, theirs, pairs),
        **everything,
        "crossings_unseen_share": Ratio(unseen, np.array([float(len(actual.passages))])),
        **visit_ratios(truth.visits, measured.visits, who.numbers, identity.of_visit),
    }
    counts = {
        **compared.counts,
        "not_measured": len(actual.passages) - len(ours.passages),
        "retracted": measured.retracted,
    }
    return replace(compared, ratios=ratios, counts=counts)


CROSSING_FIGURES = ("crossing_precision", "crossing_recall", "footfall_error_pct")


def covered(passages: Iterable[Passage], measured: Measured, config: StoreConfig) -> list[Passage]:
    """Those in minutes that the agent says it measured at the door's camera."""
    cameras = {door.name: door.camera for door in config.doors}
    return [
        each
        for each in passages
        if measured.coverage.get(
            (cameras.get(each.door, ""), each.at_s // MINUTE_S * MINUTE_S), 0.0
        )
        >= MEASURED_SHARE
    ]
