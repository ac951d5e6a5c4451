"""A gateway that answers by a script: real TCP, so that every fault is a real one."""

from __future__ import annotations

import hashlib
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import zstandard

Answer = int | str | bytes


class Put(NamedTuple):
    """One request as it came in."""

    path: str
    token: str
    lines: list[bytes]


class ScriptedGateway:
    """Answers request number n with `script[n]`, and 201 when the script is over.

    A number is a status; "cut" closes in the middle of the reply, "close" without one, "drip"
    sends ten bytes a second, "hang" says nothing; bytes are sent as they are. `{sha256}` in them
    becomes the hash of what came.
    """

    def __init__(self, script: list[Answer] | None = None, port: int = 0) -> None:
        self.script = list(script or [])
        self.puts: list[Put] = []
        self.open = True
        self._listener = socket.create_server(("127.0.0.1", port))
        self._listener.settimeout(0.1)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.open = False
        self._thread.join(5)
        self._listener.close()

    def received(self) -> list[bytes]:
        return [line for put in self.puts for line in put.lines]

    def _serve(self) -> None:
        while self.open:
            try:
                peer, _ = self._listener.accept()
            except TimeoutError:
                continue
            with peer:
                peer.settimeout(5)
                try:
                    while self._answer(peer):
                        pass
                except OSError:
                    continue

    def _answer(self, peer: socket.socket) -> bool:
        head = b""
        while b"\r\n\r\n" not in head:
            chunk = peer.recv(65536)
            if not chunk:
                return False
            head += chunk
        head, _, body = head.partition(b"\r\n\r\n")
        text = head.decode()
        length = int(re.search(r"(?i)content-length: (\d+)", text)[1])  # type: ignore[index]
        while len(body) < length:
            body += peer.recv(65536)
        plain = zstandard.ZstdDecompressor().decompress(body, max_output_size=1 << 26)
        token = re.search(r"(?i)authorization: (.*)", text)
        self.puts.append(
            Put(text.split(" ")[1], token[1].strip() if token else "", plain.splitlines())
        )
        answer = self.script.pop(0) if self.script else 201
        return self._send(peer, answer, hashlib.sha256(plain).hexdigest())

    def _send(self, peer: socket.socket, answer: Answer, sha256: str) -> bool:
        if isinstance(answer, int):
            peer.sendall(f"HTTP/1.1 {answer} x\r\ncontent-length: 2\r\n\r\n{{}}".encode())
            return True
        if isinstance(answer, bytes):
            peer.sendall(answer.replace(b"{sha256}", sha256.encode()))
            return True
        if answer == "cut":
            peer.sendall(b"HTTP/1.1 201 Created\r\nconte")
        elif answer == "drip":
            for byte in b"HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\n{}":
                if not self.open:
                    break
                peer.sendall(bytes([byte]))
                time.sleep(0.1)
        elif answer == "hang":
            until = time.monotonic() + 5
            while self.open and time.monotonic() < until:
                time.sleep(0.05)
        return False


@contextmanager
def scripted(*script: Answer) -> Iterator[ScriptedGateway]:
    """A gateway for the length of a test."""
    gateway = ScriptedGateway(list(script))
    try:
        yield gateway
    finally:
        gateway.close()
