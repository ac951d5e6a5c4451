"""Pictures of the reports for the docs: `python -m tests.browser.screenshots docs/images`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from orchestration.storage.postgres import engine, postgres
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.browser.visit import Visit, visit
from tests.dashboards import seed
from trinetra.dashboards import start_dashboards

PAGES = (
    ("report-this-week", "?store=alder", "grid", "light"),
    ("report-floor-plan", "floor-plan?store=alder", "plan", "light"),
    ("report-floor-plan-dark", "floor-plan?store=alder", "plan", "dark"),
)


def shoot(reader: Visit, target: Path) -> None:
    """Save the whole page, however long it is."""
    height = reader.page.get_by_test_id("stMain").evaluate("e => e.scrollHeight")
    reader.page.set_viewport_size({"width": 1280, "height": height})
    reader.page.wait_for_timeout(1500)
    reader.page.screenshot(path=target)


def main(folder: Path) -> None:
    """Seed a database of its own, open each page, save its picture."""
    with tempfile.TemporaryDirectory() as work, postgres(Path(work) / "postgres") as url:
        seed.write(engine(url), seed.rows())
        with start_dashboards(url) as running, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            for name, path, key, scheme in PAGES:
                with visit(browser, color_scheme=scheme) as reader:
                    reader.open(f"{running.url}/{path}")
                    reader.figure(key)
                    shoot(reader, folder / f"{name}.png")
            browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
