"""Where everyone is at given times: paths sampled, with stepping aside and solid fixtures.

The answer for an instant depends on that instant alone, not on which others are asked for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simulator.days.paths import FACING, HIDDEN, MOVING, WALKED, Array, Paths, X, Y
from simulator.plan import Scenario

ASIDE_M = 0.34
REACH_M = 0.45
NEAR_M = 1.3
CLOSING_M_S = 3.2
FIXTURE_M = 0.18
WALL_M = 0.2
SWAY_M = 0.012
DAY_S = 200_000.0

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Moment:
    """Everyone in a window: `t` (T,), `path` (A,), arrays (T, A); x, y are NaN where absent.

    `facing` in rad, `moving` 0..1, `walked` metres since the path's begin (for the gait).
    """

    t: Array
    path: npt.NDArray[np.int64]
    x: Array
    y: Array
    facing: Array
    moving: Array
    walked: Array

    @property
    def present(self) -> Mask:
        """(T, A): True where the person is there and not in a cabin."""
        return ~np.isnan(self.x)


class Motion:
    """Samples the paths of one plan; `parties` (P,) tells who walks together."""

    def __init__(self, plan: Scenario, paths: Paths, parties: npt.NDArray[np.int64]) -> None:
        self.paths = paths
        self._plan, self._parties = plan, parties
        self._begins, self._ends = paths.begins_at, paths.ends_at
        self._t0 = float(paths.t.min()) if len(paths.t) else 0.0
        path = np.repeat(np.arange(len(paths.trip)), np.diff(paths.first))
        self._keys = path * DAY_S + (paths.t - self._t0)
        self._rects = np.array([item.rect for item in plan.fixtures]).reshape(-1, 4)

    def at(self, t: Array) -> Moment:
        """Everyone at the increasing times `t` (T,), UNIX s."""
        active = np.flatnonzero((self._begins <= t[-1]) & (self._ends >= t[0]))
        knots = self._interpolated(t, active)
        here = (t[:, None] >= self._begins[active]) & (t[:, None] <= self._ends[active])
        here &= knots[..., HIDDEN] < 0.5
        x, y = knots[..., X], knots[..., Y]
        facing, moving = knots[..., FACING], knots[..., MOVING]
        x, y = self._swayed(t, active, x, y)
        aside = self._aside(t, active, x, y, facing, moving, here)
        x, y = self._kept_out(x - np.sin(facing) * aside, y + np.cos(facing) * aside, y)
        x[~here] = y[~here] = np.nan
        return Moment(t, active, x, y, facing, moving, knots[..., WALKED])

    def _interpolated(self, t: Array, active: npt.NDArray[np.int64]) -> Array:
        """Knots at every time, (T, A, 6); outside of a path its first or last."""
        clipped = np.clip(t[:, None], self._begins[active], self._ends[active])
        wanted = active * DAY_S + (clipped - self._t0)
        after = np.searchsorted(self._keys, wanted)
        first, last = self.paths.first[active] + 1, self.paths.first[active + 1] - 1
        after = np.clip(after, first, last)
        low, high = self._keys[after - 1], self._keys[after]
        share = np.clip((wanted - low) / np.maximum(high - low, 1e-9), 0, 1)[..., None]
        before = self.paths.knots[after - 1]
        return np.asarray(before + share * (self.paths.knots[after] - before))

    def _swayed(self, t: Array, active: npt.NDArray[np.int64], x: Array, y: Array) -> Array:
        """Nobody stands like a post."""
        phase = (self.paths.key[active] % 1009) * 2.399
        turn = (t[:, None] % DAY_S) * (1.7 + 0.4 * np.sin(phase)) + phase
        return np.stack([x + SWAY_M * np.sin(turn), y + SWAY_M * np.cos(0.83 * turn)])

    def _aside(
        self, t: Array, active: npt.NDArray[np.int64], x: Array, y: Array, facing: Array,
        moving: Array, here: Mask,
    ) -> Array:  # fmt: skip
        """Metres to the right that walkers step around others, (T, A)."""
        one, two = self._near_pairs(t, active, x, y, here)
        aside = np.zeros_like(x)
        if not len(one):
            return aside
        dx, dy = x[:, two] - x[:, one], y[:, two] - y[:, one]
        both = here[:, one] & here[:, two]
        squared = dx**2 + dy**2
        # nothing beyond NEAR_M, or the choice of pairs would show
        fading = np.clip(1 - squared / NEAR_M**2, 0, 1)
        closeness = np.exp(-squared / (2 * REACH_M**2)) * fading * both
        right = -np.sin(facing[:, one]) * dx + np.cos(facing[:, one]) * dy
        step = ASIDE_M * np.tanh((0.06 - right) / 0.12) * closeness * moving[:, one]
        for pair, walker in enumerate(one):
            aside[:, walker] += step[:, pair]
        return np.clip(aside, -0.45, 0.45)

    def _near_pairs(
        self, t: Array, active: npt.NDArray[np.int64], x: Array, y: Array, here: Mask
    ) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """Ordered pairs of people of different parties who may come within NEAR_M of each other."""
        coarse = np.unique(np.linspace(0, len(t) - 1, max(2, int(t[-1] - t[0]) + 2)).astype(int))
        gap_s = float(np.diff(t[coarse]).max()) if len(coarse) > 1 else 0.0
        reach = NEAR_M + CLOSING_M_S * gap_s / 2
        cx = np.where(here[coarse], x[coarse], np.nan)
        cy = np.where(here[coarse], y[coarse], np.nan)
        apart = (cx[:, :, None] - cx[:, None]) ** 2 + (cy[:, :, None] - cy[:, None]) ** 2
        near = (apart < reach**2).any(0)
        party = self._parties[active]
        near &= party[:, None] != party[None]
        one, two = np.nonzero(near)
        return one, two

    def _kept_out(self, x: Array, y: Array, base_y: Array) -> tuple[Array, Array]:
        """Push points out of fixtures to the side where the path is, and off the walls."""
        width, depth = self._plan.width_m, self._plan.depth_m
        indoors = (base_y > 0.3) & (base_y < depth - 0.3)
        x = np.where(indoors, np.clip(x, WALL_M, width - WALL_M), x)
        y = np.where(indoors, np.clip(y, WALL_M, depth - WALL_M), y)
        for x0, y0, x1, y1 in self._rects:
            x0, y0, x1, y1 = x0 - FIXTURE_M, y0 - FIXTURE_M, x1 + FIXTURE_M, y1 + FIXTURE_M
            inside = (x > x0) & (x < x1) & (y > y0) & (y < y1)
            if not inside.any():
                continue
            ways = np.stack(
                [
                    np.where(x0 > WALL_M, x - x0, np.inf),
                    np.where(x1 < width - WALL_M, x1 - x, np.inf),
                    np.where(y0 > WALL_M, y - y0, np.inf),
                    np.where(y1 < depth - WALL_M, y1 - y, np.inf),
                ]
            )
            side = ways.argmin(0)
            x = np.where(inside & (side == 0), x0, np.where(inside & (side == 1), x1, x))
            y = np.where(inside & (side == 2), y0, np.where(inside & (side == 3), y1, y))
        return self._through_doors(x, y)

    def _through_doors(self, x: Array, y: Array) -> tuple[Array, Array]:
        """In the thickness of a wall people are in a door's opening."""
        for wall in ("north", "south"):
            deep = y if wall == "north" else self._plan.depth_m - y
            in_wall = (deep > -0.35) & (deep < 0.3)
            doors = [door for door in self._plan.doors if door.wall == wall]
            if not doors or not in_wall.any():
                continue
            middles = np.array([door.centre_m for door in doors])
            nearest = np.abs(x[..., None] - middles).argmin(-1)
            low = np.array([door.from_m for door in doors])[nearest] + 0.2
            high = np.array([door.to_m for door in doors])[nearest] - 0.2
            x = np.where(in_wall, np.clip(x, low, high), x)
        return x, y
