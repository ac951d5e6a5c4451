"""The agent's folders: one owner, private, swept; and what its process may load."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from contracts.errors import AgentError
from edge_agent.supervisor_dirs import fresh_run_dir, locked_data_dir, sweep

NATIVE = "numpy cv2 av onnxruntime scipy"
LOADED = (
    "import sys, edge_agent.supervisor, edge_agent.agent\n"
    f"print(sorted(set('{NATIVE}'.split()) & set(sys.modules)))"
)


def test_a_data_folder_has_one_agent(tmp_path: Path) -> None:
    with locked_data_dir(tmp_path / "a" / "b"):
        with pytest.raises(AgentError, match="another agent is running on"):
            with locked_data_dir(tmp_path / "a" / "b"):
                pass
    with locked_data_dir(tmp_path / "a" / "b"):
        pass


def test_a_data_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(AgentError, match="cannot be written"):
        with locked_data_dir(tmp_path / "file" / "data"):
            pass


def test_a_run_folder_is_private_and_goes(tmp_path: Path) -> None:
    with fresh_run_dir(1, [tmp_path]) as run_dir:
        assert run_dir.stat().st_mode & 0o777 == 0o700
        assert sweep(tmp_path) == [], "its owner lives"
    assert list(tmp_path.iterdir()) == []


def test_only_dead_agents_folders_are_swept(tmp_path: Path) -> None:
    (tmp_path / "trinetra-dead").mkdir()
    (tmp_path / "trinetra-dead" / "owner").touch()
    (tmp_path / "trinetra-notes").mkdir()
    (tmp_path / "trinetra-notes" / "mine.txt").touch()
    with fresh_run_dir(1, [tmp_path]) as run_dir:
        names = {path.name for path in tmp_path.iterdir()}
    assert names == {"trinetra-notes", run_dir.name}


def test_folders_without_room_are_passed_over(tmp_path: Path) -> None:
    with pytest.raises(AgentError, match="MiB free"):
        with fresh_run_dir(2**60, [tmp_path]):
            pass
    with pytest.raises(AgentError, match="MiB free"):
        with fresh_run_dir(1, [tmp_path / ("x" * 90)]):
            pass


def test_the_supervisor_s_process_loads_nothing_native() -> None:
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, check=True)
    assert done.stdout.decode().strip() == "[]"
