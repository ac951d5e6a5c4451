"""`trinetra dashboards`: the managers' reports, served by Streamlit."""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import webbrowser
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Annotated, Self

import typer

from contracts.errors import CloudError

_READY_S = 60.0
_STOP_S = 5.0


class Dashboards:
    """A running server of the reports, in a process group of its own.

    Leaving the `with` block stops it.
    """

    def __init__(self, popen: subprocess.Popen[bytes], url: str, log: Path) -> None:
        self.url = url
        self._popen, self._log = popen, log

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the whole group: SIGTERM, then SIGKILL; may be called twice."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._popen.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._popen.wait(_STOP_S)
                break
        self._log.unlink(missing_ok=True)

    def wait(self) -> int:
        """Exit code of the server, once it ends."""
        return self._popen.wait()

    def wait_ready(self, timeout_s: float = _READY_S) -> None:
        """Return when the server answers; `CloudError` when it ends or stays silent."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if self._popen.poll() is not None:
                raise CloudError(f"the reports cannot start: {self._last_words()}")
            if _healthy(self.url):
                return
            time.sleep(0.1)
        raise CloudError(f"the reports did not answer within {timeout_s:.0f} s")

    def _last_words(self) -> str:
        lines = self._log.read_text(errors="replace").strip().splitlines()
        return lines[-1].strip()[-300:] if lines else f"exit code {self._popen.returncode}"


def start_dashboards(database_url: str, *, port: int = 0, host: str = "127.0.0.1") -> Dashboards:
    """Start the reports on `port` (0: a free one) and wait until they answer.

    `database_url` goes to the server through its environment, so that no password is on a
    command line. `CloudError` when the port is in use or the server cannot start.
    """
    port = _free_port(host, port)
    handle, name = tempfile.mkstemp(prefix="trinetra-reports-", suffix=".log")
    with os.fdopen(handle, "wb") as log:
        popen = subprocess.Popen(
            _command(host, port),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "TRINETRA_DATABASE_URL": database_url},
            start_new_session=True,
        )
    running = Dashboards(popen, f"http://{_reachable(host)}:{port}", Path(name))
    try:
        running.wait_ready()
    except BaseException:
        running.stop()
        raise
    return running


def dashboards(
    database_url: Annotated[
        str, typer.Option(envvar="TRINETRA_DATABASE_URL", help="PostgreSQL with the gold tables.")
    ] = "",
    data_dir: Annotated[
        Path, typer.Option(help="Folder of the embedded PostgreSQL, used without a URL.")
    ] = Path("var"),
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8501,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    open_browser: Annotated[bool, typer.Option("--open", help="Open the browser.")] = False,
) -> None:
    """The managers' reports in the browser, until Ctrl-C."""
    from orchestration.storage.postgres import migrate, postgres

    _check_installed()
    with (
        contextlib.suppress(KeyboardInterrupt),
        _stopping_on_sigterm(),
        postgres(data_dir / "postgres", database_url or None) as url,
    ):
        if not database_url:
            migrate(url)
        with start_dashboards(url, port=port, host=host) as running:
            typer.echo(f"Reports: {running.url} (Ctrl-C ends them)")
            if open_browser:
                webbrowser.open(running.url)
            raise CloudError(f"the reports ended with exit code {running.wait()}")


def _command(host: str, port: int) -> list[str]:
    app = find_spec("dashboards")
    assert app is not None
    assert app.submodule_search_locations is not None
    script = Path(next(iter(app.submodule_search_locations))) / "app.py"
    options = {
        "server.address": host,
        "server.port": str(port),
        "server.headless": "true",
        "browser.gatherUsageStats": "false",
        "server.fileWatcherType": "none",
    }
    flags = [f"--{name}={value}" for name, value in options.items()]
    return [sys.executable, "-m", "streamlit", "run", str(script), *flags]


def _check_installed() -> None:
    for module in ("streamlit", "plotly", "xlsxwriter"):
        if find_spec(module) is None:
            raise CloudError(f"the reports need {module}: pip install 'trinetra[cloud,reports]'")


def _free_port(host: str, port: int) -> int:
    """The port itself, or a free one for 0; `CloudError` when it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CloudError(
                f"the reports cannot listen on {host}:{port}: {error.strerror} (--port 0 takes a "
                "free one)"
            ) from None
        return int(probe.getsockname()[1])


def _reachable(host: str) -> str:
    """How this machine reaches a server that listens on `host`, as part of a URL."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if address.is_unspecified:
        return "127.0.0.1"
    return f"[{host}]" if address.version == 6 else host


def _healthy(url: str) -> bool:
    """True once Streamlit's health check says ok."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=2)
    try:
        connection.request("GET", "/_stcore/health")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


@contextlib.contextmanager
def _stopping_on_sigterm() -> Iterator[None]:
    """SIGTERM ends the command like Ctrl-C, so that the server is stopped too."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
