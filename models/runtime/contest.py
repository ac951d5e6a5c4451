"""Engines run the same sample in turns, each in its own process."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from types import TracebackType

import msgspec

from contracts.errors import ModelError
from models.runtime.agreement import TOLERANCE, distance
from models.runtime.base import Precision
from models.runtime.engines import REFERENCE
from models.runtime.entry import Entry, Rows, Said

RUN_S = 30.0
POLL_S = 0.25
Waiting = Callable[[], None]


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One engine and precision: ``times_ms`` of whole batches, ``far`` from the reference.

    ``error`` says why there are no times.
    """

    engine: str
    precision: Precision
    batch: int
    times_ms: tuple[float, ...] = ()
    far: float | None = None
    error: str = ""

    @property
    def best_ms(self) -> float:
        """The fastest run, per frame: what the machine can do when nobody disturbs it."""
        return min(self.times_ms, default=float("inf")) / self.batch

    @property
    def agrees(self) -> bool:
        """True if its answers are seen to be those of the reference."""
        return not self.error and self.far is not None and self.far <= TOLERANCE[self.precision]


class Entrant:
    """The process of one entry; its errors are kept in ``error``, none is raised."""

    def __init__(self, entry: Entry, on_wait: Waiting) -> None:
        self.entry, self.error = entry, ""
        self._on_wait = on_wait
        self._left = b""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "models.runtime.entrant"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
        )
        self._write(msgspec.json.encode(entry) + b"\n")

    def __enter__(self) -> Entrant:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def seen(self) -> list[Rows]:
        """What it saw in the sample; empty with an ``error``."""
        said = self._answer(self.entry.engine.patience_s)
        return said.seen

    def run(self) -> float:
        """Milliseconds of one run over its batch."""
        self._write(b"\n")
        return self._answer(RUN_S).ms

    def _write(self, line: bytes) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line)
        except BrokenPipeError:
            self.error = self.error or self._death()

    def _answer(self, patience_s: float) -> Said:
        """The next line; one with an ``error`` after a crash or ``patience_s`` of silence."""
        if self.error:
            return Said(error=self.error)
        line = self._line(time.monotonic() + patience_s)
        if line is None:
            said = Said(error=f"no answer within {patience_s:g} s")
        elif not line:
            said = Said(error=self._death())
        else:
            said = msgspec.json.decode(line, type=Said)
        self.error = said.error
        return said

    def _line(self, until: float) -> bytes | None:
        """One line without its end, empty if the process is gone, None if it took too long."""
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        while b"\n" not in self._left:
            self._on_wait()
            if time.monotonic() > until:
                return None
            if not select.select([descriptor], [], [], POLL_S)[0]:
                continue
            more = os.read(descriptor, 1 << 16)
            if not more:
                return b""
            self._left += more
        line, _, self._left = self._left.partition(b"\n")
        return line

    def _death(self) -> str:
        try:
            code = self._process.wait(timeout=RUN_S)
        except subprocess.TimeoutExpired:
            return "closed its output"
        return f"crashed (signal {-code})" if code < 0 else f"ended with code {code}"


def hold_contest(
    entries: Sequence[Entry],
    rounds: int,
    *,
    on_wait: Waiting = lambda: None,
    on_turn: Waiting = lambda: None,
) -> list[Result]:
    """Every entry's times in ``rounds`` of turns, in the order of the entries.

    The entry of the reference engine in ``fp32`` and the same batch says what is right; without
    one nothing agrees.  Taking turns lets whatever else the machine does disturb all alike.
    ``on_wait`` is called several times a second, ``on_turn`` after each entry's turn.
    """
    entrants: list[Entrant] = []
    try:
        for entry in entries:
            entrants.append(Entrant(entry, on_wait))
        seen = [entrant.seen() for entrant in entrants]
        times: list[list[float]] = [[] for _ in entrants]
        for _ in range(rounds):
            for entrant, spent in zip(entrants, times, strict=True):
                if not entrant.error:
                    spent.append(entrant.run())
                on_turn()
        right = {
            entrant.entry.batch: said
            for entrant, said in zip(entrants, seen, strict=True)
            if is_reference(entrant.entry) and said
        }
        return [
            _result(entrant, said, spent, right.get(entrant.entry.batch))
            for entrant, said, spent in zip(entrants, seen, times, strict=True)
        ]
    finally:
        for entrant in entrants:
            entrant.__exit__(None, None, None)


def is_reference(entry: Entry) -> bool:
    """True if this entry says what the others should say."""
    return entry.engine.name == REFERENCE and entry.precision != "fp16"


def _result(
    entrant: Entrant,
    seen: list[Rows],
    times: list[float],
    right: list[Rows] | None,
) -> Result:
    entry = entrant.entry
    far = distance(entry.model, right, seen) if right and seen else None
    return Result(
        engine=entry.engine.name,
        precision=entry.precision,
        batch=entry.batch,
        times_ms=() if entrant.error else tuple(round(ms, 3) for ms in times),
        far=far,
        error=entrant.error,
    )


def failure(result: Result) -> ModelError:
    """The error of an engine that was the only choice."""
    return ModelError(f"runtime {result.engine}: {result.error}")
