"""The identity worker: crops and places in, whose track it is out; never in anybody's way.

Crops are embedded a few at a time, as many as fit between two looks at the bus; what does not
fit is dropped and counted. Without an embedder every track is UNKNOWN and analytics goes on.
No vector, crop or likeness leaves this process or is written down.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from contracts.errors import ConfigError, ModelError
from edge_agent.identity.crop_queue import CropQueue
from edge_agent.identity.desk import Appearance, IdentityDesk
from edge_agent.identity.gallery import Gallery, MemoryGallery
from edge_agent.identity.resolver import Answer
from edge_agent.identity.settings import IdentityRules
from edge_agent.messages import CropReady, Message, TracksUpdated
from edge_agent.worker import WorkerContext
from edge_agent.worker_metrics import Histogram, sample
from models.embedder import load_embedder

READ_S = 0.1
QUIET_S = 0.3
BUDGET_S = 0.25
BATCH = 8
SOME_MS = 20.0
"""What one crop is expected to cost before the first was measured."""
COUNTED = (
    "abstained", "begun", "clock_jumps", "features", "forgotten", "joined", "matched", "merged",
    "place_splits", "purity_splits", "reconciled", "refused", "taken_back", "tracklets",
)  # fmt: skip

Crop = npt.NDArray[np.uint8]


class Embeds(Protocol):
    """What the worker needs of an embedder."""

    @property
    def name(self) -> str:
        """The model's name in the catalog."""
        ...

    def embed(self, crops: Sequence[Crop]) -> npt.NDArray[np.float32]:
        """Unit rows (N, D) of BGR crops."""
        ...


def main(ctx: WorkerContext) -> None:
    """Run until asked to stop and nothing comes any more."""
    ctx.beat("starting")
    worker = IdentityWorker(ctx, _embedder(ctx), _gallery(ctx))
    while True:
        stopping = ctx.stopping()
        heard = worker.turn(QUIET_S if stopping else READ_S)
        if stopping and not heard:
            return


class IdentityWorker:
    """The worker's state: one desk, two readers, one writer, the crops that wait."""

    def __init__(self, ctx: WorkerContext, embedder: Embeds | None, gallery: Gallery) -> None:
        self._ctx = ctx
        self._embedder = embedder
        self._gallery = gallery
        rules = IdentityRules(ttl_s=ctx.config.identity.ttl_s)
        self._desk = IdentityDesk(ctx.config, rules, gallery=gallery)
        self._readers = [ctx.bus.reader("places"), ctx.bus.reader("crops")]
        self._answers = ctx.bus.writer("identities")
        self._queue = CropQueue()
        self._newest_s: dict[str, float] = {}
        self._crops = 0
        self._failed = 0
        self._cost = Histogram("identity_embed_ms")
        self._crop_ms = SOME_MS

    def turn(self, wait_s: float) -> bool:
        """One look at the bus and as many crops as fit; True if anything came or waits."""
        if self._ctx.reloaded():
            self._desk.adopt(self._ctx.config)
        places, crops = self._readers
        heard = places.read(0.0 if len(self._queue) else wait_s)
        self._take(heard)
        looks = crops.read()
        self._take(looks)
        self._say(self._desk.appearances(self._embedded()))
        self._say(self._desk.tick(self._ctx.clock.now()))
        self._ctx.beat("ok" if self._embedder else "unknown", self._counters(), self._gauges())
        return bool(heard or looks or len(self._queue))

    def _take(self, messages: Iterable[Message]) -> None:
        fresh = []
        for message in messages:
            if isinstance(message, TracksUpdated):
                self._say(self._desk.tracks(message))
            elif isinstance(message, CropReady):
                fresh.append(message)
                self._newest_s[message.camera] = message.taken_at
        self._crops += len(fresh)
        if self._embedder is not None:
            self._queue.add(fresh)

    def _embedded(self) -> list[Appearance]:
        """Embed batches until the time of this turn is used up."""
        looks: list[Appearance] = []
        began_s = self._ctx.clock.monotonic()
        while self._embedder is not None and len(self._queue):
            left_s = BUDGET_S - (self._ctx.clock.monotonic() - began_s)
            count = min(BATCH, int(1000 * left_s / self._crop_ms))
            crops = self._queue.take(max(count, 0 if looks else 1), self._newest_s)
            if not crops:
                break
            looks += self._embed(self._embedder, crops)
        return looks

    def _embed(self, embedder: Embeds, crops: list[CropReady]) -> list[Appearance]:
        began_s = self._ctx.clock.monotonic()
        try:
            rows = embedder.embed([_pixels(crop) for crop in crops])
        except ModelError as error:
            self._failed += len(crops)
            self._ctx.log.warning("crops without a vector", crops=len(crops), reason=str(error))
            return []
        took_ms = 1000 * (self._ctx.clock.monotonic() - began_s)
        self._cost.observe(took_ms)
        self._crop_ms += 0.2 * (took_ms / len(crops) - self._crop_ms)
        return [
            Appearance(crop.camera, crop.track_id, crop.taken_at, row, crop.quality)
            for crop, row in zip(crops, rows, strict=True)
        ]

    def _say(self, answers: Iterable[Answer]) -> None:
        for answer in answers:
            self._answers.write(answer)

    def _counters(self) -> dict[str, float]:
        counts = self._desk.counts
        dropped = {**self._queue.dropped, "no_vector": self._failed}
        return {
            "identity_crops_total": float(self._crops),
            **{f"identity_{name}_total": float(counts[name]) for name in COUNTED},
            **{
                sample("identity_dropped_crops_total", reason=reason): float(count)
                for reason, count in dropped.items()
            },
            "identity_gallery_failures_total": float(self._gallery.failures),
            **self._cost.samples(),
        }

    def _gauges(self) -> dict[str, float]:
        counts = self._desk.counts
        asked = counts["matched"] + counts["begun"] + counts["abstained"]
        rate = counts["matched"] / asked if asked else 0.0
        return {**self._desk.gauges, "reid_match_rate": rate}


def _pixels(crop: CropReady) -> Crop:
    return np.frombuffer(crop.pixels, dtype=np.uint8).reshape(crop.height, crop.width, 3)


def _embedder(ctx: WorkerContext) -> Embeds | None:
    """The configured embedder; None, and everybody UNKNOWN, if it is off or cannot be had."""
    settings, agent = ctx.config.identity, ctx.config.agent
    if not settings.enabled:
        return None
    mirror = Path(agent.model_mirror) if agent.model_mirror else None
    try:
        found = load_embedder(settings.model or None, threads=agent.threads, mirror=mirror)
    except ModelError as error:
        ctx.log.warning("identities stay UNKNOWN", reason=str(error))
        return None
    ctx.log.info("embedder ready", model=found.name)
    return found


def _gallery(ctx: WorkerContext) -> Gallery:
    """In memory, or in the Qdrant server that `agent.gallery` names."""
    url = ctx.config.agent.gallery
    if not url:
        return MemoryGallery()
    try:
        from edge_agent.identity.gallery_qdrant import QdrantGallery
    except ModuleNotFoundError:
        raise ConfigError(
            "agent.gallery needs Qdrant's client: pip install 'trinetra[gallery]'"
        ) from None
    return QdrantGallery.at(url, ctx.config.store.id)
