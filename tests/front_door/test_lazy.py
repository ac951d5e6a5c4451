"""Groups of subcommands: a row is imported when it runs, and not before."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from contracts.errors import TrinetraError
from trinetra.bench import app as bench
from trinetra.evaluation import app as evaluation
from trinetra.lazy import Row, group

CODE = """
import typer
def measure(people: int = typer.Option(50, help="People in a frame.")) -> None:
    print(f"measured {people}")
"""


@pytest.fixture
def row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Row:
    (tmp_path / "row_of_a_test.py").write_text(CODE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "row_of_a_test", raising=False)
    return Row("tried", "row_of_a_test:measure", "Tries a row.")


def test_the_list_imports_no_row(row: Row) -> None:
    result = CliRunner().invoke(group("of-test", "Tests.", (row,)), ["--help"])
    assert result.exit_code == 0
    assert "Tries a row." in result.stdout
    assert "row_of_a_test" not in sys.modules


def test_a_row_takes_its_own_options(row: Row) -> None:
    result = CliRunner().invoke(group("of-test", "Tests.", (row,)), ["tried", "--people", "7"])
    assert result.exit_code == 0
    assert result.stdout == "measured 7\n"


def test_a_row_explains_its_own_options(row: Row) -> None:
    result = CliRunner().invoke(group("of-test", "Tests.", (row,)), ["tried", "--help"])
    assert result.exit_code == 0
    assert "People in a frame." in result.stdout


def test_wrong_use_of_a_row_is_exit_code_2(row: Row) -> None:
    assert (
        CliRunner().invoke(group("of-test", "Tests.", (row,)), ["tried", "--nosuch"]).exit_code == 2
    )
    assert CliRunner().invoke(group("of-test", "Tests.", (row,)), ["nosuch"]).exit_code == 2


def test_a_missing_package_is_named() -> None:
    row = Row("peers", "no_such_package_at_all:measure", "Needs more.")
    result = CliRunner().invoke(group("of-test", "Tests.", (row,)), ["peers"])
    assert isinstance(result.exception, TrinetraError)
    assert "no_such_package_at_all" in str(result.exception)


GROUPS = {"bench": (bench.app, bench.BENCHES), "eval": (evaluation.app, evaluation.KINDS)}


@pytest.mark.parametrize(
    ("name", "row"),
    [(name, row.name) for name, (_, rows) in GROUPS.items() for row in rows],
)
def test_every_row_leads_to_a_function_that_explains_itself(name: str, row: str) -> None:
    result = CliRunner().invoke(GROUPS[name][0], [row, "--help"])
    assert result.exit_code == 0, result.output
    assert f"Usage: trinetra {name} {row}" in result.output
