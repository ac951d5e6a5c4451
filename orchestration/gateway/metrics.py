"""What the gateway counts."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram


class Metrics:
    """Prometheus metrics of one gateway; no label names a store."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._answers = Counter(
            "trinetra_gateway_requests_total",
            "Batch uploads by answer",
            ["status"],
            registry=registry,
        )
        self._events = Counter(
            "trinetra_gateway_events_total", "Events landed", ["lane"], registry=registry
        )
        self._bytes = Counter(
            "trinetra_gateway_bytes_total", "Compressed bytes landed", registry=registry
        )
        self._seconds = Histogram(
            "trinetra_gateway_request_seconds", "Time to answer a batch upload", registry=registry
        )

    def answered(self, status: int, seconds: float) -> None:
        """A batch upload was answered."""
        self._answers.labels(str(status)).inc()
        self._seconds.observe(seconds)

    def landed(self, lane: str, events: int, size: int) -> None:
        """A new batch lies in landing."""
        self._events.labels(lane).inc(events)
        self._bytes.inc(size)
