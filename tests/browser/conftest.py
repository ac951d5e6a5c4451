"""A real Chromium that may talk to this machine only, and the reports it looks at."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.dashboards.conftest import blank_url, demo_url, gold_url, seed_rows, server
from trinetra.dashboards import start_dashboards

if TYPE_CHECKING:
    from playwright.sync_api import Browser

__all__ = ["blank_url", "demo_url", "gold_url", "seed_rows", "server"]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("needs chromium: apt-get install chromium fonts-dejavu-core")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def reports(gold_url: str) -> Iterator[str]:
    with start_dashboards(gold_url) as running:
        yield running.url
