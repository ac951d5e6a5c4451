"""Several simulated days: one process each, the same figures, one clear error."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest

from contracts.errors import ConfigError
from trinetra.evaluation.store import StoreOptions
from trinetra.evaluation.stores import evaluate_stores

SHORT = [StoreOptions(name, minutes=0.5, start=time(10, 0)) for name in ("quiet", "queue")]


def test_processes_change_no_figure(tmp_path: Path) -> None:
    news: list[float] = []
    together = evaluate_stores(
        SHORT, lambda _, share: news.append(share), save=tmp_path, processes=2
    )
    assert together["scenarios"]["quiet"] == evaluate_stores(SHORT[:1])
    assert set(together["scenarios"]) == {"quiet", "queue"}
    assert news[-1] == pytest.approx(1.0)
    assert news == sorted(news)
    assert (tmp_path / "queue" / "crossings.csv").exists()


def test_an_error_in_one_process_is_told_as_it_is() -> None:
    with pytest.raises(ConfigError, match="nosuch"):
        evaluate_stores([SHORT[0], StoreOptions("nosuch")], processes=2)


def test_without_a_scenario_there_is_nothing_to_tell() -> None:
    with pytest.raises(ConfigError):
        evaluate_stores([])
