"""`trinetra dagster`: the data platform by hand — web UI, daemon (automation) and code server."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from contracts.errors import CloudError

CODE_LOCATION = "trinetra"
_READY_S = 120.0
_STOP_S = 10.0
_LOOK_S = 0.25
_OUTPUT = "output"  # not "logs", which Dagster empties


class Platform(msgspec.Struct, frozen=True):
    """Where the parts of a running Dagster are; `parts` are process groups of their own."""

    url: str
    home: Path
    parts: dict[str, subprocess.Popen[bytes]]

    def ended(self) -> str:
        """Which part is no longer there and its last words; "" while all run."""
        for name, popen in self.parts.items():
            if popen.poll() is not None:
                return f"Dagster's {name} ended: {_last_words(_log(self.home, name))}"
        return ""


def dagster(
    data_dir: Annotated[
        Path, typer.Option(help="Holds landing/, lake/, dagster/ and the embedded PostgreSQL.")
    ] = Path("var"),
    database_url: Annotated[
        str, typer.Option(envvar="TRINETRA_DATABASE_URL", help="PostgreSQL: ledger and gold.")
    ] = "",
    lake_url: Annotated[
        str, typer.Option(envvar="TRINETRA_LAKE_URL", help="Folder or object store of the lake.")
    ] = "",
    landing_url: Annotated[
        str, typer.Option(envvar="TRINETRA_LANDING_URL", help="Folder or object store of batches.")
    ] = "",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the UI.")] = 3000,
    host: Annotated[str, typer.Option(help="Address of the UI; it has no login.")] = "127.0.0.1",
) -> None:
    """Turn what arrives into gold, and show how, until Ctrl-C or SIGTERM."""
    from orchestration.storage.postgres import postgres

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with postgres(data_dir / "postgres", database_url or None) as warehouse:
        places = Places(
            warehouse=warehouse,
            lake=lake_url or str((data_dir / "lake").resolve()),
            landing=landing_url or str((data_dir / "landing").resolve()),
        )
        with serve(places, data_dir / "dagster", host=host, port=port, stop=stop) as platform:
            if not stop.is_set():
                typer.echo(f"Dagster: {platform.url} (Ctrl-C stops it)")
            while not stop.wait(_LOOK_S):
                if problem := platform.ended():
                    raise CloudError(problem)


class Places(msgspec.Struct, frozen=True):
    """The three places that the assets work with, by URL or folder."""

    warehouse: str
    lake: str
    landing: str


@contextlib.contextmanager
def serve(
    places: Places, home: Path, *, host: str, port: int, stop: threading.Event | None = None
) -> Iterator[Platform]:
    """Run Dagster on `home` until the block ends; yields once the UI answers or `stop` is set.

    `CloudError` when the port is in use, or a part ends or stays silent.
    """
    _refuse_taken(host, port)
    from orchestration.instance import open_instance
    from orchestration.storage.postgres import migrate

    migrate(places.warehouse)
    open_instance(home, places.warehouse).dispose()  # makes Dagster's tables before two race
    environment = _environment(places, home)
    (home / _OUTPUT).mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="trinetra-") as private:
        commands = _commands(Path(private), host, port)
        platform = Platform(f"http://{host}:{port}", home, {})
        try:
            for name, command in commands.items():
                platform.parts[name] = _start(command, _log(home, name), environment)
            _wait_ready(platform, stop or threading.Event())
            yield platform
        finally:
            _stop(platform)


def _commands(private: Path, host: str, port: int) -> dict[str, list[str]]:
    """One code server, that both others speak with over a socket only we can reach."""
    workspace = private / "workspace.yaml"
    place = private / "code.sock"
    workspace.write_text(
        f"load_from:\n  - grpc_server: {{socket: {place}, location_name: {CODE_LOCATION}}}\n"
    )
    code = ["dagster", "api", "grpc", "--socket", str(place), "--heartbeat-timeout", "45"]
    return {
        "code server": [*code, "-m", "orchestration.definitions"],
        "daemon": ["dagster._daemon", "run", "-w", str(workspace)],
        "web server": ["dagster_webserver", "-w", str(workspace), "-h", host, "-p", str(port)],
    }


def _environment(places: Places, home: Path) -> dict[str, str]:
    from orchestration.defs.resources import DATABASE_URL, LAKE_URL, LANDING_URL
    from orchestration.instance import environment

    return {
        **os.environ,
        **environment(home, places.warehouse),
        DATABASE_URL: places.warehouse,
        LAKE_URL: places.lake,
        LANDING_URL: places.landing,
    }


def _start(
    command: list[str], log: Path, environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            start_new_session=True,
        )


def _wait_ready(platform: Platform, stop: threading.Event) -> None:
    deadline = time.monotonic() + _READY_S
    while time.monotonic() < deadline:
        if problem := platform.ended():
            raise CloudError(problem)
        if stop.wait(_LOOK_S) or _answers(platform.url):
            return
    raise CloudError(f"Dagster's UI did not answer within {_READY_S:.0f} s")


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/server_info", timeout=2.0) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _stop(platform: Platform) -> None:
    """End all groups together: SIGTERM, then SIGKILL for what is left, runs included."""
    deadline = time.monotonic() + _STOP_S
    for popen in platform.parts.values():
        with contextlib.suppress(ProcessLookupError):
            os.killpg(popen.pid, signal.SIGTERM)
    for popen in platform.parts.values():
        with contextlib.suppress(subprocess.TimeoutExpired):
            popen.wait(max(0.1, deadline - time.monotonic()))
        with contextlib.suppress(ProcessLookupError):
            os.killpg(popen.pid, signal.SIGKILL)
        popen.wait()


def _refuse_taken(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CloudError(
                f"port {port} of {host} cannot be used ({error.strerror}): try --port"
            ) from None


def _log(home: Path, name: str) -> Path:
    return home / _OUTPUT / f"{name.replace(' ', '-')}.log"


def _last_words(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1].strip()[-300:] if lines else "it said nothing"
