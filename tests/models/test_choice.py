"""`auto` takes the fastest engine that agrees, and remembers it for as long as that holds."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from contracts.errors import ModelError
from models.catalog import ResolvedModel, resolve
from models.detector import Detector
from models.nms import iou_matrix
from models.runtime import choice
from models.runtime.choice import CLEARLY, Wish, best, candidates, open_runtime, settled
from models.runtime.contest import Result
from models.runtime.engines import ENGINES, Engine, find_engine
from models.runtime.entry import Entry
from tests.models.fake_engines import row
from tests.models.test_detector import rendered, rendered_boxes

ORT = find_engine("onnxruntime")
SIZE = (416, 416)


@pytest.fixture(scope="module")
def detector_model() -> ResolvedModel:
    return resolve("person-trinetra-nano")


def result(engine: str, ms: float, far: float | None = 0.0, **told: Any) -> Result:
    told = {"precision": "fp32", "batch": 1, **told}
    return Result(engine=engine, times_ms=(ms, 2 * ms), far=far, **told)


def chosen(*results: Result) -> str:
    return best(results, [(r.engine, r.precision) for r in results])[0]


def test_the_fastest_that_agrees_wins() -> None:
    slow, quick = result("onnxruntime", 10), result("a", 5)
    assert chosen(slow, quick, result("b", 7)) == "a"
    assert chosen(slow, quick, result("liar", 1, far=0.02)) == "a"
    assert chosen(slow, quick, result("blind", 1, far=None)) == "a"
    assert chosen(slow, quick, result("half", 4, far=0.04, precision="fp16")) == "half"
    assert chosen(slow, quick, result("dead", 1, error="crashed")) == "a"


def test_a_tie_keeps_the_reference() -> None:
    assert chosen(result("onnxruntime", 10), result("a", 10 * CLEARLY + 0.1)) == "onnxruntime"
    assert chosen(result("onnxruntime", 10), result("a", 10 * CLEARLY - 0.1)) == "a"


def test_who_asked_for_one_engine_gets_no_other() -> None:
    results = [result("onnxruntime", 10), result("a", 12), result("a", 9, precision="fp16")]
    assert best(results, [("a", "fp32"), ("a", "fp16")]) == ("a", "fp16")
    with pytest.raises(ModelError, match="runtime b: crashed"):
        best([results[0], result("b", 1, error="crashed")], [("b", "fp32"), ("b", "fp16")])


def test_a_reference_that_sees_nobody_is_kept() -> None:
    assert chosen(result("onnxruntime", 10, far=None), result("a", 1, far=None)) == "onnxruntime"


def wish(folder: Path, **told: Any) -> Wish:
    return Wish(**{"runtime": "auto", "precision": "fp32", "cache_dir": folder, **told})


def settle(
    model: ResolvedModel, asked: Wish, engines: tuple[Engine, ...] = (ORT, row("Quick"))
) -> str:
    return settled(model, asked, SIZE, engines, lambda: None)[0].name


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Contests that were held; none is run: the last entrant wins."""
    held: list[list[str]] = []

    def hold(entries: list[Entry], *_: object, **__: object) -> list[Result]:
        held.append([entry.engine.name for entry in entries])
        return [result(e.engine.name, 10 - i) for i, e in enumerate(entries)]

    monkeypatch.setattr(choice, "hold_contest", hold)
    monkeypatch.setattr(choice, "CLEARLY", 1.0)
    return held


def test_a_choice_is_measured_once(
    detector_model: ResolvedModel, counted: list[list[str]], tmp_path: Path
) -> None:
    assert settle(detector_model, wish(tmp_path)) == "Quick"
    assert settle(detector_model, wish(tmp_path)) == "Quick"
    assert counted == [["onnxruntime", "Quick"]]


