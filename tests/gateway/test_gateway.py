"""What the gateway accepts, what it refuses, and that it keeps exactly what it acknowledged."""

from __future__ import annotations

import hashlib
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
import zstandard

from contracts import batches
from contracts.batches import Batch, BatchName, pack, unpack
from orchestration.gateway.intake import Intake
from orchestration.storage import ledger
from orchestration.storage.landing_reader import LandingReader
from orchestration.storage.objects import Landing
from tests.gateway.conftest import Gateway

LINES = [b'{"id":"a"}', b'{"id":"b"}', b"not even JSON: that is bronze's business"]


def batch_of(lines: list[bytes] | None = None, seq: int = 7, store: str = "shop") -> Batch:
    return pack(BatchName(store, "boot1", seq), "critical", lines or LINES)


def headers_of(batch: Batch, token: str = "shop-token") -> dict[str, str]:
    return {
        "authorization": f"Bearer {token}",
        batches.HEADER_SHA256: batch.sha256,
        batches.HEADER_RECORDS: str(batch.records),
        batches.HEADER_LANE: batch.lane,
        batches.HEADER_SCHEMA: "1",
    }


def put(gateway: Gateway, batch: Batch, path: str = "", **changes: str) -> httpx.Response:
    """Send `batch`; `changes` replace headers, an empty one removes it."""
    headers = headers_of(batch)
    for name, value in changes.items():
        headers[name.replace("_", "-")] = value
    return httpx.put(
        f"{gateway.url}/v1/batches/{path or batch.name.path}",
        content=batch.body,
        headers={name: value for name, value in headers.items() if value},
        trust_env=False,
        timeout=20,
    )


def test_a_new_batch_lands_with_its_ledger_row(gateway: Gateway) -> None:
    batch = batch_of()
    answer = put(gateway, batch)
    assert answer.status_code == 201
    assert answer.json() == {"records": 3, "sha256": batch.sha256}
    assert gateway.rows() == [("shop", "boot1", 7, batch.sha256, 3)]
    (key,) = gateway.objects()
    assert key == "shop/boot1/000000000007.ndjson.zst"
    body = LandingReader(str(gateway.landing)).read(key)
    assert unpack(body, sha256=batch.sha256, records=3) == LINES
    query = sa.text(
        "SELECT lane, bytes, object_key, schema_version, hour = date_trunc('hour', received_at), "
        "claimed_by FROM ledger.batches"
    )
    with gateway.database.connect() as connection:
        row = connection.execute(query).one()
    assert tuple(row) == ("critical", len(batch.body), key, 1, True, None)


def test_the_same_batch_again_is_fine_even_with_another_compression(gateway: Gateway) -> None:
    first = batch_of()
    assert put(gateway, first).status_code == 201
    assert put(gateway, first).status_code == 200
    plain = b"".join(line + b"\n" for line in LINES)
    squeezed = zstandard.ZstdCompressor(level=19, write_checksum=True).compress(plain)
    again = Batch(first.name, first.lane, first.records, first.sha256, squeezed)
    assert put(gateway, again).status_code == 200
    assert len(gateway.rows()) == len(gateway.objects()) == 1
    assert (gateway.landing / gateway.objects()[0]).read_bytes() == first.body, "immutable"


def test_another_content_under_the_same_name_is_refused_and_told_apart(gateway: Gateway) -> None:
    first = batch_of()
    put(gateway, first)
    answer = put(gateway, batch_of([b"{}"]))
    assert answer.status_code == 409
    assert answer.json()["sha256"] == first.sha256
    assert gateway.rows() == [("shop", "boot1", 7, first.sha256, 3)]


def test_many_senders_of_one_batch_at_once_make_one_row(gateway: Gateway) -> None:
    batch = batch_of()
    with ThreadPoolExecutor(16) as pool:
        codes = list(pool.map(lambda _: put(gateway, batch).status_code, range(32)))
    assert sorted(codes) == [200] * 31 + [201]
    assert len(gateway.rows()) == len(gateway.objects()) == 1


def test_two_contents_for_one_name_at_once_end_with_one(gateway: Gateway) -> None:
    for seq in range(5):
        two = [batch_of([b"%d" % n], seq=seq) for n in range(8)]
        with ThreadPoolExecutor(8) as pool:
            codes = list(pool.map(lambda one: put(gateway, one).status_code, two))
        assert sorted(codes) == [201] + [409] * 7
        row = gateway.rows()[-1]
        body = LandingReader(str(gateway.landing)).read(f"shop/boot1/{seq:012d}.ndjson.zst")
        assert unpack(body, sha256=row[3], records=1), "object and ledger agree"


