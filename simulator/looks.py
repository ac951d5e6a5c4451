"""Who a simulated person is: build, clothes, hair and bags, drawn from a seeded generator."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass
from typing import Literal

import numpy as np

from simulator.textures import Bgr

Top = Literal["plain", "striped", "jacket", "vest", "blocks"]
Bottom = Literal["trousers", "shorts", "skirt"]
Hair = Literal["short", "long", "bald", "cap", "bun"]
Bag = Literal["none", "backpack", "shopper", "shoulder"]

SKIN: tuple[Bgr, ...] = (
    (0.72, 0.80, 0.94), (0.60, 0.70, 0.88), (0.48, 0.60, 0.80),
    (0.33, 0.45, 0.64), (0.22, 0.31, 0.47), (0.16, 0.22, 0.34),
)  # fmt: skip
HAIR: tuple[Bgr, ...] = (
    (0.06, 0.07, 0.08), (0.09, 0.13, 0.20), (0.13, 0.21, 0.33),
    (0.30, 0.48, 0.62), (0.14, 0.24, 0.48), (0.58, 0.60, 0.62),
)  # fmt: skip


@dataclass(frozen=True)
class Look:
    """Appearance of one person; `build` scales widths, colours are BGR in 0..1."""

    height_m: float
    build: float
    top: Top
    top_colour: Bgr
    second_colour: Bgr
    long_sleeves: bool
    coat: bool
    bottom: Bottom
    bottom_colour: Bgr
    shoe_colour: Bgr
    skin: Bgr
    hair: Hair
    hair_colour: Bgr
    bag: Bag
    bag_colour: Bgr
    seed: int


def look_of(seed: int) -> Look:
    """The person drawn from `seed`; equal seeds give equal people."""
    rng = np.random.default_rng([seed, 77])
    woman = rng.random() < 0.5
    tall = rng.normal(1.67 if woman else 1.79, 0.065)
    bottoms: tuple[Bottom, ...] = ("trousers", "shorts", "skirt")
    weights = [0.70, 0.08, 0.22] if woman else [0.86, 0.14, 0.0]
    tops: tuple[Top, ...] = ("plain", "striped", "jacket", "vest", "blocks")
    hairs: tuple[Hair, ...] = ("short", "long", "bald", "cap", "bun")
    hair_weights = [0.25, 0.5, 0.0, 0.05, 0.2] if woman else [0.72, 0.05, 0.11, 0.12, 0.0]
    bags: tuple[Bag, ...] = ("none", "backpack", "shopper", "shoulder")
    return Look(
        height_m=float(np.clip(tall, 1.5, 1.95)),
        build=float(np.clip(rng.normal(0.97 if woman else 1.05, 0.09), 0.84, 1.3)),
        top=tops[rng.choice(5, p=[0.42, 0.13, 0.25, 0.08, 0.12])],
        top_colour=_cloth(rng),
        second_colour=_cloth(rng),
        long_sleeves=bool(rng.random() < 0.62),
        coat=bool(rng.random() < 0.16),
        bottom=bottoms[rng.choice(3, p=weights)],
        bottom_colour=_trousers(rng),
        shoe_colour=_shoe(rng),
        skin=SKIN[rng.choice(6, p=[0.25, 0.25, 0.2, 0.12, 0.1, 0.08])],
        hair=hairs[rng.choice(5, p=hair_weights)],
        hair_colour=HAIR[rng.choice(6, p=[0.3, 0.25, 0.2, 0.1, 0.05, 0.1])],
        bag=bags[rng.choice(4, p=[0.48, 0.17, 0.2, 0.15])],
        bag_colour=_cloth(rng),
        seed=seed,
    )


def _cloth(rng: np.random.Generator) -> Bgr:
    """Mostly muted, sometimes loud."""
    if rng.random() < 0.32:
        grey = float(rng.choice([0.08, 0.12, 0.25, 0.5, 0.85, 0.93]))
        return grey * 1.02, grey, grey * 0.98
    loud = rng.random() < 0.4
    saturation = rng.uniform(0.55, 0.9) if loud else rng.uniform(0.2, 0.55)
    r, g, b = colorsys.hsv_to_rgb(rng.random(), saturation, rng.uniform(0.25, 0.9))
    return b, g, r


def _trousers(rng: np.random.Generator) -> Bgr:
    kind = rng.random()
    if kind < 0.4:
        dark = rng.uniform(0.18, 0.5)
        return dark * 1.15, dark * 0.78, dark * 0.55
    if kind < 0.75:
        grey = float(rng.uniform(0.07, 0.35))
        return grey, grey, grey
    if kind < 0.9:
        light = rng.uniform(0.4, 0.75)
        return light * 0.72, light * 0.88, light
    return _cloth(rng)


def _shoe(rng: np.random.Generator) -> Bgr:
    grey = float(rng.choice([0.06, 0.1, 0.2, 0.8, 0.9]))
    return grey, grey, grey * float(rng.uniform(0.9, 1.1))
