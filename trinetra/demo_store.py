"""The demo's store: simulated, rendered, and served as real cameras."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from contracts.store import Agent, Upload
from simulator import film, serve, store_file, truth
from simulator.plan import load_scenario
from simulator.world import simulate

SCENARIO = "small_store"
STORE_ID = "small-store"
Progress = Callable[[float], None]
"""Share done, 0..1."""


class DemoStore:
    """One seeded store of `seconds`; RTSP where a server can run, files elsewhere."""

    def __init__(self, seed: int, seconds: int, folder: Path, *, rtsp: bool) -> None:
        self._scenario = load_scenario(SCENARIO)
        self._seed, self._seconds, self._folder = seed, seconds, folder
        self._missing = serve.available() if rtsp else "asked for files"
        self._films: dict[str, film.Film] = {}
        self._server: serve.RtspStore | None = None

    @property
    def source(self) -> str:
        """How the agent gets its pictures, for people."""
        return f"video files: {self._missing}" if self._missing else "RTSP"

    def render(self, progress: Progress) -> None:
        """Draw and encode what each camera sees."""
        self._films = film.make_films(
            self._scenario,
            self._seed,
            self._seconds,
            self._folder,
            lambda done, total: progress(done / total),
        )

    @contextlib.contextmanager
    def serving(self, login: str) -> Iterator[None]:
        """Put the cameras on the network; their login is in the variable `login`."""
        if self._missing:
            yield
            return
        with serve.RtspStore(self._films) as server:
            self._server = server
            os.environ[login] = ":".join(server.credentials)
            yield

    def store_toml(self, agent: Agent, upload: Upload, login: str) -> str:
        """The store's configuration, as an installer would write it."""
        if self._server is not None:
            urls, credentials = self._server.urls, f"env:{login}"
        else:
            urls = {name: str(each.mp4) for name, each in self._films.items()}
            credentials = ""
        config = store_file.store_config(
            self._scenario, urls, agent=agent, upload=upload, credentials=credentials
        )
        return store_file.store_toml(config)

    def go(self) -> None:
        """People begin to walk."""
        if self._server is not None:
            self._server.go()

    def play(self, progress: Progress) -> None:
        """Wait until the last frame was shown."""
        began = time.monotonic()
        while (passed := time.monotonic() - began) < self._seconds or not self._ended():
            progress(min(1.0, passed / self._seconds))
            time.sleep(0.2)

    def _ended(self) -> bool:
        return self._server is None or self._server.finished

    def truth(self, folder: Path) -> dict[str, Any]:
        """What really happened, in the shape of `demo_score.read_gold`; written to `folder`."""
        facts = truth.truth_of(simulate(self._scenario, self._seed, self._seconds))
        truth.write(folder, facts, {name: each.boxes for name, each in self._films.items()})
        zones = {zone.name: facts.visits(zone.name) for zone in self._scenario.zones}
        entries, exits = sum(facts.entries.values()), sum(facts.exits.values())
        return {
            "entries": entries,
            "exits": exits,
            "occupancy": _occupancy([each.direction for each in facts.crossings]),
            "doors": {
                door: {"in": facts.entries[door], "out": facts.exits[door]}
                for door in facts.entries
            },
            "zones": {
                name: {"visits": len(stays), "dwell_s": sum(stay.seconds for stay in stays)}
                for name, stays in zones.items()
            },
            "heatmap": facts.heatmap_s,
        }


def _occupancy(directions: list[str]) -> int:
    """IN minus OUT by the product's definition: people who were inside before do not count."""
    inside = 0
    for direction in directions:
        inside = inside + 1 if direction == "in" else max(0, inside - 1)
    return inside
