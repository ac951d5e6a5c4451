"""What a request must be before anything of it is kept: identity, name, headers, body."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import NamedTuple

from starlette.requests import ClientDisconnect, Request

from contracts import batches
from contracts.batches import Batch, BatchName
from contracts.errors import BatchError

MAX_RECORDS = 1_000_000
_BODY_S = 60.0
_NOBODY = "0" * 64


class Refusal(Exception):  # noqa: N818 - an answer, not a failure of ours
    """A request that gets an error answer: `status` and one line."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class Claims(NamedTuple):
    """What the headers say about the body."""

    sha256: str
    records: int
    lane: str


def check_token(request: Request, store: str, tokens: Mapping[str, str]) -> None:
    """The bearer token must hash to the store's entry; the time taken tells nothing."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    found = hashlib.sha256(token.strip().encode()).hexdigest()
    same = hmac.compare_digest(found, tokens.get(store, _NOBODY))
    if kind.lower() != "bearer" or not same:
        raise Refusal(401, "unknown store or token")


def name_of(request: Request) -> BatchName:
    """The batch's name from the path; 400 for anything that is none."""
    seq = request.path_params["seq"]
    if not re.fullmatch(r"[0-9]{1,16}", seq):
        raise Refusal(400, "seq is a number")
    try:
        return BatchName(request.path_params["store"], request.path_params["boot"], int(seq))
    except BatchError as error:
        raise Refusal(400, str(error)) from None


def claims_of(request: Request) -> Claims:
    """The headers; 400 if one is missing or senseless, 503 for a schema of the future."""
    sha256 = request.headers.get(batches.HEADER_SHA256, "")
    records = request.headers.get(batches.HEADER_RECORDS, "")
    lane = request.headers.get(batches.HEADER_LANE, "")
    schema = request.headers.get(batches.HEADER_SCHEMA, "")
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise Refusal(400, f"{batches.HEADER_SHA256} is 64 hexadecimal digits")
    if not re.fullmatch(r"[0-9]{1,7}", records) or not 0 < int(records) <= MAX_RECORDS:
        raise Refusal(400, f"{batches.HEADER_RECORDS} is a number from 1 to {MAX_RECORDS}")
    if lane not in ("critical", "analytics"):
        raise Refusal(400, f"{batches.HEADER_LANE} is critical or analytics")
    if not re.fullmatch(r"[0-9]{1,4}", schema):
        raise Refusal(400, f"{batches.HEADER_SCHEMA} is a number")
    if int(schema) > batches.SCHEMA_VERSION:
        raise Refusal(503, f"schema {schema} is newer than this gateway: keep it and try again")
    return Claims(sha256, int(records), lane)


async def body_of(request: Request) -> bytes:
    """The body, read in time and up to the limit; 413 as soon as it is longer."""
    announced = request.headers.get("content-length", "0")
    if announced.isascii() and announced.isdigit() and int(announced) > batches.MAX_BATCH_BYTES:
        raise Refusal(413, f"a batch has at most {batches.MAX_BATCH_BYTES} bytes")
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(_BODY_S):
            async for chunk in request.stream():
                size += len(chunk)
                if size > batches.MAX_BATCH_BYTES:
                    raise Refusal(413, f"a batch has at most {batches.MAX_BATCH_BYTES} bytes")
                chunks.append(chunk)
    except TimeoutError:
        raise Refusal(408, f"the body took longer than {_BODY_S:.0f} s") from None
    except ClientDisconnect:
        raise Refusal(400, "the body ended early") from None
    return b"".join(chunks)


def checked(name: BatchName, claims: Claims, body: bytes) -> Batch:
    """The batch, if the body is what its headers say; else 422."""
    try:
        batches.unpack(body, sha256=claims.sha256, records=claims.records)
    except BatchError as error:
        raise Refusal(422, str(error)) from None
    return Batch(name, claims.lane, claims.records, claims.sha256, body)
