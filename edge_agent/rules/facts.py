"""What the rules found out, under ids that the same news gives again after a restart."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID, uuid5

import msgspec

from contracts.events import Payload, Retraction

NIL = UUID(int=0)


class Fact(NamedTuple):
    """Something that happened, `at_s` in UNIX seconds, about `subject` (`door/main`).

    `id` becomes the event's id, so that a repeat is removed wherever ids are compared.
    """

    payload: Payload
    subject: str
    at_s: float
    id: str = ""


class Naming:
    """Gives facts their ids: UUIDs of version 5 in the space of one `epoch` (RFC 9562, 5.5)."""

    def __init__(self, epoch: UUID) -> None:
        """`epoch` is drawn anew whenever the rules begin without a state of before."""
        self.epoch = epoch

    def fact(self, payload: Payload, subject: str, at_s: float, *key: object) -> Fact:
        """A fact that is known by its `key` within `subject`; by all it says without one."""
        words = key or (at_s, msgspec.json.encode(payload).decode())
        name = "/".join(map(str, (type(payload).__name__, subject, *words)))
        return Fact(payload, subject, at_s, str(uuid5(self.epoch, name)))

    def retraction(self, event_id: str, reason: str, subject: str, at_s: float) -> Fact:
        """Take back the event with this id; the same one is taken back under one id only."""
        return self.fact(Retraction(event_id=event_id, reason=reason), subject, at_s, event_id)
