"""A reader's visit: one page, everything it says to the console and every address it asks."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from playwright.sync_api import Browser, Page, expect
from playwright.sync_api import TimeoutError as NothingInTime

expect.set_options(timeout=60_000)
PHONE = {
    "viewport": {"width": 390, "height": 800},
    "is_mobile": True,
    "user_agent": "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/130 Mobile Safari",
}


class Visit:
    """What the reader sees; `complaints` and `strangers` must stay empty."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.strangers: list[str] = []
        page.set_default_timeout(60_000)
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self._see(request.url))

    def _hear(self, message: Any) -> None:
        probing = "/_stcore/" in message.location.get("url", "")
        if message.type == "error" and not probing:  # Streamlit asks below a page's path first
            self.complaints.append(message.text)

    def _see(self, url: str) -> None:
        if urlsplit(url).scheme not in ("data", "blob") and urlsplit(url).hostname != "127.0.0.1":
            self.strangers.append(url)

    def open(self, url: str) -> None:
        """Go there and wait until everything is drawn."""
        self.page.goto(url)
        self.settle()

    def settle(self) -> None:
        """Wait until the page has begun to be drawn and Streamlit runs no more."""
        expect(self.page.get_by_test_id("stHeading").first).to_be_visible()
        expect(self.page.get_by_test_id("stApp")).to_have_attribute(
            "data-test-script-state", "notRunning"
        )
        expect(self.page.get_by_test_id("stSpinner")).to_have_count(0)

    def figure(self, key: str) -> dict[str, Any]:
        """Traces and axes of a drawn Plotly chart, by the key of its element."""
        drawn = self.page.locator(f".st-key-{key} .js-plotly-plot")
        expect(drawn.locator(".main-svg").first).to_be_visible()
        found: dict[str, Any] = drawn.evaluate(
            """plot => ({data: plot.data, axes: ['xaxis', 'yaxis'].map(name => {
                const axis = plot._fullLayout[name];
                return {range: axis.range, length: axis._length};
            })})"""
        )
        return found

    def link(self) -> dict[str, str]:
        """The query of the address bar."""
        return dict(parse_qsl(urlsplit(self.page.url).query))

    def choose(self, label: str, option: str) -> None:
        """Pick an option of a select box like a reader does."""
        box = self.page.get_by_test_id("stSelectbox").filter(has_text=label).locator("input")
        wanted = self.page.get_by_role("option", name=option, exact=True)
        for _ in range(6):  # a page that is drawn again meanwhile closes the open list
            box.click()
            with contextlib.suppress(NothingInTime):
                return wanted.click(timeout=10_000)
            self.page.keyboard.press("Escape")
        raise AssertionError(f"{label} never offered {option}")

    def wait_for_link(self, **query: str) -> None:
        """Wait until the address bar holds `query` and the page has been drawn for it."""
        self.page.wait_for_url(
            lambda url: query.items() <= dict(parse_qsl(urlsplit(url).query)).items()
        )
        self.settle()

    def metrics(self) -> dict[str, str]:
        """Values of the cards by their titles."""
        cards = self.page.get_by_test_id("stMetric")
        expect(cards).to_have_count(5)
        titles = cards.get_by_test_id("stMetricLabel").all_inner_texts()
        values = cards.get_by_test_id("stMetricValue").all_inner_texts()
        return dict(zip(map(str.strip, titles), map(str.strip, values), strict=True))


@contextlib.contextmanager
def visit(browser: Browser, **options: Any) -> Iterator[Visit]:
    """A fresh browser profile, 1280 pixels wide unless told otherwise."""
    options = {"viewport": {"width": 1280, "height": 900}, "accept_downloads": True, **options}
    context = browser.new_context(**options)
    try:
        yield Visit(context.new_page())
    finally:
        context.close()
