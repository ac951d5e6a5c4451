"""Short folders (unix sockets have short paths) and polling with a deadline."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_agent.bus import Bus
from tests.fakes.clip import write_clip


@pytest.fixture
def run_dir() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="tec-"))
    (folder / "rings").mkdir()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


OpenBus = Callable[..., Bus]


@pytest.fixture
def open_bus() -> Iterator[OpenBus]:
    """Makes buses that are closed when the test ends, also when it fails."""
    opened: list[Bus] = []

    def begin(run_dir: Path, **more: Any) -> Bus:
        opened.append(Bus(run_dir, **more))
        return opened[-1]

    yield begin
    for bus in opened:
        bus.close(0.0)


@pytest.fixture
def until() -> Callable[..., None]:
    return wait_until


def wait_until(done: Callable[[], bool], timeout_s: float = 20.0, what: str = "") -> None:
    """Poll `done` until it is true; fail after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while not done():
        if time.monotonic() > deadline:
            pytest.fail(f"not within {timeout_s} s: {what or done}")
        time.sleep(0.02)


@pytest.fixture(scope="session")
def shared_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small moving picture as a file: two seconds at ten frames a second."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    write_clip(path, seconds=2.0, fps=10)
    return path
