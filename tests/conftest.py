"""Fixtures that several folders share, and the list of what was left out."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

# Speed is measured in benchmarks; a busy machine is no failure. The gate tries the same examples
# each time; `pytest --hypothesis-profile explore` looks for new ones.
settings.register_profile("gate", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None, max_examples=1000)
settings.load_profile("gate")

SHARED = Path(__file__).parents[2] / "shared"
RTSP_PACKAGES = (
    "gir1.2-gst-rtsp-server-1.0 python3-gi gstreamer1.0-plugins-base gstreamer1.0-plugins-good "
    "gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly"
)


@pytest.fixture(scope="session")
def shared_assets() -> Path:
    """The folder of real videos and reference models beside the project."""
    assets = SHARED / "assets"
    if not assets.is_dir():
        pytest.skip("needs the evaluation assets in ../shared, which are not part of the project")
    return assets


@pytest.fixture(scope="session")
def rtmdet(shared_assets: Path) -> Path:
    """The reference detector's ONNX."""
    return shared_assets / "models" / "person_det_rtmdet_nano.onnx"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say once what was left out and which packages would bring it."""
    reasons = {
        str(report.longrepr[2]).removeprefix("Skipped: ")
        for report in terminalreporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple)
    }
    if reasons:
        terminalreporter.section("left out")
        for reason in sorted(reasons):
            terminalreporter.write_line(f"- {reason}")