@pytest.mark.parametrize("crash", ["before the object", "before the row", "before the commit"])
def test_a_crash_between_object_and_ledger_is_healed_by_the_next_attempt(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, crash: str
) -> None:
    class Crash(BaseException):
        pass

    def die(*_: object) -> None:
        raise Crash

    def receive_and_die(*arguments: Any) -> None:
        receive(*arguments)
        raise Crash

    receive = ledger.receive
    intake = Intake(gateway.database, Landing(gateway.landing))
    with monkeypatch.context() as patch:
        if crash == "before the object":
            patch.setattr(Landing, "write", die)
        else:
            patch.setattr(ledger, "receive", die if crash == "before the row" else receive_and_die)
        with pytest.raises(Crash):
            intake.receive(batch_of())
    assert gateway.rows() == [], "nothing was promised"
    other = batch_of([b"{}"])
    assert put(gateway, other).status_code == 201, "what was never acknowledged does not bind"
    assert put(gateway, other).status_code == 200
    body = LandingReader(str(gateway.landing)).read(gateway.objects()[0])
    assert unpack(body, sha256=other.sha256, records=1) == [b"{}"]


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer wrong", "Bearer other-token", "Basic shop-token"],
)
def test_a_wrong_token_learns_nothing(gateway: Gateway, authorization: str) -> None:
    batch = batch_of()
    answer = put(gateway, batch, authorization=authorization)
    unknown = put(gateway, batch, path="nowhere/boot1/7")
    assert (answer.status_code, unknown.status_code) == (401, 401)
    assert answer.json() == unknown.json() == {"error": "unknown store or token"}
    assert gateway.objects() == []


@pytest.mark.parametrize(
    "path",
    [
        "shop/../7",
        "shop/%2e%2e/7",
        "shop/..%2f..%2fetc/7",
        "shop/a%00b/7",
        "shop/Boot/7",
        "shop/boot1/-1",
        "shop/boot1/1e3",
        "shop/boot1/99999999999999999",
        "shop/boot1/9007199254740992",
        "shop/boot1/%D9%A3",
        "shop/" + "a" * 64 + "/7",
    ],
)
def test_a_name_that_is_none_never_reaches_the_folder(gateway: Gateway, path: str) -> None:
    with socket.create_connection(("127.0.0.1", int(gateway.url.rsplit(":", 1)[1]))) as peer:
        batch = batch_of()
        lines = [f"{name}: {value}" for name, value in headers_of(batch).items()]
        lines += ["host: x", f"content-length: {len(batch.body)}", "connection: close"]
        head = f"PUT /v1/batches/{path} HTTP/1.1\r\n" + "\r\n".join(lines) + "\r\n\r\n"
        peer.sendall(head.encode() + batch.body)
        status = int(peer.recv(65536).split(b" ")[1])
    assert status in (400, 404)
    assert gateway.objects() == []
    assert gateway.rows() == []


@pytest.mark.parametrize(
    ("changes", "status", "reason"),
    [
        ({"x_trinetra_sha256": ""}, 400, "x-trinetra-sha256 is"),
        ({"x_trinetra_sha256": "z" * 64}, 400, "x-trinetra-sha256 is"),
        ({"x_trinetra_sha256": "0" * 64}, 422, "does not match its sha256"),
        ({"x_trinetra_records": ""}, 400, "x-trinetra-records is"),
        ({"x_trinetra_records": "0"}, 400, "x-trinetra-records is"),
        ({"x_trinetra_records": "-3"}, 400, "x-trinetra-records is"),
        ({"x_trinetra_records": "4"}, 422, "3 lines, its header says 4"),
        ({"x_trinetra_lane": "express"}, 400, "x-trinetra-lane is"),
        ({"x_trinetra_schema": "one"}, 400, "x-trinetra-schema is"),
        ({"x_trinetra_schema": "2"}, 503, "newer than this gateway"),
    ],
)
def test_headers_that_lie(
    gateway: Gateway, changes: dict[str, str], status: int, reason: str
) -> None:
    answer = put(gateway, batch_of(), **changes)
    assert answer.status_code == status
    assert reason in answer.json()["error"]
    assert "\n" not in answer.json()["error"]
    assert gateway.objects() == []


