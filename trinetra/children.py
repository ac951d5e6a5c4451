"""Parts of the product started as processes of their own, spoken with in JSON lines."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from contracts.errors import AgentError


class Child:
    """`python -m MODULE ARGS…` in its own process group; stderr goes to a log file.

    Leaving the `with` block ends the whole group: SIGTERM, then SIGKILL.
    """

    def __init__(
        self, name: str, arguments: list[str], *, log: Path, env: dict[str, str] | None = None
    ) -> None:
        self.name = name
        self._log = log
        self._lines: queue.Queue[dict[str, Any] | None] = queue.Queue()
        with log.open("wb") as stderr:
            self.popen = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env={**os.environ, **(env or {})},
                start_new_session=True,
            )
        threading.Thread(target=self._pump, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop(5.0 if kind is None else 1.0)

    def line(self, timeout_s: float) -> dict[str, Any]:
        """The next JSON object that the child prints; `AgentError` if it ends or is silent."""
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise AgentError(f"{self.name} said nothing for {timeout_s:.0f} s") from None
            if line is None:
                raise AgentError(f"{self.name} ended early: {self.last_words()}")
            return line

    def tell(self, text: str) -> None:
        """Write one line to the child's stdin; `AgentError` if it has ended."""
        if self.popen.stdin is None:
            raise AgentError(f"{self.name} has no stdin")
        try:
            self.popen.stdin.write(text.encode() + b"\n")
            self.popen.stdin.flush()
        except OSError:
            raise AgentError(f"{self.name} ended early: {self.last_words()}") from None

    def wait(self, timeout_s: float) -> int:
        """Exit code after SIGTERM; `AgentError` when it does not end in time."""
        if self.popen.poll() is None:
            self.popen.send_signal(signal.SIGTERM)
        try:
            return self.popen.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise AgentError(f"{self.name} did not stop within {timeout_s:.0f} s") from None

    def stop(self, timeout_s: float) -> None:
        """End the whole process group, whatever it takes."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.popen.pid, number)
            except ProcessLookupError:
                break
            try:
                self.popen.wait(timeout_s)
            except subprocess.TimeoutExpired:
                continue
        self.popen.wait()

    def last_words(self) -> str:
        """The last line of the child's log, for an error message."""
        lines = self._log.read_text(errors="replace").strip().splitlines()
        return lines[-1][-300:] if lines else f"exit code {self.popen.poll()}, nothing logged"

    def _pump(self) -> None:
        stdout = self.popen.stdout
        for raw in stdout or ():
            try:
                parsed = json.loads(raw)
            except ValueError:
                continue
            if isinstance(parsed, dict):
                self._lines.put(parsed)
        self._lines.put(None)
