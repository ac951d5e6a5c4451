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

DRIFT = np.array([[0.035], [0.035], [0.035], [0.035]])
"""Standard deviation of the box's own drift from frame to frame, in sizes of the box."""
PUSH = np.array([[1 / 160], [1 / 160], [1 / 320], [1 / 320]])
"""Standard deviation of the velocity's drift from frame to frame, in sizes of the box."""
BLUR = np.array([[0.05], [0.05], [0.1], [0.1]])
"""Standard deviation of a measured box, in sizes of the box, for a steady detector."""
RATE_HZ = 30.0
"""Frame rate that drift and push are meant for; they are scaled to time with it."""


def start(measured: Floats) -> Motion:
    """New motions from measured boxes (4, N): velocity zero and very unsure."""
    size = _size(measured)
    motion = np.zeros((5, *measured.shape))
    motion[0] = measured
    motion[2] = (2 * DRIFT * size) ** 2
    motion[4] = (10 * RATE_HZ * PUSH * size) ** 2
    return motion


def predict(motion: Motion, dt_s: float) -> None:
    """Move the motions on by `dt_s` seconds, in place."""
    box, velocity, box_var, cross, velocity_var = motion
    size = _size(box)
    size *= size
    box += dt_s * velocity
    np.maximum(box[2:], 1.0, out=box[2:])
    frames = RATE_HZ * dt_s
    box_var += dt_s * (2 * cross + dt_s * velocity_var) + (frames * DRIFT**2) * size
    cross += dt_s * velocity_var
    velocity_var += (frames * RATE_HZ**2 * PUSH**2) * size


def correct(motion: Motion, measured: Floats, blur: Floats) -> Motion:
    """The motions after a measurement (4, N) of each; `blur` (N,) is in units of `BLUR`."""
    box, velocity, box_var, cross, velocity_var = motion
    noise = BLUR * blur * _size(box)
    noise *= noise
    noise += box_var
    gain, velocity_gain = box_var / noise, cross / noise
    surprise = measured - box
    after = np.empty_like(motion)
    np.add(box, gain * surprise, out=after[0])
    np.maximum(after[0, 2:], 1.0, out=after[0, 2:])
    np.add(velocity, velocity_gain * surprise, out=after[1])
    np.multiply(motion[2:4], 1 - gain, out=after[2:4])
    np.subtract(velocity_var, velocity_gain * cross, out=after[4])
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
