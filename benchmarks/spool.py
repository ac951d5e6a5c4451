"""Speed of the spool on this disk: `python -m benchmarks.spool [--events N] [--dir DIR]`.

Events of about 300 bytes are appended as fast as one thread can, with a sync every 30 ms as the
worker does it. `durable_p99_ms` is from an event's append to the return of the sync that made it
safe. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

from edge_agent.spool.intake import GROUP_S
from edge_agent.spool.spool import Limits, Spool

LINE = b'{"id":"%036d","specversion":"1.0","data":{"x":"' + b"x" * 230 + b'"}}'


def append_all(spool: Spool, events: int) -> dict[str, float]:
    """Append `events` events; throughput and the two percentiles."""
    append_s: list[float] = []
    durable_s: list[float] = []
    group: list[float] = []
    began = synced_at = time.perf_counter()
    for number in range(events):
        at = time.perf_counter()
        spool.append("critical", str(number), LINE % number)
        append_s.append(time.perf_counter() - at)
        group.append(at)
        if at - synced_at >= GROUP_S or number == events - 1:
            spool.sync()
            synced_at = time.perf_counter()
            durable_s += [synced_at - one for one in group]
            group.clear()
            spool.seal_due()
    return {
        "events_per_s": round(events / (time.perf_counter() - began)),
        "append_p99_ms": round(_p99_ms(append_s), 4),
        "durable_p99_ms": round(_p99_ms(durable_s), 2),
    }


def measure(folder: Path, events: int) -> dict[str, float]:
    """All figures of a spool in `folder`, which must be empty."""
    limits = Limits(max_bytes=1 << 40)
    spool = Spool(folder, "bench", limits)
    found = append_all(spool, events)
    spool.close()
    began = time.perf_counter()
    spool = Spool(folder, "bench", limits)
    recovery_s = time.perf_counter() - began
    assert spool.shelf.backlog().events == events
    spool.close()
    return {**found, "recovery_s_per_million": round(recovery_s / events * 1e6, 2)}


def _p99_ms(seconds: list[float]) -> float:
    return sorted(seconds)[int(len(seconds) * 0.99)] * 1000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=500_000)
    parser.add_argument("--dir", type=Path, default=None, help="a folder on the disk to measure")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.dir) as folder:
        print(json.dumps(measure(Path(folder) / "spool", chosen.events)))


if __name__ == "__main__":
    main()
