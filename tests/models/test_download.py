import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from contracts.errors import ModelError
from models.download import download

BODY = bytes(range(256)) * 2000
DIGEST = hashlib.sha256(BODY).hexdigest()


class Server(BaseHTTPRequestHandler):
    """Serves ``BODY`` whole, cut short, or not at all."""

    def do_GET(self) -> None:
        if self.path == "/missing":
            self.send_error(404)
            return
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/whole")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY[: len(BODY) // 2] if self.path == "/short" else BODY)

    def log_message(self, *args: object) -> None:
        """Stay silent."""


@contextmanager
def serving() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def url() -> Iterator[str]:
    with serving() as address:
        yield address


def test_a_file_arrives_whole_and_progress_ends_at_its_size(url: str, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    target = tmp_path / "new" / "model.onnx"
    download(f"{url}/moved", target, sha256=DIGEST, on_progress=lambda a, b: seen.append((a, b)))
    assert target.read_bytes() == BODY
    assert seen[-1] == (len(BODY), len(BODY))
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize(
    ("path", "digest", "reason"),
    [
        ("/whole", "0" * 64, "expected sha256 0000"),
        ("/short", DIGEST, "cannot fetch"),
        ("/missing", DIGEST, "404"),
    ],
)
def test_a_failed_download_leaves_nothing(
    url: str, tmp_path: Path, path: str, digest: str, reason: str
) -> None:
    with pytest.raises(ModelError, match=reason):
        download(url + path, tmp_path / "model.onnx", sha256=digest)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_download_leaves_the_old_file(url: str, tmp_path: Path) -> None:
    target = tmp_path / "model.onnx"
    target.write_bytes(b"old")
    with pytest.raises(ModelError):
        download(f"{url}/short", target, sha256=DIGEST)
    assert target.read_bytes() == b"old"


def test_an_unreachable_server_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot fetch") as caught:
        download("http://127.0.0.1:9/x", tmp_path / "model.onnx", sha256=DIGEST)
    assert "\n" not in str(caught.value)
