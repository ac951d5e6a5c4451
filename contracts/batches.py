"""A batch: a sealed set of event lines, named `(store, boot, seq)`, as it travels and lands.

Body = zstd of the event lines, each ended by a newline. The hash is over the lines and not
over the compressed bytes, so that another zstd version may compress the same batch again.
The gateway's route is `PUT /v1/batches/{store}/{boot}/{seq}` with the headers below.
"""

from __future__ import annotations

import hashlib
import re

import msgspec
import zstandard

from contracts.errors import BatchError

SCHEMA_VERSION = 1
MAX_BATCH_BYTES = 16 * 1024 * 1024
HEADER_SHA256 = "x-trinetra-sha256"
HEADER_RECORDS = "x-trinetra-records"
HEADER_LANE = "x-trinetra-lane"
HEADER_SCHEMA = "x-trinetra-schema"

_MAX_WINDOW_BYTES = 2 * MAX_BATCH_BYTES
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


class BatchName(msgspec.Struct, frozen=True, order=True):
    """`boot` is drawn at each start of the spool; `seq` counts its batches from 0."""

    store: str
    boot: str
    seq: int

    def __post_init__(self) -> None:
        if not (_NAME.fullmatch(self.store) and _NAME.fullmatch(self.boot)):
            raise BatchError("store and boot are 1 to 63 of a-z 0-9 _ -")
        if not 0 <= self.seq < 2**53:
            raise BatchError("seq out of range")

    @property
    def path(self) -> str:
        """Path below `/v1/batches/` and below the landing folder."""
        return f"{self.store}/{self.boot}/{self.seq:012d}"


class Batch(msgspec.Struct, frozen=True):
    """One batch ready to travel; `body` is compressed, `sha256` is over the plain lines."""

    name: BatchName
    lane: str
    records: int
    sha256: str
    body: bytes


def pack(name: BatchName, lane: str, lines: list[bytes]) -> Batch:
    """Compress event lines into a batch; `BatchError` for what `unpack` would refuse."""
    plain = b"".join(line + b"\n" for line in lines)
    if len(plain) > MAX_BATCH_BYTES:
        raise BatchError(f"a batch holds at most {MAX_BATCH_BYTES} bytes")
    if plain.count(b"\n") != len(lines):
        raise BatchError("an event line must not hold a line end")
    return Batch(
        name=name,
        lane=lane,
        records=len(lines),
        sha256=hashlib.sha256(plain).hexdigest(),
        body=zstandard.ZstdCompressor(level=3).compress(plain),
    )


def unpack(body: bytes, *, sha256: str, records: int) -> list[bytes]:
    """Event lines of a body; `BatchError` when it is not what its headers say."""
    try:
        unpacker = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW_BYTES)
        reader = unpacker.stream_reader(body, read_across_frames=True)
        plain = reader.read(MAX_BATCH_BYTES + 1)
    except (zstandard.ZstdError, MemoryError) as error:
        raise BatchError(f"body is no zstd: {error}") from None
    if not body:
        raise BatchError("body is empty")
    if len(plain) > MAX_BATCH_BYTES:
        raise BatchError(f"body unpacks to more than {MAX_BATCH_BYTES} bytes")
    if hashlib.sha256(plain).hexdigest() != sha256:
        raise BatchError("body does not match its sha256")
    lines = plain.split(b"\n")
    if lines.pop() != b"" or len(lines) != records:
        raise BatchError(f"body holds {len(lines)} lines, its header says {records}")
    return lines
