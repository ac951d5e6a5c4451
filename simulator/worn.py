"""What hangs on a figure: long hair, the skirts of coats, bags."""

from __future__ import annotations

import numpy as np

from simulator.looks import Look
from simulator.tubes import Array, Tube, upright


def hair_fall(look: Look, pelvis: float, lean: float, sway: float) -> Tube:
    """Long hair over the neck, or a bun."""
    if look.hair == "bun":
        rows = [(0.76, 0.01), (0.775, 0.045), (0.80, 0.055), (0.83, 0.045), (0.845, 0.01)]
        table = np.array([(z, -0.115, r, r) for z, r in rows])
    else:
        table = np.array(
            [
                (0.46, -0.10, 0.05, 0.015), (0.50, -0.10, 0.085, 0.032),
                (0.60, -0.075, 0.088, 0.045), (0.68, -0.05, 0.090, 0.068),
                (0.76, -0.035, 0.089, 0.078), (0.82, -0.03, 0.06, 0.06),
            ]
        )  # fmt: skip
    return upright(table, lean, pelvis, sway)


def skirt(look: Look, legs: list[tuple[float, float]], pelvis: float) -> Tube:
    """Skirt or the skirts of a coat, wide enough for the stride."""
    spread = max(abs(angles[0]) for angles in legs)
    long = 0.50 if look.bottom == "skirt" else 0.34
    rows = []
    for t in (0.0, 0.25, 0.5, 0.75, 1.0):
        half = (0.168 + 0.03 * t) * look.build * 1.05
        deep = (0.125 + 0.02 * t + 0.32 * spread * t) * look.build * 1.05
        rows.append((0.08 - t * (long + 0.08), 0.0, half, deep))
    return upright(np.array(rows), 0.0, pelvis, 0.0)


def bag(look: Look, hand: Array, pelvis: float, lean: float) -> Tube:
    """A backpack, a bag at the hip, or a shopper in the hand."""
    if look.bag == "backpack":
        table = np.array(
            [
                (0.08, -0.20, 0.02, 0.02), (0.10, -0.20, 0.12, 0.075), (0.26, -0.20, 0.13, 0.085),
                (0.42, -0.19, 0.12, 0.08), (0.48, -0.17, 0.08, 0.05), (0.49, -0.17, 0.01, 0.01),
            ]
        )  # fmt: skip
        return upright(table, lean, pelvis, 0.0)
    if look.bag == "shoulder":
        table = np.array(
            [
                (-0.12, 0.0, 0.01, 0.02), (-0.11, 0.0, 0.06, 0.15), (0.02, 0.0, 0.06, 0.15),
                (0.10, 0.0, 0.05, 0.12), (0.11, 0.0, 0.01, 0.02), (0.11, 0.0, 0.005, 0.005),
            ]
        )  # fmt: skip
        bag = upright(table, 0.0, pelvis, 0.0)
        bag.centres[:, 1] -= 0.215 * look.build
        return bag
    rows = [
        (-0.02, 0.01),
        (-0.06, 0.05),
        (-0.12, 0.14),
        (-0.30, 0.15),
        (-0.40, 0.13),
        (-0.41, 0.01),
    ]
    table = np.array([(hand[2] + z, hand[0], 0.4 * r, r) for z, r in rows])
    return upright(table, 0.0, 0.0, float(hand[1]))
