"""Colours of a figure: skin, hair, clothes and bags, face by face."""

from __future__ import annotations

import numpy as np

from simulator.looks import Look
from simulator.skeleton import HEAD, TORSO
from simulator.textures import Bgr
from simulator.tubes import ANGLES, FRONT, SEGMENTS, Array


def paint(look: Look) -> list[Array]:
    """Colours (R - 1, SEGMENTS, 3) of each tube, in the order of `skeleton.tubes_of`."""
    top = np.array(look.top_colour)
    sleeve = top if look.long_sleeves or look.coat else np.array(look.skin)
    parts = [_torso_paint(look), _head_paint(look)]
    leg = _band(9, look.bottom_colour)
    if look.bottom == "shorts":
        leg[4:] = look.skin
    elif look.bottom == "skirt":
        leg[:] = look.skin if look.seed % 2 else np.array(look.skin) * 0.25
    foot = _band(6, look.shoe_colour)
    foot[:, FRONT < -0.6] *= 0.5
    parts += [leg, foot, leg, foot]
    for _ in range(2):
        arm = _band(10, look.skin)
        arm[:3] = top
        arm[3:7] = sleeve
        if look.top == "vest":
            arm[:7] = np.array(look.second_colour) if look.long_sleeves else look.skin
        parts.append(arm)
    if look.hair in ("long", "bun"):
        parts.append(_band(4 if look.hair == "bun" else 5, look.hair_colour))
    if look.bottom == "skirt" or look.coat:
        parts.append(_band(4, look.top_colour if look.coat else look.bottom_colour))
    if look.bag != "none":
        bag = _band(5, look.bag_colour)
        bag[2] *= 0.88
        parts.append(bag)
    return parts


def _torso_paint(look: Look) -> Array:
    paint = _band(len(TORSO) - 1, look.top_colour)
    if look.top == "striped":
        paint[3::2] = look.second_colour
    elif look.top == "blocks":
        paint[:8] = look.second_colour
    elif look.top in ("jacket", "vest"):
        # faces lie between two angles: the opening is the two beside the front
        paint[:, [0, -1]] = look.second_colour
    if not look.coat:
        paint[:3] = look.bottom_colour
        paint[3] = np.array(look.bottom_colour) * 0.55
    paint[-1] = look.skin
    return paint


def _head_paint(look: Look) -> Array:
    paint = _band(len(HEAD) - 1, look.skin)
    middle = (ANGLES + np.pi / SEGMENTS + np.pi) % (2 * np.pi) - np.pi
    behind = np.abs(middle) > 1.75
    if look.hair != "bald":
        crown = 6 if look.hair == "cap" else 7
        paint[crown:] = look.bag_colour if look.hair == "cap" else look.hair_colour
        paint[4:crown, behind] = look.hair_colour
        paint[6, np.abs(middle) > 0.9] = look.hair_colour
    front = np.abs(middle) < 0.7
    paint[5, front] = np.array(look.skin) * 0.72
    paint[3, np.abs(middle) < 0.4] = np.array(look.skin) * (0.85, 0.8, 0.95)
    return paint


def _band(rings: int, colour: Bgr) -> Array:
    return np.tile(np.array(colour, dtype=np.float64), (rings, SEGMENTS, 1))
