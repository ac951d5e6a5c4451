"""Events: round trips, and nothing but BatchError for bytes that are none."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import BatchError
from contracts.events import (
    CoverageMinute,
    GeometryChanged,
    HeatmapTile,
    LineCrossed,
    Payload,
    ZoneVisit,
    decode_event,
    encode_event,
    is_analytics,
    payload_of,
)
from tests.contracts.samples import NOON, PAYLOADS, wrapped

LINES = [encode_event(wrapped(payload)) for payload in PAYLOADS]


def changed(payload: Payload, **fields: Any) -> bytes:
    """The event's line with fields of its payload (or `_name` of its envelope) replaced."""
    message = msgspec.json.decode(encode_event(wrapped(payload)))
    for name, value in fields.items():
        target = message if name.startswith("_") else message["data"]
        target[name.lstrip("_")] = value
    return msgspec.json.encode(message)


def sample(kind: type[Payload]) -> Payload:
    return next(payload for payload in PAYLOADS if isinstance(payload, kind))


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda p: type(p).__name__)
def test_round_trip(payload: Payload) -> None:
    event = wrapped(payload, sequence=5)
    line = encode_event(event)
    assert b"\n" not in line
    again = decode_event(line)
    assert again == event
    assert payload_of(again) == payload


def test_ids_are_unique_and_sort_by_time() -> None:
    ids = [wrapped(PAYLOADS[0]).id for _ in range(2_000)]
    assert len(set(ids)) == len(ids)
    assert ids[0][:13] <= ids[-1][:13]
    assert ids[0][14] == "7"


def test_times_are_written_in_utc() -> None:
    event = wrapped(PAYLOADS[0])
    local = datetime(2026, 5, 4, 14, 0, tzinfo=timezone(timedelta(hours=2)))
    line = changed(PAYLOADS[0], _time=local)
    assert decode_event(line).time == datetime(2026, 5, 4, 12, tzinfo=UTC)
    assert event.time.utcoffset() == timedelta(0)


def test_only_heatmaps_may_be_evicted() -> None:
    assert [type(p) for p in PAYLOADS if is_analytics(wrapped(p))] == [HeatmapTile]


@pytest.mark.parametrize(
    "fields",
    [
        {"_id": ""},
        {"_source": ""},
        {"_type": ""},
        {"_id": "a\0b"},
        {"_sequence": -1},
        {"_sequence": 2**60},
        {"_sequence": 1.5},
        {"_time": "2026-05-04T12:00:00"},
        {"_time": "yesterday"},
        {"_time": "0001-01-01T00:00:00+14:00"},
        {"_time": "9999-12-31T23:59:59-14:00"},
        {"_recordedtime": "2026-05-04T12:00:00"},
        {"_specversion": "2.0"},
        {"_subject": None},
    ],
    ids=str,
)
def test_envelopes_that_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(BatchError, match="not an event"):
        decode_event(changed(PAYLOADS[0], **fields))


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (LineCrossed, {"direction": "sideways"}),
        (LineCrossed, {"track_id": -1}),
        (LineCrossed, {"door": "a\0"}),
        (LineCrossed, {"door": 5}),
        (CoverageMinute, {"observed_s": -1.0}),
        (CoverageMinute, {"observed_s": None}),
        (CoverageMinute, {"minute": "2026-05-04T12:00:00"}),
        (CoverageMinute, {"frames": -3}),
        (HeatmapTile, {"seconds": [1.0]}),
        (HeatmapTile, {"seconds": [1.0, -0.1]}),
        (HeatmapTile, {"x": [0, -1]}),
        (HeatmapTile, {"x": [0, 2**60]}),
        (HeatmapTile, {"kind": "warmth"}),
        (HeatmapTile, {"window_end": "2020-01-01T00:00:00Z"}),
    ],
    ids=str,
)
def test_payloads_that_are_refused(kind: type[Payload], fields: dict[str, Any]) -> None:
    event = decode_event(changed(sample(kind), **fields))
    with pytest.raises(BatchError, match="bad payload of "):
        payload_of(event)


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1e-3"])
def test_numbers_that_are_none_are_refused(number: bytes) -> None:
    line = encode_event(wrapped(sample(CoverageMinute))).replace(b"58.5", number)
    with pytest.raises(BatchError):
        payload_of(decode_event(line))


def test_a_visit_that_ends_before_it_begins_is_refused() -> None:
    line = changed(sample(ZoneVisit), left_at=NOON - timedelta(minutes=5))
    with pytest.raises(BatchError, match="left before it entered"):
        payload_of(decode_event(line))


def test_a_shape_with_nonsense_is_refused() -> None:
    shape = {"name": "a\0", "kind": "zone", "points_m": []}
    with pytest.raises(BatchError):
        payload_of(decode_event(changed(sample(GeometryChanged), zones=[shape])))


def test_messages_of_errors_do_not_repeat_what_was_sent() -> None:
    for field in ({"direction": "secret-token"}, {"_specversion": 'it\'s a "secret-token"'}):
        with pytest.raises(BatchError) as caught:
            payload_of(decode_event(changed(PAYLOADS[0], **field)))
        assert "secret-token" not in str(caught.value)
        assert "- at" in str(caught.value)


def read(line: bytes) -> None:
    """What the cloud does with a line; only BatchError may come out."""
    with contextlib.suppress(BatchError):
        payload_of(decode_event(line))


@given(st.binary(max_size=400))
def test_any_bytes(line: bytes) -> None:
    read(line)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@given(line=st.sampled_from(LINES), field=st.data())
def test_any_field_replaced_by_anything(line: bytes, field: st.DataObject) -> None:
    message = msgspec.json.decode(line)
    target = field.draw(st.sampled_from([message, message["data"]]))
    target[field.draw(st.sampled_from(sorted(target)))] = field.draw(_json)
    try:
        body = msgspec.json.encode(message)
    except (UnicodeEncodeError, OverflowError):
        return
    read(body)


@given(
    line=st.sampled_from(LINES),
    cuts=st.lists(st.integers(0, 10_000), max_size=4),
    junk=st.binary(max_size=3),
)
def test_any_mutation_of_the_bytes(line: bytes, cuts: list[int], junk: bytes) -> None:
    body = bytearray(line)
    for cut in cuts:
        at = cut % len(body)
        body[at : at + len(junk)] = junk
    read(bytes(body))


def test_deep_nesting() -> None:
    read(b"[" * 100_000)
    read(LINES[0][:-1] + b',"x":' + b'{"a":' * 50_000)


@given(
    place=st.text(min_size=1, max_size=20).filter(lambda t: "\0" not in t),
    track_id=st.integers(0, 2**53 - 1),
    staff=st.none() | st.booleans(),
)
def test_any_crossing_round_trips(place: str, track_id: int, *, staff: bool | None) -> None:
    payload = LineCrossed(door=place, camera="c", direction="out", track_id=track_id, staff=staff)
    assert payload_of(decode_event(encode_event(wrapped(payload)))) == payload
