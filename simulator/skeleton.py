"""The shape of a walking figure: tubes of rings along bones, posed by the phase of the stride.

Body frame: x forward, y to one side, z up, metres, feet on z = 0. Proportions are those of an
adult of 1.75 m (segment lengths after Drillis and Contini 1966).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.looks import Look
from simulator.tubes import Array, Tube, tube_along, upright
from simulator.worn import bag, hair_fall, skirt

STRIDE_M = 1.40
THIGH_M, SHIN_M, ANKLE_M = 0.43, 0.42, 0.075
UPPER_ARM_M, FOREARM_M = 0.29, 0.25


@dataclass(frozen=True)
class Pose:
    """`phase` of the double step (rad), `gait` 0 standing to 1 walking, `reach` 0..1 of an arm."""

    phase: float = 0.0
    gait: float = 0.0
    reach: float = 0.0
    phone: float = 0.0


def tubes_of(look: Look, pose: Pose) -> list[Tube]:
    """Every part of the body in the order of `clothes.paint`."""
    wide = look.build
    sway = 0.02 * pose.gait * np.sin(pose.phase)
    legs = [_leg_angles(pose.phase + turn, pose.gait) for turn in (0.0, np.pi)]
    pelvis = max(_leg_length(*angles) for angles in legs) + ANKLE_M
    lean = 0.05 * pose.gait + 0.10 * pose.reach
    parts = [_torso(look, pelvis, lean, sway)]
    parts += [_neck_and_head(look, pelvis, lean, sway, pose.phone)]
    for side, angles in zip((-1.0, 1.0), legs, strict=True):
        parts += _leg(look, side, angles, pelvis, wide)
    hands = []
    for side, turn in ((-1.0, np.pi), (1.0, 0.0)):
        lifted = side > 0
        arm, hand = _arm(look, side, pose, turn, pelvis, lean, sway, lifted)
        parts.append(arm)
        hands.append(hand)
    if look.hair in ("long", "bun"):
        parts.append(hair_fall(look, pelvis, lean, sway))
    if look.bottom == "skirt" or look.coat:
        parts.append(skirt(look, legs, pelvis))
    if look.bag != "none":
        parts.append(bag(look, hands[0], pelvis, lean))
    return parts


def _leg_angles(phase: float, gait: float) -> tuple[float, float]:
    """(thigh forward, knee bend) in rad; the knee bends while the leg swings forward."""
    thigh = gait * (0.42 * np.sin(phase) + 0.05)
    knee = gait * (0.10 + 0.85 * max(0.0, np.cos(phase)) ** 1.4)
    return float(thigh), float(knee)


def _leg_length(thigh: float, knee: float) -> float:
    return float(THIGH_M * np.cos(thigh) + SHIN_M * np.cos(thigh - knee))


TORSO: Array = np.array(
    [
        (-0.10, 0.00, 0.02, 0.02), (-0.09, 0.00, 0.135, 0.105), (-0.03, 0.00, 0.172, 0.128),
        (0.04, 0.00, 0.168, 0.125), (0.10, 0.005, 0.156, 0.117), (0.16, 0.008, 0.148, 0.112),
        (0.22, 0.010, 0.150, 0.112), (0.28, 0.012, 0.158, 0.117), (0.34, 0.012, 0.170, 0.122),
        (0.40, 0.010, 0.182, 0.122), (0.46, 0.004, 0.192, 0.112), (0.51, -0.004, 0.190, 0.098),
        (0.545, -0.008, 0.150, 0.080), (0.575, -0.008, 0.085, 0.066), (0.60, -0.005, 0.058, 0.056),
    ]
)  # fmt: skip


def _torso(look: Look, pelvis: float, lean: float, sway: float) -> Tube:
    rows = TORSO.copy()
    rows[:, 2] *= look.build
    rows[:, 3] *= look.build ** (1.3 if look.build > 1 else 1.0)
    if look.top in ("jacket", "vest") or look.coat:
        rows[:, 2:] *= 1.08
    return upright(rows, lean, pelvis, sway)


HEAD: Array = np.array(
    [
        (0.57, -0.004, 0.056, 0.056), (0.625, 0.004, 0.053, 0.054), (0.640, 0.022, 0.050, 0.070),
        (0.668, 0.026, 0.064, 0.088), (0.700, 0.020, 0.074, 0.098), (0.735, 0.014, 0.079, 0.102),
        (0.770, 0.008, 0.081, 0.104), (0.805, 0.002, 0.078, 0.101), (0.835, -0.004, 0.068, 0.088),
        (0.858, -0.006, 0.048, 0.062), (0.868, -0.006, 0.010, 0.012),
    ]
)  # fmt: skip


def _neck_and_head(look: Look, pelvis: float, lean: float, sway: float, nod: float) -> Tube:
    rows = HEAD.copy()
    if look.hair in ("short", "long", "bun"):
        rows[6:, 2:] *= 1.07
    if look.hair == "cap":
        rows[7:, 2:] *= 1.10
        rows[7, 1], rows[7, 3] = 0.03, 0.15
    rows[2:, 1] += 0.05 * nod * (rows[2:, 0] - 0.6) / 0.25
    return upright(rows, lean, pelvis, sway)


def _leg(
    look: Look, side: float, angles: tuple[float, float], pelvis: float, wide: float
) -> list[Tube]:
    """Leg and foot."""
    thigh, knee = angles
    shin = thigh - knee
    hip = np.array([0.0, side * 0.088 * wide, pelvis - 0.01])
    knee_at = hip + THIGH_M * np.array([np.sin(thigh), 0.0, -np.cos(thigh)])
    ankle = knee_at + SHIN_M * np.array([np.sin(shin), 0.0, -np.cos(shin)])
    ankle[1] -= side * 0.012
    steps = np.array([0.0, 0.25, 0.5, 0.75, 0.96, 1.0])[:, None]
    upper = hip + (knee_at - hip) * steps
    lower = knee_at + (ankle - knee_at) * np.array([0.06, 0.3, 0.55, 0.8, 1.0])[:, None]
    points = np.concatenate([upper[:5], lower])
    loose = 1.0 if look.bottom != "trousers" else 1.1
    calves = (
        [0.062, 0.064, 0.058, 0.052, 0.050] if loose > 1 else [0.056, 0.060, 0.050, 0.040, 0.036]
    )
    radii = np.array([0.094, 0.090, 0.080, 0.070, 0.062, *calves]) * (0.6 + 0.4 * wide)
    pitch = 0.75 * min(shin, 0.12)
    ahead = np.array([np.cos(pitch), 0.0, np.sin(pitch)])
    upward = np.array([-np.sin(pitch), 0.0, np.cos(pitch)])
    spans = np.array([-0.075, -0.07, -0.03, 0.03, 0.10, 0.155, 0.18])
    lift = np.array([-0.04, -0.04, -0.03, -0.035, -0.045, -0.05, -0.055])
    high = np.array([0.01, 0.036, 0.048, 0.042, 0.030, 0.024, 0.008])
    broad = np.array([0.01, 0.034, 0.040, 0.042, 0.046, 0.040, 0.010])
    centres = ankle + spans[:, None] * ahead + lift[:, None] * upward
    across = np.tile([0.0, 1.0, 0.0], (7, 1)) * broad[:, None]
    foot = Tube(centres, upward[None] * high[:, None], across)
    return [tube_along(points, radii), foot]


def _arm(
    look: Look,
    side: float,
    pose: Pose,
    turn: float,
    pelvis: float,
    lean: float,
    sway: float,
    lifted: bool,
) -> tuple[Tube, Array]:
    """Arm with hand, and where the hand is; `lifted` is the arm that reaches or holds a phone."""
    swing = -pose.gait * 0.45 * np.sin(pose.phase + np.pi - turn) + 0.04
    bend = 0.18 + 0.32 * pose.gait
    if lifted:
        swing += 1.25 * pose.reach + 0.35 * pose.phone
        bend += 0.25 * pose.reach + 1.6 * pose.phone
    elif look.bag in ("shopper", "shoulder"):
        swing *= 0.35
        bend *= 0.5
    out = 0.10 + 0.04 * look.build
    shoulder = np.array([lean * 0.49, side * 0.198 * look.build + sway, pelvis + 0.485])
    elbow = shoulder + UPPER_ARM_M * np.array([np.sin(swing), side * out, -np.cos(swing)])
    fore = swing + bend
    wrist = elbow + FOREARM_M * np.array([np.sin(fore), -side * 0.05, -np.cos(fore)])
    hand = wrist + 0.09 * np.array([np.sin(fore), 0.0, -np.cos(fore)])
    steps = np.array([0.05, 0.35, 0.65, 0.97])[:, None]
    points = np.concatenate(
        [
            [shoulder + np.array([0.0, -side * 0.02, 0.035])],
            shoulder + (elbow - shoulder) * steps,
            elbow + (wrist - elbow) * np.array([0.1, 0.5, 1.0])[:, None],
            wrist + (hand - wrist) * np.array([0.35, 0.75, 1.1])[:, None],
        ]
    )
    sleeve = 1.15 if look.long_sleeves or look.coat else 1.0
    radii = np.array([0.03, 0.060, 0.054, 0.048, 0.045, 0.044, 0.040, 0.034, 0.036, 0.034, 0.012])
    radii[:8] *= sleeve * (0.55 + 0.45 * look.build)
    return tube_along(points, radii), hand
