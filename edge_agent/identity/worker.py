"""The identity worker's place on the bus: it answers UNKNOWN for every track.

No embedding is computed and no gallery is kept; a crop is looked at for its track id only and
then forgotten. Analytics runs the same with or without this worker.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from contracts.events import UNKNOWN
from edge_agent.messages import CropReady, IdentityAssigned, Message
from edge_agent.worker import WorkerContext

READ_S = 0.25
QUIET_S = 0.3
REMEMBERED = 10_000


class Desk:
    """Remembers which tracks were answered; the oldest are forgotten first."""

    def __init__(self) -> None:
        self._answered: OrderedDict[tuple[str, int], None] = OrderedDict()
        self.crops = 0
        self.tracks = 0

    def answers(self, messages: Iterable[Message]) -> list[IdentityAssigned]:
        """UNKNOWN, score 0, once for each track that a crop came of."""
        found = []
        for message in messages:
            if not isinstance(message, CropReady):
                continue
            self.crops += 1
            key = (message.camera, message.track_id)
            if key in self._answered:
                continue
            self._answered[key] = None
            self.tracks += 1
            found.append(IdentityAssigned(*key, identity=UNKNOWN, score=0.0))
            if len(self._answered) > REMEMBERED:
                self._answered.popitem(last=False)
        return found


def main(ctx: WorkerContext) -> None:
    """Answer crops until asked to stop and none comes any more."""
    crops, identities, desk = ctx.bus.reader("crops"), ctx.bus.writer("identities"), Desk()
    while True:
        stopping = ctx.stopping()
        messages = crops.read(QUIET_S if stopping else READ_S)
        for answer in desk.answers(messages):
            identities.write(answer)
        counters = {"identity_crops_total": desk.crops, "identity_tracks_total": desk.tracks}
        ctx.beat("ok", counters, {"reid_match_rate": 0.0})
        if stopping and not messages:
            return
