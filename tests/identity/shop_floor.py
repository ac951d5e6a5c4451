"""A tiny shop with three cameras for tests: people walk, tracks break, looks are noisy.

Not the project's simulator: a hundred lines whose truth is plain to see. Cameras look straight
down on parts of a 16 × 8 m plan; `left` and `middle` overlap by 1 m, `right` stands apart.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from contracts.events import UNKNOWN
from contracts.store import StoreConfig, parse_store
from edge_agent.identity.desk import Appearance, IdentityDesk
from edge_agent.messages import IdentityAssigned, TrackedBox, TracksUpdated
from trinetra.evaluation.identity_score import IdentityScore, Mark, score_identities

NOON_S = 1_772_535_600.0
SPANS_M = {"left": (0.0, 7.0), "middle": (6.0, 11.0), "right": (12.0, 16.0)}
DEPTH_M, SIZE, EVERY_S = 8.0, 64, 0.2

STORE = """
[store]
id = "shop"
name = "Corner shop"
time_zone = "Europe/Berlin"
[floor_plan]
width_m = 16.0
depth_m = 8.0
[[doors]]
name = "main"
camera = "left"
outer = [[0.02, 0.3], [0.02, 0.6]]
inner = [[0.08, 0.3], [0.08, 0.6]]
""" + "".join(
    f"""
