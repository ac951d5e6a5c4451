"""The gallery in a Qdrant server: one collection per store and day, so that erasure is a drop.

For stores whose identities are shared by several nodes. The server holds vectors in the clear,
as it must to search them; it belongs into the shop, not on the internet. A server that does not
answer costs one short wait every few seconds: no hits until it is back, and the loss is counted.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import httpx
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import ApiException

from edge_agent.identity.appearance import Vector
from edge_agent.identity.gallery import Hit

TIMEOUT_S = 1
AWAY_S = 5.0
Found = TypeVar("Found")


class QdrantGallery:
    """Templates of one store's identities; `failures` counts calls that got no answer."""

    def __init__(
        self,
        client: QdrantClient,
        store: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._prefix = f"trinetra-{store}-"
        self._collection = f"{self._prefix}today"
        self._clock = clock
        self._size: int | None = None
        self._points: dict[tuple[str, str], int] = {}
        self._next = 0
        self._away_s = float("-inf")
        self.failures = 0

    @classmethod
    def at(cls, url: str, store: str) -> QdrantGallery:
        """The gallery in the server at `url`."""
        return cls(QdrantClient(url=url, timeout=TIMEOUT_S, check_compatibility=False), store)

    def begin_day(self, day: str) -> None:
        """Drop every collection of this store, and use one for `day` from now on."""
        self._collection = f"{self._prefix}{day}"
        self._points.clear()
        self._size = None
        self._ask(self._drop_all)

    def put(self, identity: str, camera: str, vector: Vector) -> None:
        """Add or replace; ValueError for a vector of another length."""
        if self._size not in (None, len(vector)):
            raise ValueError(f"the gallery holds vectors of {self._size} numbers")
        point = self._points.get((identity, camera))
        if point is None:
            point, self._next = self._next, self._next + 1
        struct = models.PointStruct(
            id=point, vector=vector.tolist(), payload={"identity": identity, "camera": camera}
        )
        if self._ask(lambda: self._write(struct, len(vector))):
            self._points[identity, camera] = point

    def drop(self, identity: str) -> None:
        """Forget all templates of an identity."""
        gone = [key for key in self._points if key[0] == identity]
        points = models.PointIdsList(points=[self._points.pop(key) for key in gone])
        if gone:
            self._ask(lambda: self._client.delete(self._collection, points))

    def search(self, query: Vector, count: int) -> list[Hit]:
        """By the server's index: exact as long as the day is small, then HNSW."""
        if not self._points or count < 1:
            return []
        answer = self._ask(
            lambda: self._client.query_points(
                self._collection, query=query.tolist(), limit=count, with_payload=True
            )
        )
        hits = [] if answer is None else [_hit(point) for point in answer.points]
        return sorted(hits, key=lambda hit: (-hit.cosine, hit.identity, hit.camera))

    def __len__(self) -> int:
        return len(self._points)

    def _write(self, struct: models.PointStruct, size: int) -> bool:
        if self._size is None:
            params = models.VectorParams(size=size, distance=models.Distance.COSINE)
            if self._client.collection_exists(self._collection):
                self._client.delete_collection(self._collection)
            self._client.create_collection(self._collection, vectors_config=params)
            self._size = size
        self._client.upsert(self._collection, [struct])
        return True

    def _drop_all(self) -> None:
        for collection in self._client.get_collections().collections:
            if collection.name.startswith(self._prefix):
                self._client.delete_collection(collection.name)

    def _ask(self, call: Callable[[], Found]) -> Found | None:
        """The server's answer; None (counted) if it gives none."""
        if self._clock() - self._away_s < AWAY_S:
            self.failures += 1
            return None
        try:
            return call()
        except (ApiException, httpx.HTTPError, OSError):
            self.failures += 1
            self._away_s = self._clock()
            return None


def _hit(point: models.ScoredPoint) -> Hit:
    payload = point.payload or {}
    return Hit(str(payload.get("identity", "")), str(payload.get("camera", "")), point.score)
