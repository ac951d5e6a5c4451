"""One small HTTP server on 127.0.0.1 for /health and /metrics."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from contracts.errors import AgentError

Page = Callable[[], tuple[str, bytes]]
HOST = "127.0.0.1"


@contextmanager
def serving(port: int, pages: Mapping[str, Page]) -> Iterator[int]:
    """Serve `pages` (path → content type and body) while the block runs; the port in use.

    Port 0 takes a free one. `AgentError` if the port is taken or not allowed.
    """
    try:
        server = _Server((HOST, port), pages)
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        reason = "is in use" if taken else f"cannot be opened: {error.strerror}"
        raise AgentError(f"port {port} {reason} (set agent.port; 0 takes a free one)") from None
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True, name="http")
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=2)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], pages: Mapping[str, Page]) -> None:
        self.pages = pages
        super().__init__(address, _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no news."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = 5
    server_version = "trinetra"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer a page, or 404."""
        page = self.server.pages.get(self.path.partition("?")[0])
        if page is None:
            self.send_error(404)
            return
        kind, body = page()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is given
        """Scrapes are not worth a log line."""
