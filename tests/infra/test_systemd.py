"""The unit parses without a word of complaint and is hardened."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

UNIT = Path(__file__).parents[2] / "infra" / "systemd" / "trinetra-agent.service"
pytestmark = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None,
    reason="needs systemd-analyze: apt-get install systemd",
)


def test_the_unit_has_no_unknown_key(tmp_path: Path) -> None:
    # verify looks for the program, too: /bin/true stands in for an installed agent
    unit = tmp_path / UNIT.name
    unit.write_text(re.sub(r"(?m)^ExecStart=.*$", "ExecStart=/bin/true", UNIT.read_text()))
    result = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    ours = [line for line in result.stderr.splitlines() if UNIT.name in line]
    assert ours == []
    assert result.returncode == 0


def test_nothing_of_a_run_outlives_the_service_and_it_can_be_reloaded() -> None:
    lines = UNIT.read_text().splitlines()
    assert "RuntimeDirectory=trinetra" in lines
    assert not any(line.startswith("RuntimeDirectoryPreserve") for line in lines)
    assert "ExecReload=/bin/kill -HUP $MAINPID" in lines


def test_the_unit_is_exposed_little() -> None:
    result = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", str(UNIT)],
        capture_output=True,
        text=True,
        check=False,
    )
    level = re.search(r"Overall exposure level for \S+: ([\d.]+)", result.stdout)
    assert level is not None, result.stdout + result.stderr
    assert float(level[1]) < 2.5
