"""/metrics: the workers' samples in Prometheus' text format."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric

from contracts.agent_metrics import AGENT_METRICS
from contracts.agent_metrics import AGENT_PREFIX as PREFIX
from edge_agent.supervisor_health import Health
from edge_agent.worker_metrics import parsed

HELP = {metric.name: metric.help for metric in AGENT_METRICS}
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
