"""The command as a shell user meets it: exit codes, one-line errors, nothing heavy for help."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from trinetra.cli import COMMANDS


def trinetra(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "trinetra", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_help_lists_every_command_and_imports_none_of_them() -> None:
    code = (
        "import sys; from trinetra.cli import build\n"
        "try: build('')(args=['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'cv2', 'av', 'zmq', 'dagster', 'streamlit'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 0, result.stderr
    assert all(row.name in result.stdout for row in COMMANDS)


@pytest.mark.parametrize("row", COMMANDS, ids=lambda row: row.name)
def test_each_command_explains_itself(row: object) -> None:
    result = trinetra(row.name, "--help")  # type: ignore[attr-defined]
    assert result.returncode == 0, result.stderr
    assert "Usage: trinetra" in result.stdout


def test_the_row_of_models_names_all_that_the_group_can_do() -> None:
    row = next(row for row in COMMANDS if row.name == "models")
    able = re.findall(
        r"^\W{2}(\w+) ", trinetra("models", "--help").stdout.partition("Commands")[2], re.M
    )
    assert "list" in able
    assert all(name in row.help for name in able)


def test_wrong_use_is_exit_code_2() -> None:
    assert trinetra("nosuch").returncode == 2
    assert trinetra("track", "--nosuch").returncode == 2


def test_an_error_is_one_line_and_exit_code_1() -> None:
    result = trinetra("track", "there-is-no-such-file.mp4")
    assert result.returncode == 1
    assert result.stdout == ""
    assert len(result.stderr.strip().splitlines()) == 1
    assert "there-is-no-such-file.mp4" in result.stderr
    assert "Traceback" not in result.stderr


def test_debug_brings_the_traceback() -> None:
    result = trinetra("--debug", "track", "there-is-no-such-file.mp4")
    assert result.returncode == 1
    assert "Traceback" in result.stderr
