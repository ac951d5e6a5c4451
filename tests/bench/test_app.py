"""The table of benchmarks: a row is imported when it runs, and not before."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from contracts.errors import TrinetraError
from trinetra.bench.app import BENCHES, Bench, build

CODE = """
import typer
def measure(people: int = typer.Option(50, help="People in a frame.")) -> None:
    print(f"measured {people}")
"""


@pytest.fixture
def row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    (tmp_path / "bench_of_a_test.py").write_text(CODE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "bench_of_a_test", raising=False)
    return Bench("tried", "bench_of_a_test:measure", "Tries a row.")


def test_the_list_imports_no_row(row: Bench) -> None:
    result = CliRunner().invoke(build((row,)), ["--help"])
    assert result.exit_code == 0
    assert "Tries a row." in result.stdout
    assert "bench_of_a_test" not in sys.modules


def test_a_row_takes_its_own_options(row: Bench) -> None:
    result = CliRunner().invoke(build((row,)), ["tried", "--people", "7"])
    assert result.exit_code == 0
    assert result.stdout == "measured 7\n"


def test_a_row_explains_its_own_options(row: Bench) -> None:
    result = CliRunner().invoke(build((row,)), ["tried", "--help"])
    assert result.exit_code == 0
    assert "People in a frame." in result.stdout


def test_wrong_use_of_a_row_is_exit_code_2(row: Bench) -> None:
    assert CliRunner().invoke(build((row,)), ["tried", "--nosuch"]).exit_code == 2
    assert CliRunner().invoke(build((row,)), ["nosuch"]).exit_code == 2


def test_a_missing_package_is_named() -> None:
    row = Bench("peers", "no_such_package_at_all:measure", "Needs more.")
    result = CliRunner().invoke(build((row,)), ["peers"])
    assert isinstance(result.exception, TrinetraError)
    assert "no_such_package_at_all" in str(result.exception)


@pytest.mark.parametrize("bench", BENCHES, ids=lambda bench: bench.name)
def test_every_row_leads_to_a_function(bench: Bench) -> None:
    result = CliRunner().invoke(build(), [bench.name, "--help"])
    assert result.exit_code == 0, result.output
