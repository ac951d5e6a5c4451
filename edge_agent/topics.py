"""Every topic of the bus, one row each: who reads it, how much may wait, what a loss means.

One process reads a topic and binds its socket; any number write and connect. `newest` topics
drop the oldest news when the reader is slow (each drop is counted); `acked` topics repeat a
message until the reader says that it is safe.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from edge_agent import messages


class Topic(NamedTuple):
    """A row: `queue` is the high-water mark in messages, `max_bytes` refuses larger ones."""

    name: str
    reader: str
    carries: tuple[type, ...]
    keep: Literal["newest", "all", "acked"]
    queue: int
    max_bytes: int = 65_536


TOPICS: tuple[Topic, ...] = (
    Topic("frames", "tracking", (messages.FrameReady,), "newest", 64, 4_096),
    Topic("cameras", "rules", (messages.CameraReport,), "all", 1_000, 4_096),
    Topic("tracks", "rules", (messages.TracksUpdated,), "all", 10_000),
    Topic("places", "identity", (messages.TracksUpdated,), "newest", 256),
    Topic("crops", "identity", (messages.CropReady,), "newest", 32, 1_048_576),
    Topic(
        "identities",
        "rules",
        (messages.IdentityAssigned, messages.TracksJoined),
        "all",
        1_000,
        4_096,
    ),
    Topic("events", "spool", (messages.EventOffered,), "acked", 10_000, 1_048_576),
    Topic("health", "supervisor", (messages.Heartbeat,), "newest", 1_000),
)


def topic(name: str) -> Topic:
    """The row called `name`; KeyError for a name that is not in the table."""
    for row in TOPICS:
        if row.name == name:
            return row
    raise KeyError(name)
