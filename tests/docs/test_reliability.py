"""Every test that the failure matrix names is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reliability.md").read_text()


def test_every_row_s_test_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)
    assert len(named) > 20
    missing = [n for path, n in named if f"def {n}(" not in (ROOT / path).read_text()]
    assert missing == []


def test_every_metric_of_the_page_exists() -> None:
    from contracts.agent_metrics import AGENT_METRICS, AGENT_PREFIX

    known = {AGENT_PREFIX + metric.name for metric in AGENT_METRICS}
    assert set(re.findall(r"`(trinetra_[a-z_]+)", PAGE)) - known == set()
