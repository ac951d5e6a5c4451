"""Bytes on the bus: msgpack (JSON where an event's payload is carried), checked on arrival.

Types alone let NaN, negative sizes and endless names through, so every message is checked by
value as well. Whatever is wrong raises `MalformedError`, which the reader counts and drops.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import msgspec

from edge_agent import messages
from edge_agent.topics import Topic

_MAX_NAME = 128
_MAX_SIDE_PX = 16_384
_MAX_COUNT = 2**53


class MalformedError(ValueError):
    """Bytes that are no message of their topic."""


def encode(topic: Topic, message: messages.Message) -> bytes:
    """Bytes of `message`; TypeError if the topic does not carry its type."""
    if not isinstance(message, topic.carries):
        raise TypeError(f"topic {topic.name} does not carry {type(message).__name__}")
    return _encode(topic, message)


def encode_ack(topic: Topic, message: messages.EventsKept) -> bytes:
    """Bytes of an acknowledgement on an acked topic."""
    return _encode(topic, message)


def decode(topic: Topic, body: bytes) -> messages.Message:
    """The message in `body`; `MalformedError` for anything else."""
    return _checked(_decoder(topic.keep == "acked", topic.carries), body)


def decode_ack(topic: Topic, body: bytes) -> messages.EventsKept:
    """The acknowledgement in `body`; `MalformedError` for anything else."""
    found = _checked(_decoder(topic.keep == "acked", (messages.EventsKept,)), body)
    assert isinstance(found, messages.EventsKept)
    return found


def _encode(topic: Topic, message: messages.Message) -> bytes:
    # An event's payload is raw JSON text, which cannot be laid into msgpack as it is.
    return (
        msgspec.json.encode(message) if topic.keep == "acked" else msgspec.msgpack.encode(message)
    )


@lru_cache(maxsize=64)
def _decoder(as_json: bool, carries: tuple[type, ...]) -> Callable[[bytes], Any]:
    kind: Any = carries[0]
    for other in carries[1:]:
        kind = kind | other
    if as_json:
        return msgspec.json.Decoder(kind).decode
    return msgspec.msgpack.Decoder(kind).decode


def _checked(decoder: Callable[[bytes], Any], body: bytes) -> messages.Message:
    try:
        message: messages.Message = decoder(body)
        problem = _CHECKS[type(message)](message)
    except Exception as error:  # noqa: BLE001 - a stranger's bytes must never end a worker
        raise MalformedError(type(error).__name__) from None
    if problem:
        raise MalformedError(problem)
    return message


def _name(text: str) -> bool:
    return 0 < len(text) <= _MAX_NAME


def _count(*values: int) -> bool:
    return all(0 <= value < _MAX_COUNT for value in values)


def _frame(message: messages.FrameReady) -> str:
    sides = 0 < message.width <= _MAX_SIDE_PX and 0 < message.height <= _MAX_SIDE_PX
    times = math.isfinite(message.taken_at) and math.isfinite(message.arrived_at)
    counts = _count(message.slot, message.stamp, message.index)
    return "" if _name(message.camera) and sides and times and counts else "frame out of range"


def _camera(message: messages.CameraReport) -> str:
    good = _name(message.camera) and math.isfinite(message.at) and _count(message.frames)
    good = good and 0 <= message.observed_s <= 3600 and len(message.reason) <= 200
    return "" if good else "camera report out of range"


def _tracks(message: messages.TracksUpdated) -> str:
    if not (_name(message.camera) and _count(message.index, *message.ended)):
        return "tracks out of range"
    numbers = [message.taken_at, message.arrived_at]
    for box in message.boxes:
        numbers += (box.x1, box.y1, box.x2, box.y2, box.score)
        if box.track_id < 0 or box.x2 < box.x1 or box.y2 < box.y1:
            return "box out of range"
    # The sum is finite only if every number is; inf − inf gives NaN, which is not finite either.
    return "" if math.isfinite(sum(numbers)) else "tracks out of range"


def _crop(message: messages.CropReady) -> str:
    good = _name(message.camera) and _count(message.track_id) and math.isfinite(message.taken_at)
    good = good and 0 < message.width <= _MAX_SIDE_PX and 0 < message.height <= _MAX_SIDE_PX
    good = good and len(message.pixels) == message.width * message.height * 3
    good = good and 0 <= message.quality <= 1
    return "" if good else "crop out of range"


def _identity(message: messages.IdentityAssigned) -> str:
    good = _name(message.camera) and _name(message.identity) and _count(message.track_id)
    return "" if good and math.isfinite(message.score) else "identity out of range"


def _joined(message: messages.TracksJoined) -> str:
    names = map(_name, (message.camera, message.other_camera, message.identity))
    good = all(names) and _count(message.kept, message.gone) and math.isfinite(message.at)
    return "" if good else "joined tracks out of range"


def _offered(message: messages.EventOffered) -> str:
    event = message.event
    good = _name(event.id) and _count(event.sequence) and event.time.tzinfo is not None
    return "" if good and event.recordedtime.tzinfo is not None else "event out of range"


def _kept(message: messages.EventsKept) -> str:
    return "" if all(map(_name, message.ids)) else "ids out of range"


def _beat(message: messages.Heartbeat) -> str:
    numbers = [*message.counters.values(), *message.gauges.values()]
    good = _name(message.worker) and _name(message.state) and _count(message.pid)
    return "" if good and all(map(math.isfinite, numbers)) else "heartbeat out of range"


_CHECKS: dict[type, Callable[[Any], str]] = {
    messages.FrameReady: _frame,
    messages.CameraReport: _camera,
    messages.TracksUpdated: _tracks,
    messages.CropReady: _crop,
    messages.IdentityAssigned: _identity,
    messages.TracksJoined: _joined,
    messages.EventOffered: _offered,
    messages.EventsKept: _kept,
    messages.Heartbeat: _beat,
}
