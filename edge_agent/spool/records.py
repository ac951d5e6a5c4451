"""Records of a segment: `marker | length u32 | crc32c u32 | line`, little endian.

The CRC covers length and line. The marker holds bytes that UTF-8 text never contains, so that
after a damaged record the next one is found again: one flipped bit costs at most one record,
and never yields a wrong one.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

import google_crc32c

from contracts.errors import SpoolError

MARKER = b"\xf5\xc1T\x01"
MAX_LINE_BYTES = 2 * 1024 * 1024
_LENGTH = struct.Struct("<I")
_HEADER = struct.Struct("<4sII")
HEADER_BYTES = _HEADER.size


class Scan(NamedTuple):
    """What a segment holds: good lines, damaged spans `(begin, end)`, begin of a torn tail."""

    lines: list[bytes]
    damaged: list[tuple[int, int]]
    good_bytes: int


def record(line: bytes) -> bytes:
    """One line, ready to append; `SpoolError` for one that is too long or holds a line end."""
    if len(line) > MAX_LINE_BYTES or b"\n" in line:
        raise SpoolError(f"an event is one line of at most {MAX_LINE_BYTES} bytes")
    return _HEADER.pack(MARKER, len(line), _checksum(line)) + line


def scan(blob: bytes) -> Scan:
    """Read every record that is whole; bytes after the last one are the torn tail."""
    lines: list[bytes] = []
    damaged: list[tuple[int, int]] = []
    at = good_bytes = 0
    while at < len(blob):
        line = _line_at(blob, at)
        if line is None:
            found = _next_record(blob, at + 1)
            if found is None:
                break
            damaged.append((at, found))
            at = found
            continue
        lines.append(line)
        at = good_bytes = at + HEADER_BYTES + len(line)
    return Scan(lines, damaged, good_bytes)


def _line_at(blob: bytes, at: int) -> bytes | None:
    if len(blob) - at < HEADER_BYTES:
        return None
    marker, length, checksum = _HEADER.unpack_from(blob, at)
    begin = at + HEADER_BYTES
    if marker != MARKER or length > MAX_LINE_BYTES or begin + length > len(blob):
        return None
    line = blob[begin : begin + length]
    return line if _checksum(line) == checksum else None


def _next_record(blob: bytes, at: int) -> int | None:
    while (at := blob.find(MARKER, at)) >= 0:
        if _line_at(blob, at) is not None:
            return at
        at += 1
    return None


def _checksum(line: bytes) -> int:
    return int(google_crc32c.extend(google_crc32c.value(_LENGTH.pack(len(line))), line))
