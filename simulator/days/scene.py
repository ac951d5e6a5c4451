"""A window of a day for the renderer (L2): the same people at the same places as in L1."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from simulator.days.day import Day
from simulator.days.noise import Noise
from simulator.looks import Look, look_of
from simulator.skeleton import STRIDE_M
from simulator.world import World

UNIFORM = (0.35, 0.45, 0.12)
REACH_CHANNEL, PHONE_CHANNEL = 80, 81


def world_of(day: Day) -> World:
    """The day's window at the plan's frame rate; people in cabins are not there.

    Children are small, and staff wear a vest of one colour.
    """
    plan, motion = day.scenario.plan, day.motion
    people = people_of(day)
    frames = int(np.floor(day.seconds * plan.fps + 1e-6))
    state = np.full((frames, len(people), 7), np.nan)
    noise = Noise(day.seed)
    heights = np.array([day.height_of(int(person)) for person in people])
    first = 0
    for t in day.chunks(plan.fps, 60.0):
        moment = motion.at(t)
        column = np.searchsorted(people, motion.paths.person[moment.path])
        who = motion.paths.person[moment.path]
        standing = 1 - moment.moving
        reach = np.clip(noise.slow(REACH_CHANNEL, who, t[:, None], 3.0), 0, 1) * standing
        phone = np.clip(noise.slow(PHONE_CHANNEL, who, t[:, None], 9.0) - 1, 0, 1) * standing
        phase = 2 * np.pi * moment.walked / (STRIDE_M * heights[column] / 1.75)
        rows = np.stack(
            [moment.x, moment.y, moment.facing, phase, moment.moving, reach, phone], axis=-1
        )
        rows[~moment.present] = np.nan
        part = state[first : first + len(t)]
        for index, place in enumerate(column.tolist()):
            here = moment.present[:, index]
            part[here, place] = rows[here, index]
        first += len(t)
    looks = tuple(day.life.people[int(person)].look for person in people)
    dressed = tuple(_dressed(day, int(person)) for person in people)
    return World(plan, day.seed, plan.fps, state, looks, dressed)


def people_of(day: Day) -> npt.NDArray[np.int64]:
    """The person behind each column of `world_of`."""
    return np.unique(day.motion.paths.person)


def _dressed(day: Day, person: int) -> Look:
    who = day.life.people[person]
    look = dataclasses.replace(look_of(who.look), height_m=day.height_of(person))
    if not who.staff:
        return look
    return dataclasses.replace(
        look, top="vest", top_colour=UNIFORM, second_colour=UNIFORM, coat=False, bag="none"
    )
