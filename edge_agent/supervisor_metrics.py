"""/metrics: the workers' samples in Prometheus' text format."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric

from edge_agent.supervisor_health import Health
from edge_agent.worker_metrics import parsed

PREFIX = "trinetra_"
HELP: dict[str, str] = {
    "active_tracks": "Confirmed tracks at this moment.",
    "bus_events_pending": "Events that are not known to be on disk.",
    "camera_fps": "Frames a second handed to tracking.",
    "camera_live": "1 while the camera's state is live.",
    "camera_rtcp_time": "1 while frames carry the camera's own time and not their arrival.",
    "camera_reconnects_total": "Times the camera was opened again.",
    "detection_latency_ms": "Milliseconds from a frame's arrival to its detections.",
    "dropped_frames_total": "Frames that were read and not analysed, by reason.",
    "dropped_messages_total": "Messages of the bus that were dropped, by topic.",
    "frames_total": "Frames handed to tracking.",
    "malformed_messages_total": "Messages of the bus that were no messages, by topic.",
    "gallery_size": "Templates of identities that are looked up.",
    "identities": "Identities that are known now.",
    "identity_waiting": "Tracks without an identity.",
    "reid_match_rate": "Share of identity queries that found a match.",
    "spool_backlog_events": "Events on disk that are not uploaded yet.",
    "spool_events_total": "Events written to disk.",
    "worker_beat_age_seconds": "Seconds since the worker's last heartbeat.",
    "worker_restarts_total": "Times a worker was started again.",
    "worker_up": "1 while the worker is running as it should.",
}
_HISTOGRAM_PARTS = ("_bucket", "_sum", "_count")


class HealthCollector:
    """Prometheus collector over `Health`."""

    def __init__(self, health: Health) -> None:
        self._health = health

    def collect(self) -> Iterable[Metric]:
        """One family per name, samples in a stable order."""
        families: dict[str, Metric] = {}
        counters = self._health.counters()
        histograms = _histogram_names(counters)
        for key in sorted(counters):
            name, labels = parsed(key) or ("", {})
            base, kind = _family_of(name, histograms)
            if base:
                _family(families, base, kind).add_sample(PREFIX + name, labels, counters[key])
        gauges = self._health.gauges()
        for key in sorted(gauges):
            name, labels = parsed(key) or ("", {})
            if name and (name not in families or families[name].type == "gauge"):
                _family(families, name, "gauge").add_sample(PREFIX + name, labels, gauges[key])
        return families.values()


def exposition(health: Health) -> bytes:
    """The text that Prometheus scrapes."""
    registry = CollectorRegistry()
    registry.register(HealthCollector(health))
    return generate_latest(registry)


def _histogram_names(counters: Iterable[str]) -> set[str]:
    names = (parsed(key) for key in counters)
    return {found[0].removesuffix("_bucket") for found in names if found and "le" in found[1]}


def _family_of(name: str, histograms: set[str]) -> tuple[str, str]:
    for part in _HISTOGRAM_PARTS:
        if name.endswith(part) and name.removesuffix(part) in histograms:
            return name.removesuffix(part), "histogram"
    return (name.removesuffix("_total"), "counter") if name.endswith("_total") else ("", "")


def _family(families: dict[str, Metric], base: str, kind: str) -> Metric:
    if base not in families:
        full = base + ("_total" if kind == "counter" else "")
        text = HELP.get(full, f"{full.replace('_', ' ')}, as counted by the worker.")
        families[base] = Metric(PREFIX + base, text, kind)
    return families[base]
