"""What a shop is built of, and the colour and light of every visible point of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simulator import textures
from simulator.plan import Fixture, Rect, Scenario
from simulator.textures import Array, Style

STREET_M = 7.0
CEILING_M = 3.8


@dataclass(frozen=True)
class Box:
    """An axis-aligned box of one surface kind; `key` varies its goods."""

    kind: str
    rect: Rect
    from_m: float
    to_m: float
    key: int = 0


def boxes_of(scenario: Scenario) -> list[Box]:
    """Walls with their openings, the houses across the street, fixtures and what stands on them."""
    width, depth, high = scenario.width_m, scenario.depth_m, scenario.wall_height_m
    boxes = [
        Box("wall", (-0.15, -0.15, 0.0, depth + 0.15), 0, high),
        Box("wall", (width, -0.15, width + 0.15, depth + 0.15), 0, high),
        Box("facade", (-20, -STREET_M - 1, width + 20, -STREET_M), 0, 6),
        Box("facade", (-20, depth + STREET_M, width + 20, depth + STREET_M + 1), 0, 6),
    ]
    for wall, y0, y1 in (("north", -0.15, 0.0), ("south", depth, depth + 0.15)):
        edge = 0.0
        for door in sorted(
            (d for d in scenario.doors if d.wall == wall), key=lambda each: each.from_m
        ):
            boxes.append(Box("wall", (edge, y0, door.from_m, y1), 0, high))
            lintel = (door.from_m, y0, door.to_m, y1)
            boxes.append(Box("lintel", lintel, scenario.door_height_m, high))
            for post in (door.from_m, door.to_m):
                boxes.append(Box("metal", (post - 0.05, y0 - 0.02, post + 0.05, y1 + 0.02), 0, 2.5))
            edge = door.to_m
        boxes.append(Box("wall", (edge, y0, width, y1), 0, high))
    for key, fixture in enumerate(scenario.fixtures):
        boxes.append(Box(fixture.kind, fixture.rect, 0, fixture.height_m, key * 17 + 3))
        boxes += _things_on(fixture, key)
    return boxes


def _things_on(fixture: Fixture, key: int) -> list[Box]:
    """What stands on a till or a table."""
    x0, y0, x1, y1 = fixture.rect
    top = fixture.height_m
    if fixture.kind == "till":
        x, y = (x0 + x1) / 2, y0 + (y1 - y0) * 0.3
        return [
            Box("metal", (x - 0.03, y - 0.03, x + 0.03, y + 0.03), top, top + 0.25),
            Box("metal", (x - 0.04, y - 0.2, x + 0.04, y + 0.2), top + 0.2, top + 0.5),
            Box("metal", (x0 + 0.1, y - 0.25, x0 + 0.4, y + 0.1), top, top + 0.12),
        ]
    if fixture.kind != "table":
        return []
    piles = []
    for ix, x in enumerate(np.arange(x0 + 0.08, x1 - 0.2, 0.26)):
        for iy, y in enumerate(np.arange(y0 + 0.08, y1 - 0.2, 0.26)):
            high = top + 0.08 * (1 + (ix * 7 + iy * 5 + key) % 4)
            corner = (float(x), float(y), float(x) + 0.22, float(y) + 0.22)
            piles.append(Box("pile", corner, top, high, key + ix // 2 * 3 + iy // 2))
    return piles


def shade(
    scenario: Scenario,
    style: Style,
    boxes: list[Box],
    points: Array,
    rays: Array,
    owner: npt.NDArray[np.int16],
    axis: npt.NDArray[np.int8],
) -> Array:
    """Colour times light for every sub-pixel, (H, W, 3) in about 0..1."""
    picture = np.empty((*owner.shape, 3), np.float32)
    picture[owner == -2] = (0.80, 0.82, 0.82)
    floor = owner == -1
    picture[floor] = _floor(scenario, style, points[floor], rays[floor])
    for index, box in enumerate(boxes):
        mask = owner == index
        if mask.any():
            picture[mask] = _box(box, style, points[mask], axis[mask])
    return picture


def _floor(scenario: Scenario, style: Style, at: Array, rays: Array) -> Array:
    x, y = at[:, 0], at[:, 1]
    outside = (y < 0) | (y > scenario.depth_m) | (x < 0) | (x > scenario.width_m)
    colour = textures.floor_colour(x, y, style)
    colour[outside] = textures.street_colour(x[outside], y[outside], style) * 1.12
    for door in scenario.doors:
        across = np.minimum(x - door.from_m, door.to_m - x)
        along = door.inside_m(scenario.depth_m, 0.0) + (y if door.wall == "north" else -y)
        mat = (across > 0.15) & (along > 0.1) & (along < 0.85)
        ribs = 0.22 + 0.05 * (np.sin(along[mat] * 130) > 0)
        colour[mat] = ribs[:, None]
        border = mat & ((across < 0.2) | (along < 0.15) | (along > 0.8))
        colour[border] = 0.15
    light = np.full(len(x), 0.80, np.float32)
    shine = np.zeros(len(x), np.float32)
    reach = (CEILING_M - 0.0) / np.maximum(-rays[:, 2], 0.05)
    lamp_x, lamp_y = x + rays[:, 0] * reach, y + rays[:, 1] * reach
    for cx in np.arange(2.5, scenario.width_m, 3.6):
        for cy in np.arange(2.0, scenario.depth_m, 3.0):
            light += 0.22 * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / 2.6)
            inside = np.maximum(np.abs(lamp_x - cx) - 0.6, 0) + np.maximum(
                np.abs(lamp_y - cy) - 0.15, 0
            )
            shine += 0.10 * np.exp(-((inside / 0.25) ** 2))
    for fixture in scenario.fixtures:
        x0, y0, x1, y1 = fixture.rect
        away = np.hypot(
            np.maximum(np.maximum(x0 - x, x - x1), 0), np.maximum(np.maximum(y0 - y, y - y1), 0)
        )
        light *= 1 - 0.45 * np.exp(-away / 0.2)
    wall = np.minimum(np.abs(x), np.abs(scenario.width_m - x))
    light *= 1 - 0.3 * np.exp(-wall / 0.25)
    light[outside], shine[outside] = 1.0, 0.0
    return (colour * light[:, None] + shine[:, None]).astype(np.float32)


def _box(box: Box, style: Style, at: Array, axis: npt.NDArray[np.int8]) -> Array:
    """Colour of the points of one box, lit from the ceiling."""
    x0, y0, x1, y1 = box.rect
    z = at[:, 2]
    u = np.where(axis == 0, at[:, 1] - y0, at[:, 0] - x0)
    top = axis == 2
    # goods look out over the long sides of a shelf; short sides are panels
    ends = (axis == 1) != (x1 - x0 >= y1 - y0)
    colour = _side_colour(box, style, u, z)
    if box.kind in ("shelf", "wall_shelf"):
        panel = ends & ~top
        colour[panel] = np.asarray(style.brand, np.float32)
        colour[panel & (np.abs(z - 1.0) < 0.22) & (np.abs(u - 0.4) < 0.28)] = 0.92
    if top.any():
        colour[top] = _top_colour(box, style, at[top])
    facing = np.where(top, 1.0, np.where(axis == 0, 0.84, 0.76)).astype(np.float32)
    grounded = 1 - 0.35 * np.exp(-(z - box.from_m * 0) / 0.18)
    light = facing * np.where(top, 1.0, grounded * (0.82 + 0.12 * z))
    return (colour * np.minimum(light, 1.15)[:, None]).astype(np.float32)


def _side_colour(box: Box, style: Style, u: Array, z: Array) -> Array:
    match box.kind:
        case "wall" | "lintel":
            return textures.wall_colour(u, z, style)
        case "facade":
            return textures.facade_colour(u, z, style)
        case "shelf" | "wall_shelf":
            return textures.goods_colour(u, z, box.key + style.seed * 31, style)
        case "fridge":
            return textures.fridge_colour(u, z, box.key + style.seed * 31, style)
        case "pile":
            return textures.plain(len(u), _goods(box.key + style.seed))
        case "till":
            colour = textures.plain(len(u), (0.42, 0.52, 0.62))
            colour[(z > 0.62) & (z < 0.78)] = style.brand
            return colour
        case "metal":
            return textures.plain(len(u), (0.22, 0.22, 0.22))
        case "crates":
            colour = textures.plain(len(u), (0.30, 0.42, 0.52))
            colour[z % 0.2 < 0.03] *= 0.6
            return colour
        case _:
            return textures.plain(len(u), (0.86, 0.87, 0.86))


def _top_colour(box: Box, style: Style, at: Array) -> Array:
    x, y = at[:, 0], at[:, 1]
    match box.kind:
        case "crates":
            return textures.fruit_colour(x, y, box.key + style.seed)
        case "till":
            belt = np.abs(x - (box.rect[0] + box.rect[2]) / 2) < 0.22
            colour = textures.plain(len(x), (0.62, 0.64, 0.65))
            colour[belt] = 0.16
            return colour
        case "freezer":
            colour = textures.fruit_colour(x * 0.5, y * 0.5, box.key) * 0.5 + 0.3
            rim = np.minimum(x - box.rect[0], box.rect[2] - x)
            rim = np.minimum(rim, np.minimum(y - box.rect[1], box.rect[3] - y))
            colour[rim < 0.12] = 0.85
            return colour.astype(np.float32)
        case "pile":
            return textures.plain(len(x), _goods(box.key + style.seed))
        case "table":
            return textures.plain(len(x), (0.45, 0.58, 0.70))
        case _:
            return textures.plain(len(x), style.shelf)


def _goods(key: int) -> textures.Bgr:
    b, g, r = textures.GOODS[key % len(textures.GOODS)]
    return float(b), float(g), float(r)
