"""`start_dashboards` and the command, as processes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from contracts.errors import CloudError
from trinetra.dashboards import start_dashboards


def listening(url: str) -> bool:
    host, port = url.removeprefix("http://").split(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


def wait_until_closed(url: str) -> None:
    deadline = time.monotonic() + 20
    while listening(url) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not listening(url)


def test_it_serves_and_stops_with_all_its_processes(blank_url: str) -> None:
    with start_dashboards(blank_url) as running:
        with urllib.request.urlopen(f"{running.url}/_stcore/health") as answer:
            assert answer.read() == b"ok"
        with pytest.raises(CloudError, match=r"cannot listen on 127\.0\.0\.1:\d+: Address already"):
            start_dashboards(blank_url, port=int(running.url.rsplit(":", 1)[1]))
    wait_until_closed(running.url)
    running.stop()


def test_the_command_ends_cleanly_on_sigterm(blank_url: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "trinetra", "dashboards", "--port", "0"]
    environment = {**os.environ, "TRINETRA_DATABASE_URL": blank_url, "PYTHONUNBUFFERED": "1"}
    running = subprocess.Popen(
        command, env=environment, cwd=tmp_path, stdout=subprocess.PIPE, text=True
    )
    try:
        assert running.stdout is not None
        line = running.stdout.readline()
        url = line.split()[1]
        assert listening(url)
        running.send_signal(signal.SIGTERM)
        assert running.wait(30) == 0
        wait_until_closed(url)
    finally:
        running.kill()
        running.wait()


def test_a_port_in_use_is_one_line(blank_url: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = subprocess.run(
            [sys.executable, "-m", "trinetra", "dashboards", "--port", port],
            env={**os.environ, "TRINETRA_DATABASE_URL": blank_url},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert ended.returncode == 1
    assert ended.stderr.splitlines() == [
        f"trinetra: the reports cannot listen on 127.0.0.1:{port}: Address already in use "
        "(--port 0 takes a free one)"
    ]
