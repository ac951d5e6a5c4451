"""What an engine on trial is told, and what it answers."""

from __future__ import annotations

from pathlib import Path

import msgspec

from models.catalog import ModelEntry, ResolvedModel
from models.runtime.base import Precision
from models.runtime.engines import Engine

Rows = list[list[float]]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """Which model to run on what: ``input_size`` is the detector's bound, ``batch`` the frames."""

    engine: Engine
    precision: Precision
    model: ModelEntry
    path: str
    input_size: tuple[int, int]
    threads: int
    batch: int
    cache_dir: str

    @classmethod
    def of(
        cls,
        model: ResolvedModel,
        way: tuple[Engine, Precision],
        *,
        input_size: tuple[int, int],
        threads: int,
        batch: int,
        cache_dir: Path,
    ) -> Entry:
        """The entry of one engine and precision."""
        return cls(
            engine=way[0],
            precision=way[1],
            model=model.entry,
            path=str(model.path.resolve()),
            input_size=input_size,
            threads=threads,
            batch=batch,
            cache_dir=str(cache_dir),
        )


class Said(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of an entrant: what it saw (rows per frame), how long a run took, or what failed."""

    seen: list[Rows] = []
    ms: float = 0.0
    error: str = ""