def altered(body: bytes) -> Batch:
    good = batch_of()
    return Batch(good.name, good.lane, good.records, good.sha256, body)


def no_last_line_end() -> Batch:
    plain = b"a\nb"
    body = zstandard.ZstdCompressor().compress(plain)
    return Batch(BatchName("shop", "b", 1), "critical", 2, hashlib.sha256(plain).hexdigest(), body)


def bomb() -> Batch:
    plain = b"\n" * 200_000_000
    body = zstandard.ZstdCompressor().compress(plain)
    assert len(body) < 100_000
    return altered(body)


@pytest.mark.parametrize(
    "batch",
    [
        altered(b""),
        altered(b"no zstd at all"),
        altered(batch_of().body[:-4]),
        altered(batch_of().body[:10] + b"\xff" + batch_of().body[11:]),
        no_last_line_end(),
        bomb(),
    ],
    ids=["empty", "noise", "cut", "flipped", "no line end", "bomb"],
)
def test_bodies_that_are_no_batch(gateway: Gateway, batch: Batch) -> None:
    assert put(gateway, batch).status_code == 422
    assert gateway.objects() == []
    assert put(gateway, batch_of()).status_code == 201, "and it goes on"


def test_a_body_that_is_too_large_is_cut_off_announced_or_not(gateway: Gateway) -> None:
    huge = b"x" * (batches.MAX_BATCH_BYTES + 1)
    url = f"{gateway.url}/v1/batches/shop/boot1/1"
    headers = headers_of(batch_of())

    def chunks() -> object:
        for begin in range(0, len(huge), 1 << 20):
            yield huge[begin : begin + (1 << 20)]

    for content in (huge, chunks()):
        try:
            answer = httpx.put(url, content=content, headers=headers, trust_env=False)  # type: ignore[arg-type]
            assert answer.status_code == 413
        except httpx.WriteError:
            pass  # cut off while it was still sending
    assert gateway.objects() == []
    assert put(gateway, batch_of()).status_code == 201


def test_a_peer_that_leaves_in_the_middle_is_forgotten(gateway: Gateway) -> None:
    port = int(gateway.url.rsplit(":", 1)[1])
    batch = batch_of()
    lines = [f"{name}: {value}" for name, value in headers_of(batch).items()]
    head = f"PUT /v1/batches/{batch.name.path} HTTP/1.1\r\nhost: x\r\ncontent-length: 5000\r\n"
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", port)) as peer:
            peer.sendall((head + "\r\n".join(lines) + "\r\n\r\n").encode() + batch.body)
    assert put(gateway, batch).status_code == 201


def test_noise_on_the_socket_never_ends_it(gateway: Gateway) -> None:
    port = int(gateway.url.rsplit(":", 1)[1])
    for noise in (b"\x00" * 100, b"GET\r\n\r\n", b"PUT /v1 HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02"):
        with socket.create_connection(("127.0.0.1", port)) as peer:
            peer.sendall(noise)
    assert httpx.get(f"{gateway.url}/health", trust_env=False).json() == {"ok": True}
    assert httpx.post(f"{gateway.url}/v1/batches/a/b/1", trust_env=False).status_code == 405
    assert httpx.get(f"{gateway.url}/nothing", trust_env=False).status_code == 404


def test_a_full_landing_keeps_nothing_and_says_507(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orchestration.storage import objects

    def full(path: Path, body: bytes) -> None:
        path.write_bytes(body[:5])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(objects, "_write_durably", full)
        answer = put(gateway, batch_of())
    assert answer.status_code == 507
    assert answer.json() == {"error": "landing is full"}
    assert gateway.objects() == []
    assert gateway.rows() == []
    assert put(gateway, batch_of()).status_code == 201


def test_metrics_count_answers_and_events(gateway: Gateway) -> None:
    put(gateway, batch_of())
    put(gateway, batch_of())
    put(gateway, batch_of(), authorization="Bearer wrong")
    text = httpx.get(f"{gateway.url}/metrics", trust_env=False).text
    assert 'trinetra_gateway_requests_total{status="201"} 1.0' in text
    assert 'trinetra_gateway_requests_total{status="200"} 1.0' in text
    assert 'trinetra_gateway_requests_total{status="401"} 1.0' in text
    assert 'trinetra_gateway_events_total{lane="critical"} 3.0' in text
