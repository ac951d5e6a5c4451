"""Constant-velocity Kalman filter for boxes, all tracks in one batch of arrays.

A box is (centre x, centre y, width, height) in pixels and its velocity in pixels per second;
arrays are (4, N), a column is a box. The four coordinates do not influence each other, so the
8 × 8 covariance of SORT is four 2 × 2 blocks; each is kept as its three different numbers.
Noise grows with the size of the person as in DeepSORT (Wojke et al. 2017) and with time instead
of frames, so that one filter serves cameras of any and of varying frame rate.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

Motion = Floats
"""(5, 4, N): boxes, velocities, and of every 2 × 2 block the variance of the box, the covariance
and the variance of the velocity."""

DRIFT = np.array([[0.045], [0.045], [0.035], [0.035]])
"""Standard deviation of the box's own drift from frame to frame, in sizes of the box."""
PUSH = np.array([[1 / 160], [1 / 160], [1 / 640], [1 / 640]])
"""Standard deviation of the velocity's drift from frame to frame, in sizes of the box."""
BLUR = np.array([[0.05], [0.05], [0.08], [0.08]])
"""Standard deviation of a measured box, in sizes of the box, for a steady detector."""
RATE_HZ = 30.0
"""Frame rate that drift and push are meant for; they are scaled to time with it."""
NOISE = np.stack([DRIFT, RATE_HZ * PUSH]) ** 2
"""(2, 4, 1): what a frame adds to the variance of box and velocity, in squared sizes."""


def start(measured: Floats) -> Motion:
    """New motions from measured boxes (4, N): velocity zero and very unsure."""
    size = _size(measured)
    motion = np.zeros((5, *measured.shape))
    motion[0] = measured
    motion[2] = (2 * DRIFT * size) ** 2
    motion[4] = (10 * RATE_HZ * PUSH * size) ** 2
    return motion


def predict(motion: Motion, dt_s: float) -> Motion:
    """The motions `dt_s` seconds later."""
    size = _size(motion[0])
    size *= size
    step = np.array(
        [
            [1, dt_s, 0, 0, 0],
            [0, 1, 0, 0, 0],
            [0, 0, 1, 2 * dt_s, dt_s * dt_s],
            [0, 0, 0, 1, dt_s],
            [0, 0, 0, 0, 1],
        ]
    )
    after: Motion = (step @ motion.reshape(5, -1)).reshape(motion.shape)
    np.maximum(after[0, 2:], 1.0, out=after[0, 2:])
    after[2::2] += (RATE_HZ * dt_s * NOISE) * size
    return after


def warp(motion: Motion, moved: Floats) -> Motion:
    """The motions in a picture whose pixels went where `moved` (2, 3) says: shift, turn, scale."""
    turn, grown = moved[:, :2], float(np.hypot(*moved[:, 0]))
    after: Motion = motion * np.array([grown, grown, grown**2, grown**2, grown**2])[:, None, None]
    after[0, :2] = turn @ motion[0, :2] + moved[:, 2:]
    after[1, :2] = turn @ motion[1, :2]
    return after


def correct(motion: Motion, measured: Floats, blur: Floats) -> Motion:
    """The motions after a measurement (4, N) of each; `blur` (N,) is in units of `BLUR`."""
    box = motion[0]
    noise = BLUR * blur
    noise *= _size(box)
    noise *= noise
    noise += motion[2]
    gain = motion[2:4] / noise
    after = np.empty_like(motion)
    np.multiply(gain, measured - box, out=after[:2])
    after[:2] += motion[:2]
    np.maximum(after[0, 2:], 1.0, out=after[0, 2:])
    np.multiply(gain, motion[3], out=after[3:])
    np.subtract(motion[3:], after[3:], out=after[3:])
    np.multiply(motion[2], 1 - gain[0], out=after[2])
    return after


def _size(box: Floats) -> Floats:
    """(4, N): width for x and width, height for y and height (as BoT-SORT scales noise)."""
    return np.concatenate((box[2:], box[2:]))


def boxes_of(corners: Floats) -> Floats:
    """(4, N) corners to centre, width, height."""
    low, high = corners[:2], corners[2:]
    return np.concatenate(((low + high) / 2, high - low))


def corners_of(box: Floats) -> Floats:
    """(4, N) centre, width, height to corners."""
    half = box[2:] / 2
    return np.concatenate((box[:2] - half, box[:2] + half))