def test_another_model_size_thread_engine_or_machine_is_measured_anew(
    detector_model: ResolvedModel,
    counted: list[list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settle(detector_model, wish(tmp_path))
    settle(detector_model, wish(tmp_path, threads=2))
    settle(resolve("person-embed-trinetra"), wish(tmp_path))
    settled(detector_model, wish(tmp_path), (320, 320), (ORT, row("Quick")), lambda: None)
    settle(detector_model, wish(tmp_path), (ORT, row("Lying")))
    assert len(counted) == 5
    monkeypatch.setattr(choice, "cpu_name", lambda: "another")
    settle(detector_model, wish(tmp_path))
    monkeypatch.setattr(choice, "gpu_name", lambda: "a GPU")
    settle(detector_model, wish(tmp_path))
    monkeypatch.setattr(choice, "versions", lambda engine: {"onnxruntime": "99"})
    settle(detector_model, wish(tmp_path))
    assert len(counted) == 8


def spoil_engine(told: dict[str, Any]) -> None:
    told["engine"] = "unknown"


def spoil_machine(told: dict[str, Any]) -> None:
    told["machine"]["cpu"] = "another"


def spoil_field(told: dict[str, Any]) -> None:
    told["more"] = 1


@pytest.mark.parametrize("spoil", [spoil_engine, spoil_machine, spoil_field])
def test_a_kept_choice_that_is_not_sound_is_measured_anew(
    spoil: Callable[[dict[str, Any]], None],
    detector_model: ResolvedModel,
    counted: list[list[str]],
    tmp_path: Path,
) -> None:
    settle(detector_model, wish(tmp_path))
    (kept,) = (tmp_path / "engines").iterdir()
    told = json.loads(kept.read_bytes())
    spoil(told)
    kept.write_text(json.dumps(told))
    assert settle(detector_model, wish(tmp_path)) == "Quick"
    assert len(counted) == 2


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\x00", b"[]"])
def test_rubbish_in_the_cache_is_no_choice(
    content: bytes, detector_model: ResolvedModel, counted: list[list[str]], tmp_path: Path
) -> None:
    settle(detector_model, wish(tmp_path))
    (kept,) = (tmp_path / "engines").iterdir()
    whole = kept.read_bytes()
    kept.write_bytes(content or whole[: len(whole) // 2])
    assert settle(detector_model, wish(tmp_path)) == "Quick"
    assert len(counted) == 2
    assert [path.name for path in (tmp_path / "engines").iterdir()] == [kept.name]
    assert msgspec.json.decode(kept.read_bytes()) == msgspec.json.decode(whole)


def test_a_folder_that_cannot_be_written_costs_only_the_measurement(
    detector_model: ResolvedModel, counted: list[list[str]], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    for _ in range(2):
        assert settle(detector_model, wish(tmp_path / "file")) == "Quick"
    assert len(counted) == 2


def test_one_way_is_not_measured(
    detector_model: ResolvedModel, counted: list[list[str]], tmp_path: Path
) -> None:
    assert settle(detector_model, wish(tmp_path), (ORT,)) == "onnxruntime"
    assert settle(detector_model, wish(tmp_path, runtime="onnxruntime")) == "onnxruntime"
    absent = row("Quick", needs="no-such-distribution")
    assert settle(detector_model, wish(tmp_path), (ORT, absent)) == "onnxruntime"
    assert counted == []


def test_a_named_engine_is_measured_beside_the_reference(
    detector_model: ResolvedModel, counted: list[list[str]], tmp_path: Path
) -> None:
    both = row("Quick")._replace(narrows=("fp16",))
    told = wish(tmp_path, runtime="Quick", precision="auto")
    assert settle(detector_model, told, (ORT, both)) == "Quick"
    assert counted == [["Quick", "Quick", "onnxruntime"]]


def test_candidates_are_what_engines_make_of_the_file(detector_model: ResolvedModel) -> None:
    def ways(**told: str) -> set[tuple[str, str]]:
        found = candidates(detector_model, Wish(**told), ENGINES)
        return {(engine.name, precision) for engine, precision in found}

    everything = ways(runtime="auto", precision="auto")
    assert {("onnxruntime", "fp32"), ("openvino", "fp32"), ("openvino", "fp16")} <= everything
    assert ("onnxruntime", "fp16") not in everything
    assert ("openvino", "fp16") in ways(runtime="auto", precision="fp16")
    assert ways() == {("onnxruntime", "fp32")}


def test_auto_finds_the_people_with_real_engines(
    detector_model: ResolvedModel, tmp_path: Path
) -> None:
    told = Wish(runtime="auto", precision="auto", cache_dir=tmp_path)
    runtime = open_runtime(detector_model, told, input_size=SIZE)
    assert runtime.name in {engine.name + more for engine in ENGINES for more in ("", "-fp16")}
    assert len(list((tmp_path / "engines").iterdir())) == 1
    found = Detector(detector_model.entry, runtime).detect([rendered()])[0]
    assert (iou_matrix(rendered_boxes(), found.above(0.4).xyxy).max(1) >= 0.5).all()
