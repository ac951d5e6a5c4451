"""The registry of numbers: every definition is whole."""

from __future__ import annotations

import msgspec
import pytest

from contracts.metrics import METRICS, Metric


def test_names_are_unique() -> None:
    names = [metric.name for metric in METRICS]
    assert len(set(names)) == len(names)
    assert all(name.isidentifier() and name == name.lower() for name in names)


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_definition_says_unit_grain_and_when_it_is_missing(metric: Metric) -> None:
    for field in ("title", "unit", "formula", "grain", "null_rule"):
        assert getattr(metric, field).strip() == getattr(metric, field) != ""
    assert metric.version >= 1
    assert metric.formula.endswith(".")
    assert "missing" in metric.null_rule or metric.null_rule.startswith("as ")


def test_a_definition_cannot_be_changed_in_passing() -> None:
    with pytest.raises(AttributeError):
        METRICS[0].unit = "cats"  # type: ignore[misc]
    assert msgspec.json.decode(msgspec.json.encode(METRICS), type=tuple[Metric, ...]) == METRICS
