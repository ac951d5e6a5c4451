"""An agent in a process of its own, started the way the command line starts it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import msgspec

from contracts.events import Event, decode_event
from contracts.store import StoreConfig
from edge_agent.processes import Process
from edge_agent.spool.audit import segments_in
from tests.edge_core.conftest import wait_until

AGENT = """
import functools, sys
from pathlib import Path
import msgspec
from contracts.errors import TrinetraError
from contracts.store import StoreConfig
from edge_agent.agent import run_agent
from edge_agent.config_change import ConfigFile
from edge_agent.processes import Process
from edge_agent.supervisor import Supervisor
spec = msgspec.json.decode(sys.stdin.buffer.read())
config = msgspec.convert(spec["config"], StoreConfig)
rows = [msgspec.convert(row, Process) for row in spec["rows"]]
file = ConfigFile(Path(spec["file"])) if spec["file"] else None
made = functools.partial(Supervisor, processes=rows, run_bases=[Path(spec["base"])])
try:
    code = run_agent(config, supervisor=made, file=file, ready=lambda about: print(
        msgspec.json.encode(about).decode(), flush=True))
except TrinetraError as error:
    print(type(error).__name__, error, file=sys.stderr)
    code = 1
sys.exit(code)
"""


def row(name: str, function: str, **more: Any) -> Process:
    return Process(name, f"tests.edge_core.fake_workers:{function}", **more)


class AgentRun:
    """Starts in the constructor; `about` is what the `ready` callback got."""

    def __init__(
        self, config: StoreConfig, rows: list[Process], base: Path, file: Path | None = None
    ) -> None:
        """`file` is what SIGHUP reads again."""
        self.data_dir = Path(config.agent.data_dir)
        self.base = base
        self.errors = base / f"stderr-{os.urandom(4).hex()}"
        spec = msgspec.json.encode(
            {"config": config, "rows": rows, "base": str(base), "file": str(file or "")}
        )
        self.child = subprocess.Popen(
            [sys.executable, "-c", AGENT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors.open("wb"),
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        assert self.child.stdin
        assert self.child.stdout
        self.child.stdin.write(spec)
        self.child.stdin.close()
        line = self.child.stdout.readline()
        self.about: dict[str, Any] = json.loads(line) if line else {}

    def diary(self) -> list[tuple[str, str, int]]:
        """(word, worker, pid) in the order in which the fake workers wrote."""
        try:
            lines = (self.data_dir / "diary").read_text().splitlines()
        except OSError:
            return []
        return [(word, name, int(pid)) for word, name, pid in (line.split() for line in lines)]

    def starts(self, name: str) -> list[int]:
        """Process ids of all lives of a worker, oldest first."""
        return [pid for word, who, pid in self.diary() if (word, who) == ("start", name)]

    def page(self, path: str) -> str:
        """What the agent's HTTP server answers."""
        url = f"http://127.0.0.1:{self.about['port']}{path}"
        with urllib.request.urlopen(url, timeout=5) as answer:
            return str(answer.read().decode())

    def health(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.page("/health"))
        return found

    def worker(self, name: str) -> dict[str, Any]:
        (found,) = [one for one in self.health()["workers"] if one["name"] == name]
        return dict(found)

    def value(self, sample: str) -> float | None:
        """A sample's value on /metrics, None if it is not there."""
        lines = self.page("/metrics").splitlines()
        found = [line.rpartition(" ") for line in lines if not line.startswith("#")]
        return next((float(value) for name, _, value in found if name == sample), None)

    def events(self) -> list[Event]:
        """What lies in the spool, oldest first."""
        lines = [line for part in segments_in(self.data_dir / "spool") for line in part.lines]
        return sorted((decode_event(line) for line in lines), key=lambda event: event.sequence)

    def until_ok(self) -> None:
        wait_until(lambda: self.health()["status"] == "ok", 30, "health ok")

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Signal the agent and wait for its exit code."""
        self.child.send_signal(number)
        return self.child.wait(30)

    def log(self) -> str:
        return self.errors.read_text()

    def leftovers(self) -> list[str]:
        """Run folders that lie in the base now."""
        return [path.name for path in self.base.glob("*trinetra-*")]


def alive(pid: int) -> bool:
    """True if the process exists and is not a zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
