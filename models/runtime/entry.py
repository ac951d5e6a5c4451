"""What an engine on trial is told, and what it answers."""

from __future__ import annotations

import msgspec

from models.catalog import ModelEntry
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


class Said(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of an entrant: what it saw (rows per frame), how long a run took, or what failed."""

    seen: list[Rows] = []
    ms: float = 0.0
    error: str = ""
