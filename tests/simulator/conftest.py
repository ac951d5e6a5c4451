"""One scenario and one short film for the whole folder, and a half-hour shop for commands."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.film import Film, make_films
from simulator.plan import Scenario, load_scenario
from tests.simulator.commands import TINY

FILM_SECONDS = 4.0
FILM_SEED = 3


@pytest.fixture(scope="session")
def scenario() -> Scenario:
    return load_scenario()


@pytest.fixture(scope="session")
def reports() -> list[tuple[int, int]]:
    return []


@pytest.fixture(scope="session")
def films(
    scenario: Scenario, reports: list[tuple[int, int]], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Film]:
    folder = tmp_path_factory.mktemp("films")
    return make_films(
        scenario, FILM_SEED, FILM_SECONDS, folder, lambda *report: reports.append(report)
    )


@pytest.fixture
def tiny(tmp_path: Path) -> str:
    path = tmp_path / "tiny.toml"
    path.write_text(TINY)
    return str(path)