[[cameras]]
id = "{name}"
url = "rtsp://10.0.0.2/{name}"
image_points = [[0, 0], [1, 0], [1, 1], [0, 1]]
floor_points = [[{a}, 0], [{b}, 0], [{b}, 8], [{a}, 8]]
"""
    for name, (a, b) in SPANS_M.items()
)


def store() -> StoreConfig:
    return parse_store(STORE)


@dataclass
class Person:
    """`path` rows are (time, x, y), one every 0.2 s."""

    number: int
    path: np.ndarray
    looks: np.ndarray


@dataclass
class Shop:
    """Everything that happened: messages in order of time, and who was on which track."""

    messages: list[TracksUpdated | Appearance] = field(default_factory=list)
    who: dict[tuple[str, int, float], int] = field(default_factory=dict)
    visible_s: dict[int, float] = field(default_factory=lambda: defaultdict(float))


def walk(rng: np.random.Generator, number: int, begin_s: float, stops: int) -> Person:
    """In by the door, past some places with a pause at each, and out again."""
    spots = np.column_stack([rng.uniform(1, 15.5, stops), rng.uniform(0.8, 7.2, stops)])
    places = np.vstack([[0.2, 3.6], spots, [0.2, 3.6]])
    points, at_s = [], begin_s
    for here, there in pairwise(places):
        steps = max(2, int(np.hypot(*(there - here)) / rng.uniform(0.9, 1.4) / EVERY_S))
        pause = int(rng.uniform(2, 20) / EVERY_S)
        way = here + np.linspace(0, 1, steps)[:, None] * (there - here)
        for x, y in np.vstack([way, np.repeat(there[None], pause, 0)]):
            points.append((at_s, x, y))
            at_s += EVERY_S
    return Person(number, np.array(points), _unit(rng.standard_normal(SIZE)))


def shop(seed: int, people: int, minutes: float, *, alike: float = 0.15) -> Shop:
    """`people` visits over some minutes; a share of them looks much like someone before."""
    rng = np.random.default_rng(seed)
    begins = NOON_S + np.sort(rng.uniform(0, 60 * minutes, people))
    crowd = [walk(rng, n, round(b, 1), int(rng.integers(2, 6))) for n, b in enumerate(begins)]
    for person in crowd[1:]:
        if rng.random() < alike:
            twin = crowd[int(rng.integers(0, person.number))]
            person.looks = _unit(twin.looks + 0.6 * _unit(rng.standard_normal(SIZE)))
    return film(rng, crowd)


def film(rng: np.random.Generator, crowd: list[Person]) -> Shop:
    """Let the three cameras see and track the crowd."""
    found = Shop()
    common = 0.55 * _unit(rng.standard_normal(SIZE))
    shift = {name: 0.35 * _unit(rng.standard_normal(SIZE)) for name in SPANS_M}
    frames: dict[tuple[int, str], list[TrackedBox]] = defaultdict(list)
    ended: dict[tuple[int, str], list[int]] = defaultdict(list)
    track_id = 0
    for person in crowd:
        for name, (a, b) in SPANS_M.items():
            current, wander, due_s = 0, np.zeros(2), 0.0
            for at_s, x, y in person.path:
                tick = round(at_s / EVERY_S)
                seen = a + 0.1 < x < b - 0.1
                found.visible_s[person.number] += EVERY_S * seen
                if current and (not seen or rng.random() < EVERY_S / 40):
                    ended[tick, name].append(current)
                    current, due_s = 0, at_s + rng.uniform(0.5, 3)
                if not seen or at_s < due_s:
                    continue
                if not current:
                    track_id += 1
                    current = track_id
                wander = 0.9 * wander + 0.05 * rng.standard_normal(2)
                fx, fy = (x + wander[0] - a) / (b - a), (y + wander[1]) / DEPTH_M
                fx, fy = min(max(fx, 0.0), 1.0), min(max(fy, 0.02), 0.98)
                box = TrackedBox(current, fx - 0.03, max(fy - 0.1, 0), fx + 0.03, fy, 0.9, True)
                frames[tick, name].append(box)
                found.who[name, current, round(tick * EVERY_S, 1)] = person.number
                if tick % 5 == 0:
                    noise = 0.57 * _unit(rng.standard_normal(SIZE))
                    vector = _unit(person.looks + common + shift[name] + noise)
                    found.messages.append(
                        Appearance(name, current, round(tick * EVERY_S, 1), vector, 0.8)
                    )
            if current:
                ended[round(person.path[-1, 0] / EVERY_S) + 1, name].append(current)
    for tick, name in {*frames, *ended}:
        at_s = round(tick * EVERY_S, 1)
        update = TracksUpdated(name, tick, at_s, at_s + 0.1, frames[tick, name], ended[tick, name])
        found.messages.append(update)
    found.messages.sort(key=_when)
    return found


def _when(message: TracksUpdated | Appearance) -> tuple[float, int, str]:
    if isinstance(message, TracksUpdated):
        return message.taken_at, 0, message.camera
    return message.at_s, 1, message.camera


def feed(desk: IdentityDesk, messages: list[TracksUpdated | Appearance]) -> list[object]:
    """Everything that the desk answers."""
    answers: list[object] = []
    for message in messages:
        if isinstance(message, TracksUpdated):
            answers += desk.tracks(message)
        else:
            answers += desk.appearances([message])
    last = messages[-1]
    end_s = last.taken_at if isinstance(last, TracksUpdated) else last.at_s
    for second in range(1, 20):
        answers += desk.tick(end_s + second)
    return answers


def scored(found: Shop, answers: list[object]) -> IdentityScore:
    """Whole tracks by their last answer against truth."""
    said = {(a.camera, a.track_id): a.identity for a in answers if isinstance(a, IdentityAssigned)}
    seconds: dict[tuple[str, int, int], float] = defaultdict(float)
    for (camera, track_id, _), person in found.who.items():
        seconds[camera, track_id, person] += EVERY_S
    names = {key: "" if name == UNKNOWN else name for key, name in said.items()}
    marks = [Mark(c, t, names.get((c, t), ""), p, s) for (c, t, p), s in seconds.items()]
    return score_identities(found.visible_s, marks)


class Tokens:
    """Names in order instead of random ones."""

    def __init__(self) -> None:
        self.given = 0

    def __call__(self) -> str:
        self.given += 1
        return f"p{self.given}"


def _unit(vector: np.ndarray) -> np.ndarray:
    return (vector / np.linalg.norm(vector)).astype(np.float32)
