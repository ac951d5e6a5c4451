"""One picture of a day: where people walked, what a camera saw, arrivals and lines."""

from __future__ import annotations

import colorsys

import cv2
import numpy as np

from simulator.days.charts import (
    CHART_PX,
    GREY,
    INK,
    MARGIN,
    PAPER,
    Bgr,
    Image,
    clock,
    draw_chart,
    text,
)
from simulator.days.day import Day
from simulator.days.paths import Array
from simulator.days.records import DayTruth
from simulator.days.snapshot import fullest

WIDTH = 1440
PLAN_PX = 900
PATHS = 160
HOURS_STEP_S, MINUTES_STEP_S, LONG_S = 900.0, 120.0, 3 * 3600.0
SHELF: Bgr = (196, 204, 212)
BLUE, ORANGE, GREEN, RED = (180, 120, 40), (30, 120, 230), (80, 140, 50), (60, 60, 200)
STAFF: Bgr = (0, 0, 0)
QUEUE_COLOURS = (GREEN, RED, BLUE, ORANGE)
BARS_M = (10, 5, 2, 1)


def picture_of(day: Day, truth: DayTruth) -> Image:
    """The whole picture (H, W, 3) BGR; at most PATHS people are drawn, staff in black."""
    plan = day.scenario.plan
    scale = PLAN_PX / plan.width_m
    outside = round(2.4 * scale)
    tall = round(plan.depth_m * scale) + 2 * outside
    image = np.full((tall + 3 * (CHART_PX + MARGIN) + MARGIN // 2, WIDTH, 3), PAPER, np.uint8)
    _plan(image, day, scale, (MARGIN, outside))
    _paths(image, day, scale, (MARGIN, outside))
    _labels(image, day, scale, (MARGIN, outside))
    _facts(image, day, truth, PLAN_PX + 2 * MARGIN)
    _view(image, day, PLAN_PX + 2 * MARGIN, tall)
    step_s = HOURS_STEP_S if day.seconds > LONG_S else MINUTES_STEP_S
    begins, entries, inside = _arrivals(day, truth, step_s)
    minutes, lengths = _lengths(day, truth)
    queues = [(name, QUEUE_COLOURS[i % 4], line) for i, (name, line) in enumerate(lengths.items())]
    for number, (title, times, series) in enumerate((
        (f"customers who came in, per {step_s / 60:g} minutes", begins, [("in", BLUE, entries)]),
        (f"customers inside, every {step_s / 60:g} minutes", begins, [("inside", ORANGE, inside)]),
        ("people in line, longest of a minute", minutes, queues),
    )):  # fmt: skip
        draw_chart(image, day, tall + 36 + number * (CHART_PX + MARGIN), title, times, series)
    return image


def _plan(image: Image, day: Day, scale: float, origin: tuple[int, int]) -> None:
    plan = day.scenario.plan

    def at(x: float, y: float) -> tuple[int, int]:
        return round(origin[0] + x * scale), round(origin[1] + y * scale)

    cv2.rectangle(image, at(0, 0), at(plan.width_m, plan.depth_m), (255, 255, 255), -1)
    for zone in plan.zones:
        cv2.rectangle(image, at(*zone.rect[:2]), at(*zone.rect[2:]), (238, 244, 232), -1)
        cv2.rectangle(image, at(*zone.rect[:2]), at(*zone.rect[2:]), (170, 200, 150), 1)
    for item in plan.fixtures:
        cv2.rectangle(image, at(*item.rect[:2]), at(*item.rect[2:]), SHELF, -1)
        cv2.rectangle(image, at(*item.rect[:2]), at(*item.rect[2:]), GREY, 1)
    cv2.rectangle(image, at(0, 0), at(plan.width_m, plan.depth_m), INK, 3)
    for door in plan.doors:
        wall = 0.0 if door.wall == "north" else plan.depth_m
        cv2.line(image, at(door.from_m, wall), at(door.to_m, wall), PAPER, 7)
        for inside, colour in ((door.outer_m, ORANGE), (door.inner_m, GREEN)):
            y = door.y(plan.depth_m, inside)
            cv2.line(image, at(door.from_m, y), at(door.to_m, y), colour, 1, cv2.LINE_AA)
    for lens in plan.cameras:
        cv2.circle(image, at(*lens.position_m[:2]), 6, BLUE, -1, cv2.LINE_AA)
        there = np.array(lens.look_at_m[:2]) - lens.position_m[:2]
        tip = np.array(lens.position_m[:2]) + there / max(float(np.hypot(*there)), 1e-6)
        cv2.arrowedLine(image, at(*lens.position_m[:2]), at(*tip), BLUE, 2, cv2.LINE_AA)


def _labels(image: Image, day: Day, scale: float, origin: tuple[int, int]) -> None:
    """Names of zones and cameras above the paths, and how long a few metres are."""
    plan = day.scenario.plan
    for zone in plan.zones:
        x, y = (round(o + m * scale) for o, m in zip(origin, zone.rect[:2], strict=True))
        text(image, zone.name, (x + 4, y + 14), 0.42, (60, 100, 40), plate=True)
    for lens in plan.cameras:
        x, y = (round(o + m * scale) for o, m in zip(origin, lens.position_m[:2], strict=True))
        cv2.circle(image, (x, y), 6, BLUE, -1, cv2.LINE_AA)
        beside = x > origin[0] + PLAN_PX - 80
        text(image, lens.id, (x - 10 if beside else x + 10, y + 18), 0.45, BLUE,
             right=beside, plate=True)  # fmt: skip
    bar_m = next((bar for bar in BARS_M if 3 * bar <= plan.width_m), BARS_M[-1])
    right, y = origin[0] + PLAN_PX, round(origin[1] + plan.depth_m * scale) + 26
    left = round(right - bar_m * scale)
    cv2.line(image, (left, y), (right, y), INK, 2)
    for x in (left, right):
        cv2.line(image, (x, y - 5), (x, y + 5), INK, 2)
    text(image, f"{bar_m} m", (left - 8, y + 5), 0.45, INK, right=True, plate=True)


def _paths(image: Image, day: Day, scale: float, origin: tuple[int, int]) -> None:
    """Every nth path from 2.5 positions a second; colours differ, staff are in a bold black."""
    paths = day.motion.paths
    chosen = np.unique(np.linspace(0, max(len(paths.trip) - 1, 0), PATHS).astype(int))
    layer = image.copy()
    for path in chosen.tolist() if len(paths.trip) else []:
        begin, end = paths.begins_at[path], paths.ends_at[path]
        t = np.arange(max(begin, day.begins_at), min(end, day.ends_at), 0.4)
        if len(t) < 2:
            continue
        points = _points(day, path, t) * scale + np.array(origin)
        staff = day.life.people[int(paths.person[path])].staff
        red, green, blue = colorsys.hsv_to_rgb(path * 0.618 % 1, 0.75, 0.8)
        colour = STAFF if staff else (int(blue * 255), int(green * 255), int(red * 255))
        thick = 2 if staff else 1
        cv2.polylines(layer, [points.round().astype(np.int32)], False, colour, thick, cv2.LINE_AA)
    image[:] = cv2.addWeighted(layer, 0.6, image, 0.4, 0)


def _points(day: Day, path: int, t: Array) -> Array:
    """Where the path's knots lead at times `t`, (T, 2) m."""
    paths = day.motion.paths
    mine = slice(int(paths.first[path]), int(paths.first[path + 1]))
    x, y = (np.interp(t, paths.t[mine], paths.knots[mine, axis]) for axis in (0, 1))
    return np.column_stack([x, y])


def _facts(image: Image, day: Day, truth: DayTruth, left: int) -> None:
    entries = truth.entries()
    waits = [wait.left_at - wait.joined_at for wait in truth.queue_episodes]
    gone = sum(wait.outcome == "abandoned" for wait in truth.queue_episodes)
    passing = len({(trip.began_at, trip.group) for trip in truth.trips if trip.purpose == "pass"})
    begins, ends = clock(day, day.begins_at), clock(day, day.ends_at)
    rows = [
        (f"{day.scenario.name}, seed {day.seed}, {day.date}",),
        (f"{begins} to {ends} {day.scenario.plan.time_zone}",),
        ("thin: customers; bold black: staff",),
        (),
        ("entries of customers", f"{entries}"),
        ("visits", f"{len(truth.visits)}"),
        ("most customers inside", f"{max(step.customers for step in truth.occupancy)}"),
        ("parties passing by", f"{passing}"),
        ("waits in line", f"{len(waits)}"),
        ("of them given up", f"{gone}"),
        ("median wait, s", _median(waits)),
        ("sales", f"{len(truth.transactions)}"),
        (),
        ("zone", "visits", "median, s"),
        *(
            (zone.name, f"{len(stays)}", _median([stay.dwell_s for stay in stays]))
            for zone in day.scenario.plan.zones
            if zone.kind == "zone"
            for stays in [truth.zone_visits(zone.name)]
        ),
    ]
    for number, row in enumerate(rows):
        for column, words in enumerate(row):
            at = (left + (0, 250, 350)[column], 60 + 23 * number)
            text(image, words, at, 0.5, INK, right=column > 0)


def _median(values: list[float]) -> str:
    return f"{np.median(values):.0f}" if values else "-"


def _view(image: Image, day: Day, left: int, bottom: int) -> None:
    """The fullest view of a camera, beside the plan."""
    shot = fullest(day)
    high, wide = shot.picture.shape[:2]
    size = (WIDTH - MARGIN - left, round((WIDTH - MARGIN - left) * high / wide))
    top = bottom - size[1] - MARGIN // 2
    image[top : top + size[1], left : left + size[0]] = cv2.resize(
        shot.picture, size, interpolation=cv2.INTER_AREA
    )
    text(image, f"{shot.camera}, {clock(day, shot.at_s)}", (left, top - 8), 0.45, INK)


def _arrivals(
    day: Day, truth: DayTruth, step_s: float
) -> tuple[list[float], list[float], list[float]]:
    """Steps of time: begin, customers who came in, customers inside at its end."""
    begins = np.arange(day.begins_at, day.ends_at, step_s)
    came = [c.at for c in truth.crossings if c.direction == "in" and not c.staff and c.watched]
    entries, _ = np.histogram(came, [*begins, day.ends_at])
    steps = np.array([step.at for step in truth.occupancy])
    inside = []
    for end in np.minimum(begins + step_s, day.ends_at):
        index = int(np.searchsorted(steps, end, side="right")) - 1
        inside.append(float(truth.occupancy[max(index, 0)].customers))
    return begins.tolist(), entries.astype(float).tolist(), inside


def _lengths(day: Day, truth: DayTruth) -> tuple[list[float], dict[str, list[float]]]:
    """Per minute and queue: the most people who stood in it at once."""
    begins = np.arange(day.begins_at, day.ends_at, 60.0)
    lengths = {}
    for zone in day.scenario.plan.zones:
        if zone.kind != "queue":
            continue
        second = np.zeros(int(day.seconds) + 2)
        for wait in truth.queue_episodes:
            if wait.zone == zone.name:
                second[int(wait.joined_at - day.begins_at)] += 1
                second[int(wait.left_at - day.begins_at) + 1] -= 1
        people = np.cumsum(second)
        lengths[zone.name] = [
            float(people[int(b - day.begins_at) : int(b - day.begins_at) + 60].max())
            for b in begins
        ]
    return begins.tolist(), lengths
