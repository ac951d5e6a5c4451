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


@pytest.fixture
def base(run_dir: Path) -> Path:
    """An empty folder with a short path."""
    (run_dir / "b").mkdir()
    return run_dir / "b"


def test_a_data_folder_has_one_agent(base: Path) -> None:
    with locked_data_dir(base / "a" / "b"):
        with pytest.raises(AgentError, match="another agent is running on"):
            with locked_data_dir(base / "a" / "b"):
                pass
    with locked_data_dir(base / "a" / "b"):
        pass


def test_a_data_folder_that_cannot_be_made_is_one_line(base: Path) -> None:
    (base / "file").touch()
    with pytest.raises(AgentError, match="cannot be written"):
        with locked_data_dir(base / "file" / "data"):
            pass


def test_a_run_folder_is_private_and_goes(base: Path) -> None:
    with fresh_run_dir(1, [base]) as run_dir:
        assert run_dir.stat().st_mode & 0o777 == 0o700
        assert sweep(base) == [], "its owner lives"
    assert list(base.iterdir()) == []


def test_only_dead_agents_folders_are_swept(base: Path) -> None:
    (base / "trinetra-dead").mkdir()
    (base / "trinetra-dead" / "owner").touch()
    (base / "trinetra-notes").mkdir()
    (base / "trinetra-notes" / "mine.txt").touch()
    with fresh_run_dir(1, [base]) as run_dir:
        names = {path.name for path in base.iterdir()}
    assert names == {"trinetra-notes", run_dir.name}


def test_frames_lie_in_the_service_s_own_folder(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """systemd removes it with the service, so that not even SIGKILL of all leaves a frame."""
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(base))
    with fresh_run_dir(1) as run_dir:
        assert run_dir.parent == base


def test_folders_without_room_are_passed_over(base: Path) -> None:
    with pytest.raises(AgentError, match="MiB free"):
        with fresh_run_dir(2**60, [base]):
            pass
    with pytest.raises(AgentError, match="MiB free"):
        with fresh_run_dir(1, [base / ("x" * 90)]):
            pass


def test_the_supervisor_s_process_loads_nothing_native() -> None:
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, check=True)
    assert done.stdout.decode().strip() == "[]"
