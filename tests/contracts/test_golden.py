"""One message of every event type and version that was ever sent stays readable for ever.

A file in `golden/` is never changed: a new version of a type gets a new file. To add one, run
`python -m tests.contracts.test_golden`, which writes missing files only.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from contracts.events import TYPE_OF, TYPES, Payload, decode_event, encode_event, payload_of
from tests.contracts.samples import NOON, PAYLOADS, wrapped

GOLDEN = Path(__file__).with_name("golden")


def golden(payload: Payload) -> Path:
    return GOLDEN / f"{TYPE_OF[type(payload)]}.json"


def named(payload: Payload) -> str:
    return type(payload).__name__


def test_every_type_has_its_golden_message() -> None:
    assert {type(payload) for payload in PAYLOADS} == set(TYPES.values())
    assert {path.stem for path in GOLDEN.glob("*.json")} >= set(TYPES)


@pytest.mark.parametrize("payload", PAYLOADS, ids=named)
def test_a_golden_message_still_says_what_it_said(payload: Payload) -> None:
    event = decode_event(golden(payload).read_bytes().strip())
    assert payload_of(event) == payload
    assert event.time == NOON
    assert (event.specversion, event.type) == ("1.0", TYPE_OF[type(payload)])


@pytest.mark.parametrize("payload", PAYLOADS, ids=named)
def test_what_is_sent_today_has_every_field_of_the_golden_message(payload: Payload) -> None:
    sent = msgspec.json.decode(encode_event(wrapped(payload)))
    kept = msgspec.json.decode(golden(payload).read_bytes())
    assert set(kept) <= set(sent)
    assert set(kept["data"]) <= set(sent["data"])


@pytest.mark.parametrize("payload", PAYLOADS, ids=named)
def test_fields_of_tomorrow_are_ignored_today(payload: Payload) -> None:
    message = msgspec.json.decode(golden(payload).read_bytes())
    message["traceparent"] = "00-1-2-01"
    message["data"]["new_in_v1"] = {"a": [1, None]}
    assert payload_of(decode_event(msgspec.json.encode(message))) == payload


def test_a_type_of_tomorrow_is_none_and_no_error() -> None:
    message = msgspec.json.decode(encode_event(wrapped(PAYLOADS[0])))
    message["type"] = "io.trinetra.line.crossed.v2"
    assert payload_of(decode_event(msgspec.json.encode(message))) is None


def write_missing() -> None:
    """Write the golden message of every type that has none yet."""
    for payload in PAYLOADS:
        if not golden(payload).exists():
            golden(payload).write_bytes(encode_event(wrapped(payload)) + b"\n")


if __name__ == "__main__":
    write_missing()
