"""Which engine runs a model here: the one that is asked for, or the fastest that agrees.

``auto`` measures every engine that is installed and keeps the choice beside the models, for as
long as model, engines and machine stay the same.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from models.catalog import ResolvedModel
from models.runtime.base import PRECISIONS, Precision, Runtime
from models.runtime.contest import Result, Waiting, failure, hold_contest
from models.runtime.engines import (
    AUTO,
    ENGINES,
    REFERENCE,
    Engine,
    check_precision,
    find_engine,
    is_quantized,
    open_engine,
    present,
    versions,
)
from models.runtime.entry import Entry
from models.runtime.machine import cpu_name, gpu_name

ROUNDS = 5
CLEARLY = 0.9  # of the reference's time: a tie is no reason to leave it


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for: names of ``engines`` and precisions, or ``auto`` for either."""

    runtime: str = REFERENCE
    precision: str = "fp32"
    threads: int = 1
    cache_dir: Path | None = None

    @property
    def folder(self) -> Path:
        """Where choices and built engines are kept."""
        return self.cache_dir or Path.home() / ".cache" / "trinetra" / "models"


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """What a measurement holds for."""

    model_sha256: str
    input_size: tuple[int, int]
    threads: int
    runtime: str
    precision: str
    versions: dict[str, str]
    cpu: str
    gpu: str


class Choice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A kept answer, and what it was measured from."""

    machine: Machine
    engine: str
    precision: Precision
    results: tuple[Result, ...]


def open_runtime(
    model: ResolvedModel,
    wish: Wish,
    *,
    input_size: tuple[int, int],
    engines: Sequence[Engine] = ENGINES,
    on_wait: Waiting = lambda: None,
) -> Runtime:
    """The model on the engine that ``wish`` names or that is fastest here.

    ``on_wait`` is called several times a second while engines are measured.

    Raises:
        ModelError: unknown or missing engine or precision, or it cannot run the model.
    """
    engine, precision = settled(model, wish, input_size, engines, on_wait)
    return open_engine(
        engine, model.path, threads=wish.threads, precision=precision, cache_dir=wish.folder
    )


def settled(
    model: ResolvedModel,
    wish: Wish,
    input_size: tuple[int, int],
    engines: Sequence[Engine],
    on_wait: Waiting,
) -> tuple[Engine, Precision]:
    """Engine and precision, measured only where there is more than one way."""
    ways = candidates(model, wish, engines)
    if len(ways) == 1:
        return ways[0]
    machine = Machine(
        model_sha256=model.entry.sha256,
        input_size=input_size,
        threads=wish.threads,
        runtime=wish.runtime,
        precision=wish.precision,
        versions={e.name: " ".join(versions(e).values()) for e, _ in ways},
        cpu=cpu_name(),
        gpu=gpu_name(),
    )
    path = wish.folder / "engines" / f"{_digest(machine)}.json"
    kept = load(path, machine)
    if kept is None:
        kept = measured(model, wish, machine, ways, on_wait)
        save(path, kept)
    way = (kept.engine, kept.precision)
    return next((engine, p) for engine, p in ways if (engine.name, p) == way)


def candidates(
    model: ResolvedModel, wish: Wish, engines: Sequence[Engine]
) -> list[tuple[Engine, Precision]]:
    """All ways to run the model that the wish leaves open, the reference first if it is one."""
    rows = present(engines) if wish.runtime == AUTO else [find_engine(wish.runtime, engines)]
    if wish.precision == AUTO:
        if is_quantized(model.path):
            return [(row, "int8") for row in rows]
        return [(row, p) for row in rows for p in PRECISIONS if p == "fp32" or p in row.narrows]
    if wish.precision == "fp16" and wish.runtime == AUTO:
        rows = [row for row in rows if "fp16" in row.narrows] or rows[:1]
    return [(row, check_precision(row, wish.precision, model.path)) for row in rows]


def measured(
    model: ResolvedModel,
    wish: Wish,
    machine: Machine,
    ways: Sequence[tuple[Engine, Precision]],
    on_wait: Waiting,
) -> Choice:
    """A contest of these ways, beside the reference engine if it is none of them."""
    same: Precision = "int8" if ways[0][1] == "int8" else "fp32"
    truth = (find_engine(REFERENCE), same)
    entrants = ways if truth in ways else [*ways, truth]
    entries = [
        Entry.of(
            model, way,
            input_size=machine.input_size, threads=wish.threads, batch=1, cache_dir=wish.folder,
        )
        for way in entrants
    ]  # fmt: skip
    results = hold_contest(entries, ROUNDS, on_wait=on_wait)
    engine, precision = best(results, [(e.name, p) for e, p in ways])
    return Choice(machine=machine, engine=engine, precision=precision, results=tuple(results))


def best(results: Sequence[Result], ways: Sequence[tuple[str, Precision]]) -> tuple[str, Precision]:
    """The fastest way that agrees with the reference, which stays unless it is clearly beaten.

    Raises:
        ModelError: no way runs the model and agrees; the text says what the first one said.
    """
    able = [r for r in results if (r.engine, r.precision) in ways and r.agrees]
    fastest = min(able, key=lambda r: r.best_ms, default=None)
    safe = next((r for r in results if r.engine == REFERENCE and not r.error), None)
    if safe is not None and (safe.engine, safe.precision) not in ways:
        safe = None
    if safe is not None and (fastest is None or fastest.best_ms > CLEARLY * safe.best_ms):
        fastest = safe
    if fastest is None:
        raise failure(next(r for r in results if (r.engine, r.precision) in ways))
    return fastest.engine, fastest.precision


def load(path: Path, machine: Machine) -> Choice | None:
    """A kept choice for this very machine; None if there is none, or the file is not sound."""
    try:
        choice = msgspec.json.decode(path.read_bytes(), type=Choice)
    except (OSError, msgspec.DecodeError):
        return None
    told = {(result.engine, result.precision) for result in choice.results}
    sound = choice.machine == machine and (choice.engine, choice.precision) in told
    return choice if sound else None


def save(path: Path, choice: Choice) -> None:
    """Keep a choice, whole or not at all; a folder that cannot be written costs the next start."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as stream:
            stream.write(msgspec.json.encode(choice))
        Path(stream.name).replace(path)
    except OSError:
        return


def _digest(machine: Machine) -> str:
    return hashlib.sha256(msgspec.json.encode(machine, order="deterministic")).hexdigest()[:24]
