"""Structured logs: one JSON object per line on stderr, with credentials cut out as a last net."""

from __future__ import annotations

import re
import sys
from typing import Any, Literal, TextIO

import msgspec

from edge_agent.clock import Clock, SystemClock

Level = Literal["debug", "info", "warning", "error"]
_RANK: dict[Level, int] = {"debug": 0, "info": 1, "warning": 2, "error": 3}
_URL_SECRET = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)[^\s/?#]*@")
_NAMED_SECRET = re.compile(
    r"(?i)\b(pass(?:word|wd)?|pwd|token|secret|api[_-]?key)(\"?\s*[=:]\s*\"?)[^\s&,;\"']+"
)
_BEARER = re.compile(r"(?i)\b(bearer|basic|digest)\s+[A-Za-z0-9+/=._~-]{8,}")


def redacted(text: str) -> str:
    """`text` without anything that looks like credentials: URLs, `password=…`, bearer tokens."""
    text = _URL_SECRET.sub(r"\1***@", text)
    text = _NAMED_SECRET.sub(r"\1\2***", text)
    return _BEARER.sub(r"\1 ***", text)


class Logger:
    """Writes `{"ts", "level", "worker", "msg", …fields}` lines; never raises, never blocks long."""

    def __init__(
        self,
        worker: str,
        *,
        clock: Clock | None = None,
        stream: TextIO | None = None,
        level: Level = "info",
    ) -> None:
        self._worker = worker
        self._clock = clock or SystemClock()
        self._stream = stream
        self._level = _RANK[level]

    def debug(self, msg: str, **fields: object) -> None:
        """For somebody who looks for a bug."""
        self._write("debug", msg, fields)

    def info(self, msg: str, **fields: object) -> None:
        """Something changed, as it should."""
        self._write("info", msg, fields)

    def warning(self, msg: str, **fields: object) -> None:
        """Something is off; the agent goes on."""
        self._write("warning", msg, fields)

    def error(self, msg: str, **fields: object) -> None:
        """Something is broken and somebody should look."""
        self._write("error", msg, fields)

    def _write(self, level: Level, msg: str, fields: dict[str, object]) -> None:
        if _RANK[level] < self._level:
            return
        record: dict[str, object] = {
            "ts": round(self._clock.now(), 3),
            "level": level,
            "worker": self._worker,
            "msg": redacted(msg),
        }
        for name, value in fields.items():
            record[f"field_{name}" if name in record else name] = _clean(value)
        line = msgspec.json.encode(record, enc_hook=_as_text).decode() + "\n"
        stream = self._stream or sys.stderr
        try:
            stream.write(line)  # one write per line, so that lines of processes do not mix
            stream.flush()
        except (OSError, ValueError):
            return  # a closed or full stderr must not stop a worker


def _clean(value: object) -> object:
    if isinstance(value, BaseException):
        return redacted(f"{type(value).__name__}: {value}")
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, dict):
        return {str(key): _clean(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_clean(item) for item in value]
    return value


def _as_text(value: Any) -> str:
    return redacted(str(value))
