"""Speed of the way from spool to ledger: `python -m benchmarks.gateway [--events N]`.

A spool full of sealed batches is uploaded over HTTP by the real uploader to a real gateway with
the embedded PostgreSQL, all on this machine. `drain_72h_s` is how long the backlog of 72 hours
of one store takes at that speed (72,000 events a day, docs: CLOUD.md's sizes). Prints one JSON
object.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

from edge_agent.log import Logger
from edge_agent.spool.spool import Limits, Spool
from edge_agent.spool.uploader import Uploader
from orchestration.gateway.server import serve
from orchestration.storage.postgres import migrate, postgres

LINE = b'{"id":"%036d","specversion":"1.0","data":{"x":"' + b"x" * 230 + b'"}}'
EVENTS_72_H = 216_000
BATCH_EVENTS = 1_000


def serve_until_killed(url: str, landing: Path, port: Connection) -> None:
    """The gateway, in a process of its own."""
    tokens = {"bench": hashlib.sha256(b"token").hexdigest()}
    serve("127.0.0.1", 0, url=url, landing=landing, tokens=tokens, ready=port.send)


def fill(folder: Path, events: int) -> Spool:
    """A spool with `events` events in batches of 1,000."""
    spool = Spool(folder, "bench", Limits(seal_events=BATCH_EVENTS, max_bytes=1 << 40))
    for number in range(events):
        spool.append("critical", str(number), LINE % number)
    spool.sync()
    spool.seal_all()
    return spool


def drain(spool: Spool, url: str) -> float:
    """Seconds until the gateway has everything."""
    uploader = Uploader(spool.shelf, url=url, token="token", log=Logger("bench"))
    began = time.perf_counter()
    uploader.start()
    while spool.shelf.backlog().batches:
        time.sleep(0.01)
    seconds = time.perf_counter() - began
    uploader.stop()
    return seconds


def measure(folder: Path, events: int) -> dict[str, float]:
    """Throughput of the whole way."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    with postgres(folder / "pg") as url:
        migrate(url)
        gateway = spawn.Process(target=serve_until_killed, args=(url, folder / "landing", theirs))
        gateway.start()
        try:
            seconds = drain(fill(folder / "spool", events), f"http://127.0.0.1:{ours.recv()}")
        finally:
            gateway.terminate()
            gateway.join()
    rate = events / seconds
    return {"events_per_s": round(rate), "drain_72h_s": round(EVENTS_72_H / rate, 1)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200_000)
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(Path(folder), parser.parse_args().events)))


if __name__ == "__main__":
    main()
