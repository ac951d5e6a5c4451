"""Colours of surfaces: functions of metric coordinates that give BGR in 0..1, one row a point."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating]
Bgr = tuple[float, float, float]

GOODS: Array = np.array(
    [
        (40, 40, 200), (50, 120, 230), (60, 200, 240), (70, 160, 60), (160, 100, 40),
        (190, 60, 90), (235, 235, 230), (120, 60, 150), (40, 60, 110), (210, 190, 120),
        (60, 60, 60), (150, 210, 170), (90, 90, 220), (200, 220, 240), (30, 90, 40),
        (180, 140, 210), (100, 190, 250), (140, 40, 30),
    ],
    dtype=np.float32,
) / 255  # fmt: skip
FRUIT: Array = np.array(
    [(40, 50, 190), (50, 140, 240), (60, 170, 110), (70, 210, 235), (60, 40, 120), (90, 190, 120)],
    dtype=np.float32,
) / 255  # fmt: skip


@dataclass(frozen=True)
class Style:
    """The look of one shop and one set of cameras; see `style_of`."""

    seed: int = 7
    floor: Bgr = (0.70, 0.75, 0.78)
    grout: Bgr = (0.55, 0.59, 0.62)
    tile_m: float = 0.5
    wall: Bgr = (0.76, 0.82, 0.84)
    brand: Bgr = (0.42, 0.46, 0.16)
    street: Bgr = (0.72, 0.72, 0.70)
    shelf: Bgr = (0.72, 0.72, 0.70)
    exposure: float = 1.0
    cast: Bgr = (1.0, 1.0, 1.0)
    noise: float = 2.2
    blur: float = 0.55
    vignette: float = 0.22


def style_of(seed: int) -> Style:
    """A look drawn from `seed`: floor, walls, brand colour, light, noise, sharpness."""
    rng = np.random.default_rng(seed)
    grey = rng.uniform(0.35, 0.85)
    floor = _tinted(rng, grey, 0.12)
    wall = _tinted(rng, rng.uniform(0.55, 0.92), 0.08)
    warm = rng.uniform(-0.08, 0.08)
    return Style(
        seed=seed,
        floor=floor,
        grout=_scaled(floor, rng.uniform(0.7, 1.1)),
        tile_m=float(rng.choice([0.3, 0.4, 0.5, 0.6, 1.0])),
        wall=wall,
        brand=_tinted(rng, rng.uniform(0.2, 0.7), 0.3),
        street=_tinted(rng, rng.uniform(0.4, 0.85), 0.05),
        shelf=_tinted(rng, rng.uniform(0.3, 0.85), 0.08),
        exposure=float(rng.uniform(0.68, 1.15)),
        cast=(1 - warm, 1.0, 1 + warm),
        noise=float(rng.uniform(0.8, 5.0)),
        blur=float(rng.uniform(0.35, 1.0)),
        vignette=float(rng.uniform(0.05, 0.4)),
    )


def pick(seed: int, *keys: Array) -> npt.NDArray[np.uint32]:
    """A well-mixed 32-bit number for each row of integer-valued coordinates."""
    mixed = np.full(keys[0].shape, seed * 2654435761 % 2**32, dtype=np.uint32)
    for key in keys:
        mixed = (mixed ^ np.floor(key).astype(np.int64).astype(np.uint32)) * np.uint32(0x9E3779B1)
        mixed ^= mixed >> np.uint32(15)
        mixed *= np.uint32(0x85EBCA6B)
        mixed ^= mixed >> np.uint32(13)
    return mixed


def unit(seed: int, *keys: Array) -> Array:
    """`pick` as a number in 0..1."""
    return (pick(seed, *keys) & np.uint32(0xFFFF)).astype(np.float32) / 65535


def floor_colour(x: Array, y: Array, style: Style) -> Array:
    """Tiles with grout, each a little different, and fine speckle."""
    tx, ty = x / style.tile_m, y / style.tile_m
    shade = 0.96 + 0.08 * unit(style.seed, tx, ty) + 0.03 * (unit(3, x * 90, y * 90) - 0.5)
    colour = np.asarray(style.floor, np.float32) * shade[:, None]
    edge = np.minimum(np.minimum(tx % 1, 1 - tx % 1), np.minimum(ty % 1, 1 - ty % 1))
    colour[edge * style.tile_m < 0.006] = style.grout
    return colour


def street_colour(x: Array, y: Array, style: Style) -> Array:
    """Paving slabs outside the doors."""
    tx, ty = x / 0.8 + 0.5 * (np.floor(y / 0.5) % 2), y / 0.5
    colour = np.asarray(style.street, np.float32) * (0.93 + 0.14 * unit(11, tx, ty))[:, None]
    edge = np.minimum(np.minimum(tx % 1, 1 - tx % 1) * 0.8, np.minimum(ty % 1, 1 - ty % 1) * 0.5)
    colour[edge < 0.012] *= 0.78
    return colour


def wall_colour(u: Array, z: Array, style: Style) -> Array:
    """Painted wall with skirting, a brand band under the ceiling and a few posters."""
    colour = np.tile(np.asarray(style.wall, np.float32), (len(u), 1))
    colour[z < 0.12] *= 0.62
    colour[(z > 2.2) & (z < 2.5)] = style.brand
    slot = u / 2.4
    poster = (unit(style.seed + 5, slot) > 0.45) & (np.abs(slot % 1 - 0.5) < 0.2)
    poster &= (z > 1.15) & (z < 2.0)
    colour[poster] = GOODS[pick(style.seed + 6, slot)[poster] % len(GOODS)]
    colour[poster & (np.abs(z - 1.6) < 0.16) & (np.abs(slot % 1 - 0.5) < 0.14)] = 0.93
    return colour


def facade_colour(u: Array, z: Array, style: Style) -> Array:
    """The house across the street: shop windows between piers."""
    colour = np.tile(_bgr(0.62, 0.66, 0.70), (len(u), 1))
    slot = u / 3.1
    window = (np.abs(slot % 1 - 0.5) < 0.38) & (z > 0.5) & (z < 2.6)
    tone = 0.35 + 0.3 * unit(style.seed + 9, slot) + 0.12 * (z / 3)
    colour[window] = tone[window, None] * _bgr(1.0, 0.95, 0.85)
    sign = (z > 2.8) & (z < 3.3)
    colour[sign] = GOODS[pick(style.seed + 8, slot)[sign] % len(GOODS)] * 0.8
    return colour


def goods_colour(u: Array, z: Array, seed: int, style: Style, level_m: float = 0.37) -> Array:
    """The front of a shelf: boards with price labels, packets of many colours and heights."""
    level, part = np.floor(z / level_m), z / level_m % 1
    width = 0.10 + 0.12 * unit(seed, level)
    column = u / width + 0.37 * level
    across = column % 1
    kind = np.floor(column / (2 + np.floor(4 * unit(seed + 1, level))))
    colour: Array = GOODS[pick(seed + 2, kind, level) % len(GOODS)]
    colour = colour * (0.85 + 0.15 * np.sin(np.pi * across))[:, None]
    label = (np.abs(across - 0.5) < 0.32) & (np.abs(part - 0.42) < 0.13)
    colour[label] = (
        colour[label] * 0.25 + 0.72 * GOODS[pick(seed + 3, kind, level)[label] % 8] + 0.1
    )
    colour *= (1.0 - 0.35 * part)[:, None]
    gap = (part > 0.62 + 0.25 * unit(seed + 4, kind, level)) | (across < 0.05)
    colour[gap] = _bgr(0.13, 0.13, 0.14)
    board = part < 0.10
    colour[board] = np.asarray(style.shelf, np.float32) * 0.95
    price = board & (across > 0.25) & (across < 0.7) & (unit(seed + 5, column, level) > 0.3)
    colour[price] = _bgr(0.55, 0.92, 0.95)
    return colour


def fridge_colour(u: Array, z: Array, seed: int, style: Style) -> Array:
    """Glass doors of a lit fridge in dark frames."""
    colour = goods_colour(u, z, seed, style, level_m=0.34) * 0.85 + _bgr(0.14, 0.12, 0.09)
    door = u / 0.75 % 1
    colour[(door < 0.07) | (z < 0.22) | (z > 1.85)] = _bgr(0.20, 0.20, 0.21)
    colour[(np.abs(door - 0.13) < 0.02) & (z > 0.7) & (z < 1.3)] = 0.75
    colour[(np.abs(door - 0.6 + 0.15 * z) < 0.05)] += 0.10
    return colour


def fruit_colour(x: Array, y: Array, seed: int) -> Array:
    """Crates of round fruit, seen from above."""
    crate_x, crate_y = x / 0.4, y / 0.4
    fruit = FRUIT[pick(seed, crate_x, crate_y) % len(FRUIT)]
    dx, dy = x / 0.085 % 1 - 0.5, y / 0.085 % 1 - 0.5
    bump = 1.05 - 1.5 * (dx**2 + dy**2) + 0.25 * (unit(seed, x / 0.085, y / 0.085) - 0.5)
    colour = fruit * bump[:, None]
    rim = np.minimum(crate_x % 1, crate_y % 1) < 0.09
    colour[rim] = _bgr(0.30, 0.45, 0.58)
    return colour.astype(np.float32)


def plain(count: int, colour: Bgr) -> Array:
    """One colour for every row."""
    return np.tile(np.asarray(colour, np.float32), (count, 1))


def _bgr(b: float, g: float, r: float) -> Array:
    return np.array([b, g, r], np.float32)


def _tinted(rng: np.random.Generator, grey: float, amount: float) -> Bgr:
    b, g, r = np.clip(grey + rng.uniform(-amount, amount, 3), 0.05, 0.97)
    return float(b), float(g), float(r)


def _scaled(colour: Bgr, factor: float) -> Bgr:
    b, g, r = (min(1.0, part * factor) for part in colour)
    return b, g, r
