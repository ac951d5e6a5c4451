"""How much of the tracker's figure is luck of its settings.

    python -m benchmarks.tracker_luck [--json]

The settings were searched for on the sequences that measure them. *Near*: all of them changed at
random by up to 20 % at once, 20 times: how far does HOTA on the second halves of MOT17 fall?
*Unseen*: 40 settings drawn from wide ranges; each sequence is tracked with the one that did best
on the other three, so no sequence has a say in its own settings.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from edge_agent.tracking import camera_motion, habits, kalman
from edge_agent.tracking.bytetrack import Tracker
from edge_agent.tracking.found import Limits
from trinetra.evaluation.mot import MotOptions, evaluate_mot

ASSETS = Path(__file__).parents[2] / "shared" / "assets"
MOT17 = MotOptions(ASSETS / "mot" / "MOT17", detections="yolox_x_ablation", second_half=True)
SPREAD = 0.2
RANGES = {
    "low": (0.02, 0.15),
    "sure": (0.4, 0.65),
    "new": (0.5, 0.75),
    "doubt_share": (0.0, 0.7),
    "first_match": (0.1, 0.3),
    "second_match": (0.35, 0.65),
    "tentative_match": (0.15, 0.4),
    "echo": (0.4, 0.6),
    "patience_s": (0.7, 3.0),
    "reach": (0.0, 0.75),
    "most_reach": (0.3, 1.2),
    "weak_blur": (0.0, 6.0),
}
"""About what the search was allowed to try."""
CONSTANTS: tuple[tuple[Any, str], ...] = (
    (kalman, "DRIFT"),
    (kalman, "PUSH"),
    (kalman, "BLUR"),
    (habits, "STEADY"),
    (habits, "ECHO_SHARE"),
    (habits, "MOST_DOUBT"),
    (camera_motion, "MEMORY_S"),
    (camera_motion, "DOUBT"),
)
"""Settings of the filter and of what is learned, which were searched for, too."""
WIDE = (0.5, 1.6)


def main() -> None:
    """Measure both and print them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--near", type=int, default=20)
    parser.add_argument("--unseen", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    if not ASSETS.is_dir():
        sys.exit("needs the evaluation assets in ../shared, which are not part of the project")
    rng = np.random.default_rng(asked.seed)
    told = {
        "shipped": _hota(Limits())["combined"]["HOTA"],
        "near": near(rng, asked.near),
        "unseen": unseen(rng, asked.unseen),
    }
    print(json.dumps(told) if asked.json else json.dumps(told, indent=1))


def near(rng: np.random.Generator, draws: int) -> dict[str, Any]:
    """HOTA of settings around the shipped ones."""
    found = []
    for _ in range(draws):
        moved = {
            key: float(value * rng.uniform(1 - SPREAD, 1 + SPREAD))
            for key, value in asdict(Limits()).items()
        }
        with constants_times(rng, 1 - SPREAD, 1 + SPREAD):
            found.append(_hota(Limits(**moved))["combined"]["HOTA"])
        _say(f"near {found[-1]:.2f}")
    return {"draws": draws, **_spread(found)}


def unseen(rng: np.random.Generator, draws: int) -> dict[str, Any]:
    """HOTA where each sequence's settings were chosen on the others."""
    with tempfile.TemporaryDirectory() as folder:
        root, figures = Path(folder), []
        for draw in range(draws):
            limits = Limits(**{key: float(rng.uniform(*ends)) for key, ends in RANGES.items()})
            with constants_times(rng, *WIDE):
                figures.append(_hota(limits, root / str(draw)))
            _say(f"drawn {figures[-1]['combined']['HOTA']:.2f}")
        picks = _picks([each["sequences"] for each in figures])
        for name, pick in picks.items():
            (root / "picked").mkdir(exist_ok=True)
            shutil.copy(root / str(pick) / f"{name}.txt", root / "picked")
        ready = replace(MOT17, detections=None, tracks=root / "picked")
        chosen = evaluate_mot(ready, lambda *_: None)
    return {
        "draws": draws,
        "all": _spread([each["combined"]["HOTA"] for each in figures]),
        "chosen_on_others": chosen["combined"],
        "sequences": {name: each["HOTA"] for name, each in chosen["sequences"].items()},
    }


def _picks(figures: list[dict[str, dict[str, float]]]) -> dict[str, int]:
    """For each sequence the draw that is best on the mean of the others."""
    return {
        name: max(
            range(len(figures)),
            key=lambda draw: sum(
                each["HOTA"] for other, each in figures[draw].items() if other != name
            ),
        )
        for name in figures[0]
    }


@contextmanager
def constants_times(rng: np.random.Generator, low: float, high: float) -> Iterator[None]:
    """Multiply each of `CONSTANTS` by a number of its own while this lasts."""
    before = [(module, name, getattr(module, name)) for module, name in CONSTANTS]
    noise = kalman.NOISE
    for module, name, value in before:
        setattr(module, name, value * rng.uniform(low, high))
    kalman.NOISE = np.stack([kalman.DRIFT, kalman.RATE_HZ * kalman.PUSH]) ** 2
    try:
        yield
    finally:
        kalman.NOISE = noise
        for module, name, value in before:
            setattr(module, name, value)


def _hota(limits: Limits, out: Path | None = None) -> dict[str, Any]:
    options = replace(MOT17, tracker=partial(Tracker, limits=limits), out=out)
    return evaluate_mot(options, lambda *_: None)


def _spread(found: list[float]) -> dict[str, float]:
    return {"min": min(found), "median": statistics.median(found), "max": max(found)}


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
