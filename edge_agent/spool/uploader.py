"""Uploads sealed segments to the gateway, for ever, in a thread with a loop of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import msgspec
import tenacity

from contracts import batches
from contracts.batches import Batch
from contracts.errors import ConfigError, UploadError
from edge_agent.log import Logger
from edge_agent.spool.segments import LANES, Lane, Segment
from edge_agent.spool.shelf import Shelf

IDLE_S = 0.1
_ATTEMPT_S = 60.0
_MAX_REPLY_BYTES = 65_536
_BATCH_IS_BAD = frozenset({400, 413, 422})
_NO_PROXY = {f"all://{host}": None for host in ("127.0.0.1", "localhost", "[::1]")}

Sleep = Callable[[float], Awaitable[None]]


class Uploader:
    """One batch at a time, the critical lane first; every answer decides what happens next.

    200, 201 and a 409 for the same content: acknowledged. 400, 413, 422 and any other 409: the
    batch itself is bad, it is put aside and the next flows at once. Everything else (no answer,
    401, 403, 5xx): it stays and is tried again after a random pause of 0 s up to 1, 2, 4 … 60 s.
    """

    def __init__(
        self,
        shelf: Shelf,
        *,
        url: str,
        token: str,
        log: Logger,
        sleep: Sleep | None = None,
        attempt_s: float = _ATTEMPT_S,
    ) -> None:
        if not url.startswith(("http://", "https://")):
            raise ConfigError("upload.url must begin with https:// or http://")
        self.state = "ok"
        self.batches = 0
        self.failures: dict[str, int] = {}
        self._shelf = shelf
        self._url = url.rstrip("/")
        self._headers = {"authorization": f"Bearer {token}"} if token else {}
        self._log = log
        self._sleep = sleep or self._pause
        self._attempt_s = attempt_s
        self._failed_lane: Lane | None = None
        self._stopping = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake: asyncio.Event | None = None
        self._retrying = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception_type(UploadError),
            wait=tenacity.wait_random_exponential(multiplier=1, max=60),
            stop=lambda _: self._stopping.is_set(),
            sleep=self._sleep,
            retry_error_callback=lambda _: None,
        )
        self._thread = threading.Thread(target=self._main, name="uploader", daemon=True)

    @property
    def alive(self) -> bool:
        """True while the thread runs."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin to upload."""
        self._thread.start()

    def stop(self) -> None:
        """Make one more attempt for everything that waits, then end."""
        self._stopping.set()
        if self._loop is not None and self._wake is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended already
                self._loop.call_soon_threadsafe(self._wake.set)

    def _main(self) -> None:
        try:
            asyncio.run(self.run())
        except Exception as error:  # noqa: BLE001 - the worker sees `alive` and starts anew
            self._log.error("uploader ended", error=error)

    async def run(self) -> None:
        """Upload until `stop`, then drain as long as the gateway answers."""
        self._loop, self._wake = asyncio.get_running_loop(), asyncio.Event()
        timeout = httpx.Timeout(self._attempt_s / 4)
        async with httpx.AsyncClient(
            headers=self._headers, timeout=timeout, mounts=_NO_PROXY
        ) as client:
            while not self._stopping.is_set():
                await self._retrying(self._upload_or_wait, client)
            try:
                while await self._upload_next(client):
                    pass
            except UploadError:
                return  # it stays in the spool for the next start

    async def _upload_or_wait(self, client: httpx.AsyncClient) -> None:
        if not await self._upload_next(client):
            await self._sleep(IDLE_S)

    async def _upload_next(self, client: httpx.AsyncClient) -> bool:
        """True if there was a batch to upload; `UploadError` if it has to wait."""
        segment = self._next()
        if segment is None:
            return False
        batch = await asyncio.to_thread(self._shelf.batch, segment)
        if batch is None:
            return True
        try:
            async with asyncio.timeout(self._attempt_s):
                status, reply = await self._put(client, batch)
        except (httpx.HTTPError, TimeoutError, OSError) as error:
            slow = isinstance(error, (httpx.TimeoutException, TimeoutError))
            raise self._failed("timeout" if slow else "unreachable", segment) from None
        self._settle(segment, batch, status, reply)
        return True

    def _next(self) -> Segment | None:
        """Critical first; but after a batch that the gateway fails on, the other lane has a go."""
        lanes = sorted(LANES, key=lambda lane: lane == self._failed_lane)
        heads = (self._shelf.head(lane) for lane in lanes)
        return next((head for head in heads if head is not None), None)

    async def _put(self, client: httpx.AsyncClient, batch: Batch) -> tuple[int, bytes]:
        headers = {
            batches.HEADER_SHA256: batch.sha256,
            batches.HEADER_RECORDS: str(batch.records),
            batches.HEADER_LANE: batch.lane,
            batches.HEADER_SCHEMA: str(batches.SCHEMA_VERSION),
            "content-type": "application/zstd",
        }
        url = f"{self._url}/v1/batches/{batch.name.path}"
        async with client.stream("PUT", url, content=batch.body, headers=headers) as response:
            reply = b""
            async for chunk in response.aiter_raw():
                reply += chunk
                if len(reply) > _MAX_REPLY_BYTES:
                    break
            return response.status_code, reply

    def _settle(self, segment: Segment, batch: Batch, status: int, reply: bytes) -> None:
        self._failed_lane = None
        if status in (200, 201) or (status == 409 and _says(reply, batch.sha256)):
            self.batches += 1
            self._shelf.ack(segment)
            self._become("ok")
        elif status in _BATCH_IS_BAD or status == 409:
            self._count("refused")
            self._shelf.refuse(segment)
            self._log.error(
                "gateway refuses a batch", batch=batch.name.path, status=status, reply=reply[:200]
            )
        else:
            raise self._failed(str(status), segment)

    def _failed(self, reason: str, segment: Segment) -> UploadError:
        if reason == "500":  # its own fault on this batch, while 502 to 504 mean all of them
            self._failed_lane = segment.lane
            self._shelf.postpone(segment)
        self._count(reason)
        self._become("unauthorized" if reason in ("401", "403") else "offline")
        return UploadError(f"upload failed: {reason}")

    def _count(self, reason: str) -> None:
        self.failures[reason] = self.failures.get(reason, 0) + 1

    def _become(self, state: str) -> None:
        if state != self.state:
            self.state = state
            report = self._log.info if state == "ok" else self._log.warning
            report("upload state changed", state=state, failures=dict(self.failures))

    async def _pause(self, seconds: float) -> None:
        """Sleep, but wake up when asked to stop."""
        assert self._wake is not None
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return


def token_from(reference: str) -> str:
    """The bearer token: `env:NAME`, `file:PATH` or the token itself; `ConfigError` if absent."""
    kind, _, place = reference.partition(":")
    if kind == "env":
        token = os.environ.get(place, "")
    elif kind == "file":
        try:
            token = Path(place).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            token = ""
    else:
        return reference
    if not token:
        raise ConfigError(f"upload.token: {kind}:{place} holds no token")
    return token


def _says(reply: bytes, sha256: str) -> bool:
    """True if the gateway's 409 names our own content."""
    try:
        answer = msgspec.json.decode(reply)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return isinstance(answer, dict) and answer.get("sha256") == sha256
