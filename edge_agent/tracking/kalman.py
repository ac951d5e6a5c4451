"""Constant-velocity Kalman filter for boxes, all tracks in one batch of arrays.

A box is (centre x, centre y, width, height) in pixels and its velocity in pixels per second.
The four coordinates do not influence each other, so the 8 × 8 covariance of SORT is four
2 × 2 blocks; each is kept as its three different numbers. Noise grows with the size of the
person as in DeepSORT (Wojke et al. 2017) and with time instead of frames, so that one filter
serves cameras of any and of varying frame rate.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

POSITION_WEIGHT = 1 / 20
"""Standard deviation of a measured or drifted position, in sizes of the box."""
VELOCITY_WEIGHT = 1 / 320
"""Standard deviation of the velocity's drift from frame to frame, in sizes of the box: half
of DeepSORT's, since shop cameras do not move."""
RATE_HZ = 30.0
"""Frame rate that the two weights are meant for; they are scaled to time with it."""


class Motion(NamedTuple):
    """State of N tracks, each (N, 4): means and the three numbers of every 2 × 2 block."""

    box: Floats
    velocity: Floats
    box_var: Floats
    cross: Floats
    velocity_var: Floats


def start(measured: Floats) -> Motion:
    """New motions from measured boxes (N, 4): velocity zero and very unsure."""
    size = _size(measured)
    return Motion(
        box=measured.copy(),
        velocity=np.zeros_like(measured),
        box_var=(2 * POSITION_WEIGHT * size) ** 2,
        cross=np.zeros_like(measured),
        velocity_var=(10 * VELOCITY_WEIGHT * RATE_HZ * size) ** 2,
    )


def predict(motion: Motion, dt_s: float) -> Motion:
    """The motions `dt_s` seconds later."""
    size = _size(motion.box)
    drift = (POSITION_WEIGHT * size) ** 2 * (RATE_HZ * dt_s)
    push = (VELOCITY_WEIGHT * RATE_HZ * size) ** 2 * (RATE_HZ * dt_s)
    box = motion.box + motion.velocity * dt_s
    box[:, 2:] = np.maximum(box[:, 2:], 1.0)
    return Motion(
        box=box,
        velocity=motion.velocity,
        box_var=motion.box_var + dt_s * (2 * motion.cross + dt_s * motion.velocity_var) + drift,
        cross=motion.cross + dt_s * motion.velocity_var,
        velocity_var=motion.velocity_var + push,
    )


def correct(motion: Motion, measured: Floats) -> Motion:
    """The motions after a measurement (N, 4) of every one of them."""
    noise = (POSITION_WEIGHT * _size(motion.box)) ** 2
    surprise = measured - motion.box
    total = motion.box_var + noise
    gain, velocity_gain = motion.box_var / total, motion.cross / total
    box = motion.box + gain * surprise
    box[:, 2:] = np.maximum(box[:, 2:], 1.0)
    return Motion(
        box=box,
        velocity=motion.velocity + velocity_gain * surprise,
        box_var=motion.box_var * (1 - gain),
        cross=motion.cross * (1 - gain),
        velocity_var=motion.velocity_var - velocity_gain * motion.cross,
    )


def _size(box: Floats) -> Floats:
    """(N, 4): width for x and width, height for y and height (as BoT-SORT scales noise)."""
    return box[:, [2, 3, 2, 3]]


def boxes_of(xyxy: Floats) -> Floats:
    """(N, 4) corners to centre, width, height."""
    low, high = xyxy[:, :2], xyxy[:, 2:]
    return np.concatenate([(low + high) / 2, high - low], axis=1)


def corners_of(box: Floats) -> Floats:
    """(N, 4) centre, width, height to corners."""
    half = box[:, 2:] / 2
    return np.concatenate([box[:, :2] - half, box[:, :2] + half], axis=1)
