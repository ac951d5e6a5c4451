"""How a worker names what it counts: plain Prometheus sample text without the prefix.

`frames_total{camera="entrance"}` in a heartbeat becomes `trinetra_frames_total{camera=…}` on
/metrics. Counters count from the worker's start; the supervisor adds up over restarts.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence

_SAMPLE = re.compile(r"([a-z][a-z0-9_]*)(?:\{(.*)\})?")
_LABEL = re.compile(r'([a-z][a-z0-9_]*)="((?:[^"\\]|\\.)*)"(?:,|$)')
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n"}
_UNESCAPES = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}
LATENCY_MS = (1, 2, 5, 10, 20, 50, 100, 150, 200, 300, 500, 1000, 2000, 5000)


def sample(name: str, **labels: str) -> str:
    """`name{label="value",…}`, labels in alphabetical order."""
    if not labels:
        return name
    pairs = (f'{key}="{_escaped(labels[key])}"' for key in sorted(labels))
    return f"{name}{{{','.join(pairs)}}}"


def parsed(text: str) -> tuple[str, dict[str, str]] | None:
    """Name and labels of a sample text, None if it is none."""
    found = _SAMPLE.fullmatch(text)
    if not found:
        return None
    labels: dict[str, str] = {}
    rest = found[2] or ""
    while rest:
        label = _LABEL.match(rest)
        if not label:
            return None
        labels[label[1]] = re.sub(r"\\.", lambda e: _UNESCAPES.get(e[0], e[0]), label[2])
        rest = rest[label.end() :]
    return found[1], labels


class Histogram:
    """A Prometheus histogram kept by a worker; `samples()` goes into the heartbeat's counters."""

    def __init__(self, name: str, bounds: Sequence[float] = LATENCY_MS, **labels: str) -> None:
        self._name = name
        self._labels = labels
        self._bounds = [float(bound) for bound in bounds]
        self._counts = [0] * (len(self._bounds) + 1)
        self._sum = 0.0

    def observe(self, value: float) -> None:
        """Count one value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def samples(self) -> dict[str, float]:
        """`name_bucket{le=…}` (cumulative), `name_sum` and `name_count`."""
        found: dict[str, float] = {}
        total = 0
        for bound, count in zip([*self._bounds, float("inf")], self._counts, strict=True):
            total += count
            le = "+Inf" if bound == float("inf") else f"{bound:g}"
            found[sample(f"{self._name}_bucket", **self._labels, le=le)] = float(total)
        found[sample(f"{self._name}_sum", **self._labels)] = self._sum
        found[sample(f"{self._name}_count", **self._labels)] = float(total)
        return found


def _escaped(text: str) -> str:
    return "".join(_ESCAPES.get(char, char) for char in text)
