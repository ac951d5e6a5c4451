"""Runs the gateway in the foreground."""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FrameType

import uvicorn

from contracts.errors import CloudError
from orchestration.gateway.app import create_app
from orchestration.storage import postgres
from orchestration.storage.objects import Landing


def serve(
    host: str,
    port: int,
    *,
    url: str,
    landing: Path,
    tokens: Mapping[str, str],
    ready: Callable[[int], None] | None = None,
) -> None:
    """Serve until SIGTERM or Ctrl-C; port 0 takes a free one, `ready` is told which.

    `url` is a migrated database, `tokens` maps a store to its token's SHA-256. `CloudError` if
    the port is in use or the landing folder cannot be made.
    """
    listener = listen(host, port)
    database = postgres.engine(url)
    try:
        landing.mkdir(parents=True, exist_ok=True)
        config = uvicorn.Config(
            create_app(database, Landing(landing), tokens),
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=10,
        )
        if ready is not None:
            ready(listener.getsockname()[1])
        with _signals_end_quietly():
            uvicorn.Server(config).run(sockets=[listener])
    except OSError as error:
        raise CloudError(f"landing folder {landing}: {error.strerror}") from None
    finally:
        database.dispose()
        listener.close()


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; requests that come before the server runs wait in its queue."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise CloudError(f"gateway cannot listen on {host}:{port}: {error.strerror}") from None
    return listener


@contextlib.contextmanager
def _signals_end_quietly() -> Iterator[None]:
    """uvicorn raises the signal again after a clean stop; by then it has done its work."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, _ignore) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)


def _ignore(number: int, frame: FrameType | None) -> None:
    """The signal did what it should."""
