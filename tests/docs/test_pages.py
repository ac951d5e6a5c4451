"""What the pages point at exists: files, commands, make targets."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from trinetra.cli import COMMANDS

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / name
    for name in subprocess.run(
        ["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
]
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


@each_page
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text())
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (page.parent / target).exists()] == []


@each_page
def test_commands_and_targets_exist(page: Path) -> None:
    text = page.read_text()
    commands = set(re.findall(r"(?:\.venv/bin/|`|^)trinetra ([a-z]+)", text, re.MULTILINE))
    targets = set(re.findall(r"(?:`|^)make ([a-z-]+)", text, re.MULTILINE))
    known = set(
        re.findall(r"^([a-z-]+(?: [a-z-]+)*):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    )
    assert commands - {row.name for row in COMMANDS} == set()
    assert targets - {name for line in known for name in line.split()} == set()


def test_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) < 90
