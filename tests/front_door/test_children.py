"""A part started as a process of its own: heard, told, ended with all that it started."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from contracts.errors import AgentError
from trinetra.children import Child

ECHO = """
import json, sys
print(json.dumps({"ready": 1}), flush=True)
for line in sys.stdin:
    print(json.dumps({"heard": line.strip()}), flush=True)
"""
PARENT = """
import json, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(json.dumps({"grandchild": child.pid}), flush=True)
time.sleep(60)
"""


def script(folder: Path, name: str, text: str) -> dict[str, str]:
    (folder / f"{name}.py").write_text(text)
    return {"PYTHONPATH": str(folder)}


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    # A child that nobody has waited for yet is dead, too.
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


def test_lines_are_heard_and_told(tmp_path: Path) -> None:
    env = script(tmp_path, "echo_part", ECHO)
    with Child("echo", ["echo_part"], log=tmp_path / "log", env=env) as child:
        assert child.line(20) == {"ready": 1}
        child.tell("go")
        assert child.line(20) == {"heard": "go"}


def test_an_early_end_says_the_last_words(tmp_path: Path) -> None:
    env = script(tmp_path, "dying_part", "raise SystemExit('the disk is full')")
    with Child("dying", ["dying_part"], log=tmp_path / "log", env=env) as child:
        with pytest.raises(AgentError, match="dying ended early: the disk is full"):
            child.line(20)


def test_silence_is_an_error(tmp_path: Path) -> None:
    env = script(tmp_path, "silent_part", "import time; time.sleep(60)")
    with Child("silent", ["silent_part"], log=tmp_path / "log", env=env) as child:
        with pytest.raises(AgentError, match="said nothing"):
            child.line(0.2)


def test_leaving_ends_grandchildren(tmp_path: Path) -> None:
    env = script(tmp_path, "parent_part", PARENT)
    with Child("parent", ["parent_part"], log=tmp_path / "log", env=env) as child:
        grandchild = child.line(20)["grandchild"]
    deadline = time.monotonic() + 10
    while not gone(grandchild) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert gone(grandchild)
