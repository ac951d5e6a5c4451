"""Records: whatever happens to the bytes, a wrong line never comes out."""

from __future__ import annotations

import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import SpoolError
from edge_agent.spool.records import HEADER_BYTES, MARKER, MAX_LINE_BYTES, record, scan

LINES = [b'{"id":"%d","text":"%s"}' % (i, b"x" * (i * 7 % 61)) for i in range(12)]
BLOB = b"".join(map(record, LINES))
ENDS = [sum(len(record(line)) for line in LINES[:n]) for n in range(len(LINES) + 1)]


@given(st.lists(st.text().map(str.encode).filter(lambda line: b"\n" not in line)))
def test_what_is_appended_is_read_back(lines: list[bytes]) -> None:
    found = scan(b"".join(map(record, lines)))
    assert found.lines == lines
    assert found.damaged == []


def test_every_truncation_keeps_all_whole_records() -> None:
    for size in range(len(BLOB)):
        found = scan(BLOB[:size])
        whole = sum(end <= size for end in ENDS) - 1
        assert found == (LINES[:whole], [], ENDS[whole]), f"cut to {size} bytes"


@pytest.mark.parametrize("seed", range(10))
def test_a_flipped_bit_loses_at_most_its_own_record(seed: int) -> None:
    draw = random.Random(seed)
    for _ in range(300):
        bit = draw.randrange(len(BLOB) * 8)
        damaged = bytearray(BLOB)
        damaged[bit // 8] ^= 1 << (bit % 8)
        hit = next(n for n, end in enumerate(ENDS[1:]) if bit // 8 < end)
        found = scan(bytes(damaged))
        assert found.lines == LINES[:hit] + LINES[hit + 1 :], f"bit {bit}"
        lost = len(found.damaged) + (found.good_bytes < len(BLOB))
        assert lost == 1, f"bit {bit} is not reported"


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_noise_before_and_behind_hides_nothing(before: bytes, behind: bytes) -> None:
    found = scan(before + BLOB + behind)
    assert found.lines == LINES


@given(st.binary(max_size=2000))
def test_noise_alone_holds_no_record(noise: bytes) -> None:
    assert scan(noise).lines == []


def test_a_header_that_claims_gigabytes_is_skipped() -> None:
    claim = MARKER + struct.pack("<II", 2**32 - 1, 0)
    assert scan(claim + BLOB).lines == LINES


def test_many_false_markers_cost_little_time() -> None:
    assert scan((MARKER + struct.pack("<II", 8, 1)) * 20_000 + BLOB).lines == LINES


@pytest.mark.parametrize("line", [b"a\nb", b"x" * (MAX_LINE_BYTES + 1)])
def test_what_is_no_line_is_refused(line: bytes) -> None:
    with pytest.raises(SpoolError):
        record(line)


def test_the_overhead_is_twelve_bytes() -> None:
    assert len(record(b"")) == HEADER_BYTES == 12
