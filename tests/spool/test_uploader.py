"""The uploader against a gateway that misbehaves in every way we could think of."""

from __future__ import annotations

import asyncio
import io
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contracts.errors import ConfigError
from edge_agent.log import Logger
from edge_agent.spool.audit import inspect
from edge_agent.spool.segments import Lane
from edge_agent.spool.spool import Limits, Spool
from edge_agent.spool.uploader import Uploader, token_from
from tests.spool.gateways import ScriptedGateway, scripted

CONFLICT_SAME = b'HTTP/1.1 409 x\r\ncontent-length: 80\r\n\r\n{"sha256": "{sha256}"}  '


class Naps:
    """Sleeping without time passing; remembers how long it would have been."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        await asyncio.sleep(0)


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    spool = Spool(tmp_path / "spool", "shop", Limits(seal_events=1000, reserve_bytes=0))
    yield spool
    spool.close()


def seal(spool: Spool, lane: Lane, *names: str) -> None:
    """One batch per name."""
    for name in names:
        spool.append(lane, name, b'{"id":"%s"}' % name.encode())
        spool.sync()
        spool.seal_all()


def names(gateway: ScriptedGateway) -> list[str]:
    return [line[7:-2].decode() for line in gateway.received()]


def upload(
    spool: Spool,
    url: str,
    *,
    until: Callable[[Uploader], bool] | None = None,
    naps: Naps | None = None,
    attempt_s: float = 10,
    limit_s: float = 20,
) -> Uploader:
    """Run an uploader until nothing waits (or `until`), then stop it."""
    log = Logger("spool", stream=io.StringIO())
    uploader = Uploader(
        spool.shelf, url=url, token="secret", log=log, sleep=naps or Naps(), attempt_s=attempt_s
    )
    done = until or (lambda _: spool.shelf.backlog().batches == 0)
    uploader.start()
    deadline = time.monotonic() + limit_s
    while not done(uploader) and time.monotonic() < deadline:
        time.sleep(0.005)
    uploader.stop()
    while uploader.alive and time.monotonic() < deadline:
        time.sleep(0.005)
    assert not uploader.alive
    assert done(uploader), "not in time"
    return uploader


def test_batches_travel_critical_first_with_name_token_and_hash(spool: Spool) -> None:
    seal(spool, "analytics", "a1", "a2")
    seal(spool, "critical", "c1", "c2")
    with scripted() as gateway:
        uploader = upload(spool, gateway.url)
    assert names(gateway) == ["c1", "c2", "a1", "a2"]
    assert gateway.puts[0].path == f"/v1/batches/shop/{spool.boot}/000000000002"
    assert {put.token for put in gateway.puts} == {"Bearer secret"}
    assert (uploader.batches, uploader.failures, uploader.state) == (4, {}, "ok")


@pytest.mark.parametrize("status", [200, 201])
def test_success_acknowledges(spool: Spool, tmp_path: Path, status: int) -> None:
    seal(spool, "critical", "c1")
    with scripted(status) as gateway:
        upload(spool, gateway.url)
    assert inspect(tmp_path / "spool")["acked"] == 1


@pytest.mark.parametrize("status", [400, 413, 422, 409])
def test_a_poison_batch_is_put_aside_and_the_next_flows_within_a_second(
    spool: Spool, tmp_path: Path, status: int
) -> None:
    seal(spool, "critical", "poison", "next")
    naps = Naps()
    with scripted(status) as gateway:
        began = time.monotonic()
        uploader = upload(spool, gateway.url, naps=naps)
        assert time.monotonic() - began < 1
    assert names(gateway) == ["poison", "next"]
    assert uploader.failures == {"refused": 1}
    assert spool.shelf.counts.refused_batches == 1
    found = inspect(tmp_path / "spool")
    assert (found["refused"], found["acked"], found["pending"]) == (1, 1, 0)


def test_one_poison_in_a_thousand_costs_nothing_but_itself(spool: Spool) -> None:
    seal(spool, "critical", *(f"c{n}" for n in range(200)))
    with scripted(*[400 if n % 100 == 50 else 201 for n in range(200)]) as gateway:
        uploader = upload(spool, gateway.url)
    assert uploader.batches == 198
    assert spool.shelf.counts.refused_batches == 2


def test_the_same_content_under_the_same_name_is_an_acknowledgement(
    spool: Spool, tmp_path: Path
) -> None:
    seal(spool, "critical", "c1")
    with scripted(CONFLICT_SAME) as gateway:
        uploader = upload(spool, gateway.url)
    assert uploader.batches == 1
    assert inspect(tmp_path / "spool")["acked"] == 1


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        (401, "401"),
        (403, "403"),
        (404, "404"),
        (429, "429"),
        (500, "500"),
        (503, "503"),
        (507, "507"),
        (302, "302"),
        ("cut", "unreachable"),
        ("close", "unreachable"),
        (b"what?\r\n\r\n", "unreachable"),
        (b"HTTP/1.1 999999 x\r\n\r\n", "unreachable"),
    ],
)
def test_trouble_keeps_the_batch_and_tries_again_until_it_is_over(
    spool: Spool, trouble: int | str | bytes, reason: str
) -> None:
    seal(spool, "critical", "c1")
    with scripted(*[trouble] * 8) as gateway:
        uploader = upload(spool, gateway.url)
    assert set(names(gateway)) == {"c1"}
    assert uploader.batches == 1
    assert uploader.failures == {reason: 8}
    assert uploader.state == "ok", "the trouble is over"


def test_pauses_grow_up_to_a_minute_and_are_random(spool: Spool) -> None:
    seal(spool, "critical", "c1")
    naps = Naps()
    with scripted(*[503] * 60) as gateway:
        upload(spool, gateway.url, naps=naps)
    pauses = naps.seconds[:60]
    assert all(pause <= min(60, 2**n) for n, pause in enumerate(pauses))
    assert max(pauses) > 30
    assert len({round(pause, 3) for pause in pauses[10:]}) > 40


def test_a_gateway_that_fails_on_one_batch_only_does_not_hold_the_others_up(spool: Spool) -> None:
    seal(spool, "critical", "bad", "c2")
    seal(spool, "analytics", "a1")
    with scripted(500, 201, 201, 500, 201) as gateway:
        upload(spool, gateway.url)
    assert names(gateway) == ["bad", "a1", "c2", "bad", "bad"]


@pytest.mark.parametrize("trouble", ["hang", "drip"])
def test_an_endless_answer_is_given_up(spool: Spool, trouble: str) -> None:
    seal(spool, "critical", "c1")
    with scripted(trouble) as gateway:
        uploader = upload(spool, gateway.url, attempt_s=1.0)
    assert set(uploader.failures) == {"timeout"}
    assert uploader.batches == 1


def test_a_flood_as_an_answer_is_cut(spool: Spool) -> None:
    seal(spool, "critical", "c1")
    flood = b"HTTP/1.1 201 x\r\ncontent-length: 99999999\r\n\r\n" + b"x" * 2_000_000
    with scripted(flood) as gateway:
        assert upload(spool, gateway.url).batches == 1


def test_without_a_gateway_events_wait_and_the_state_says_so(spool: Spool) -> None:
    seal(spool, "critical", "c1")
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    uploader = upload(spool, url, until=lambda up: up.failures.get("unreachable", 0) >= 5)
    assert uploader.state == "offline"
    assert spool.shelf.backlog().batches == 1


def test_a_refused_token_is_visible(spool: Spool) -> None:
    seal(spool, "critical", "c1")
    with scripted(*[401] * 10_000) as gateway:
        uploader = upload(
            spool,
            gateway.url,
            until=lambda up: up.state == "unauthorized" and up.failures["401"] > 3,
        )
    assert spool.shelf.backlog().batches == 1
    assert uploader.batches == 0


def test_stop_uploads_what_waits(spool: Spool) -> None:
    seal(spool, "critical", *(f"c{n}" for n in range(30)))
    with scripted() as gateway:
        upload(spool, gateway.url, until=lambda _: True)
        assert len(names(gateway)) == 30


class Outage(Naps):
    """72 hours without a gateway, in which a batch is sealed every ten minutes."""

    def __init__(self, spool: Spool, port: int) -> None:
        super().__init__()
        self.spool, self.port = spool, port
        self.made: list[str] = []
        self.now_s = 0.0
        self.gateway: ScriptedGateway | None = None

    async def __call__(self, seconds: float) -> None:
        self.now_s += seconds
        await asyncio.sleep(0)
        while self.gateway is None and len(self.made) < self.now_s / 600:
            self.made.append(f"c{len(self.made):04d}")
            seal(self.spool, "critical", self.made[-1])
        if self.gateway is None and self.now_s > 72 * 3600:
            self.gateway = ScriptedGateway(port=self.port)


@pytest.mark.slow
def test_72_hours_of_outage_drain_completely_and_in_order(spool: Spool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    seal(spool, "critical", "first")
    outage = Outage(spool, port)
    uploader = upload(
        spool,
        f"http://127.0.0.1:{port}",
        naps=outage,
        until=lambda up: up.batches > len(outage.made) > 400,
        limit_s=120,
    )
    assert outage.gateway
    outage.gateway.close()
    assert names(outage.gateway) == ["first", *outage.made]
    assert uploader.failures["unreachable"] > 5000


@pytest.mark.parametrize("url", ["ftp://x", "gateway.example.com", "file:///etc/passwd"])
def test_only_http_urls(spool: Spool, url: str) -> None:
    with pytest.raises(ConfigError, match=r"upload.url must begin"):
        Uploader(spool.shelf, url=url, token="", log=Logger("spool"))


def test_token_references(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "token").write_text("from-file\n")
    monkeypatch.setenv("GATEWAY_TOKEN", "from-env")
    assert token_from("plain") == "plain"
    assert token_from(f"file:{tmp_path}/token") == "from-file"
    assert token_from("env:GATEWAY_TOKEN") == "from-env"
    with pytest.raises(ConfigError, match="holds no token"):
        token_from("env:NOT_THERE")
