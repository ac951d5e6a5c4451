"""Batches: what was packed comes out, and nothing else does."""

from __future__ import annotations

import contextlib
import hashlib
import tracemalloc

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from contracts.batches import MAX_BATCH_BYTES, BatchName, pack, unpack
from contracts.errors import BatchError

NAME = BatchName("shop", "b1", 7)
LINES = [b'{"a":1}', b'{"b":2}', b""]
BATCH = pack(NAME, "critical", LINES)

_lines = st.lists(st.binary(max_size=80).filter(lambda line: b"\n" not in line), max_size=20)


@given(lines=_lines)
def test_round_trip(lines: list[bytes]) -> None:
    batch = pack(NAME, "critical", lines)
    assert unpack(batch.body, sha256=batch.sha256, records=batch.records) == lines


def test_another_zstd_level_is_the_same_batch() -> None:
    plain = b"".join(line + b"\n" for line in LINES)
    body = zstandard.ZstdCompressor(level=19).compress(plain)
    assert unpack(body, sha256=BATCH.sha256, records=3) == LINES


def test_a_streamed_body_without_its_size_in_the_header() -> None:
    compressor = zstandard.ZstdCompressor().compressobj()
    body = compressor.compress(b"".join(line + b"\n" for line in LINES)) + compressor.flush()
    assert unpack(body, sha256=BATCH.sha256, records=3) == LINES


@pytest.mark.parametrize(
    ("body", "sha256", "records", "message"),
    [
        (BATCH.body, "0" * 64, 3, "sha256"),
        (BATCH.body, BATCH.sha256.upper(), 3, "sha256"),
        (BATCH.body, BATCH.sha256, 2, "its header says 2"),
        (BATCH.body, BATCH.sha256, 4, "its header says 4"),
        (BATCH.body, BATCH.sha256, -1, "its header says"),
        (b"", hashlib.sha256(b"").hexdigest(), 0, "empty"),
        (b"not zstd", BATCH.sha256, 3, "no zstd"),
        (BATCH.body + b"junk", BATCH.sha256, 3, "no zstd"),
        (BATCH.body + BATCH.body, BATCH.sha256, 3, "sha256"),
    ],
)
def test_what_is_not_what_its_header_says(
    body: bytes, sha256: str, records: int, message: str
) -> None:
    with pytest.raises(BatchError, match=message):
        unpack(body, sha256=sha256, records=records)


def test_a_last_line_without_its_end_is_refused() -> None:
    plain = b'{"a":1}\n{"b":2}'
    body = zstandard.ZstdCompressor().compress(plain)
    with pytest.raises(BatchError, match="lines"):
        unpack(body, sha256=hashlib.sha256(plain).hexdigest(), records=1)


def test_every_truncation_is_refused() -> None:
    for size in range(len(BATCH.body)):
        with pytest.raises(BatchError):
            unpack(BATCH.body[:size], sha256=BATCH.sha256, records=3)


@pytest.mark.parametrize("frames", [1, 4], ids=["one frame", "many frames"])
def test_a_bomb_is_refused_without_its_memory(frames: int) -> None:
    plain = b"0" * (200 * 1024 * 1024 // frames)
    body = zstandard.ZstdCompressor(level=3).compress(plain) * frames
    assert len(body) < 100_000
    tracemalloc.start()
    with pytest.raises(BatchError, match=r"more than|no zstd"):
        unpack(body, sha256="0" * 64, records=1)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * MAX_BATCH_BYTES


def test_a_window_that_wants_all_memory_is_refused() -> None:
    parameters = zstandard.ZstdCompressionParameters.from_level(3, window_log=27)
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    body = compressor.compress(b"{}\n") + compressor.flush()
    with pytest.raises(BatchError, match="no zstd"):
        unpack(body, sha256=hashlib.sha256(b"{}\n").hexdigest(), records=1)


def test_pack_refuses_what_unpack_would() -> None:
    with pytest.raises(BatchError, match="at most"):
        pack(NAME, "critical", [b"0" * (MAX_BATCH_BYTES // 4)] * 4)
    with pytest.raises(BatchError, match="line end"):
        pack(NAME, "critical", [b"a\nb"])


def test_the_largest_batch_fits() -> None:
    lines = [b"0" * (MAX_BATCH_BYTES // 4 - 1)] * 4
    batch = pack(NAME, "critical", lines)
    assert unpack(batch.body, sha256=batch.sha256, records=4) == lines


@given(body=st.binary(max_size=300))
def test_any_bytes(body: bytes) -> None:
    with contextlib.suppress(BatchError):
        assert unpack(body, sha256=hashlib.sha256(b"").hexdigest(), records=0) == []


@given(at=st.integers(0, len(BATCH.body) - 1), bit=st.integers(0, 7))
def test_no_flipped_bit_yields_other_lines(at: int, bit: int) -> None:
    body = bytearray(BATCH.body)
    body[at] ^= 1 << bit
    with contextlib.suppress(BatchError):
        assert unpack(bytes(body), sha256=BATCH.sha256, records=3) == LINES


@pytest.mark.parametrize(
    ("store", "boot", "seq"),
    [
        ("", "b", 0),
        ("..", "b", 0),
        ("a/b", "b", 0),
        ("shop\n", "b", 0),
        ("Shop", "b", 0),
        ("-shop", "b", 0),
        ("shop", "b" * 64, 0),
        ("shop", "b", -1),
        ("shop", "b", 2**53),
    ],
)
def test_names_that_are_no_path(store: str, boot: str, seq: int) -> None:
    with pytest.raises(BatchError):
        BatchName(store, boot, seq)


def test_paths_sort_like_sequences() -> None:
    names = [BatchName("shop", "b", seq) for seq in (0, 9, 10, 123_456, 10**11)]
    assert [name.path for name in names] == sorted(name.path for name in names)
    assert NAME.path == "shop/b1/000000000007"
