"""`trinetra models benchmark`, as a program and as a person reads it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable

import pytest

from models.catalog import resolve
from models.runtime.contest import Result
from models.runtime.entry import Entry
from trinetra import models_benchmark


def test_it_says_what_auto_takes_in_one_json_object() -> None:
    command = "models benchmark person-embed-trinetra --rounds 2 --json"
    done = subprocess.run(
        [sys.executable, "-m", "trinetra", *command.split()],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    told = json.loads(done.stdout)
    assert (told["model"], told["input_size"], told["threads"]) == (
        "person-embed-trinetra", [64, 128], 1,
    )  # fmt: skip
    first = told["results"][0]
    assert (first["engine"], first["batch"], first["distance"]) == ("onnxruntime", 1, 0)
    ways = {(row["engine"], row["precision"]) for row in told["results"] if row["agrees"]}
    assert (told["chosen"]["engine"], told["chosen"]["precision"]) in ways
    assert {row["batch"] for row in told["results"]} == {1, 4}
    for row in told["results"]:
        assert row["error"] is None
        assert 0 < row["ms_best"] <= row["ms_p50"] <= row["ms_p99"]


def hold(
    entries: list[Entry], rounds: int, *, on_turn: Callable[[], None], **_: object
) -> list[Result]:
    """All agree, and one more has crashed."""
    for _turn in range(rounds * len(entries)):
        on_turn()
    batch = entries[0].batch
    rows = [
        Result(
            engine=entry.engine.name, precision=entry.precision, batch=batch,
            times_ms=tuple(batch * (10.0 - i + n / 100) for n in range(rounds)), far=0.001 * i,
        )
        for i, entry in enumerate(entries)
    ]  # fmt: skip
    crashed = {"times_ms": (), "far": None, "error": "crashed (signal 11)"}
    return [*rows, Result(engine="broken", precision="fp32", batch=batch, **crashed)]  # type: ignore[arg-type]


def test_times_are_per_frame_and_a_crash_is_a_row(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(models_benchmark, "hold_contest", hold)
    detector = resolve("person-trinetra-nano")
    told = models_benchmark.benchmark(detector, (320, 320), 2, 101, shown=False)
    for row in told["results"]:
        if row["engine"] == "onnxruntime":
            assert (row["ms_p50"], row["ms_p99"], row["ms_best"]) == (10.5, 10.99, 10.0)
    models_benchmark.show(told)
    shown = capsys.readouterr().out
    assert "person-trinetra-nano, 320x320, 2 thread(s)" in shown
    assert "failed" in shown
    assert shown.count("broken fp32: crashed (signal 11)") == 1
    assert "auto" in shown
