"""The documented configuration is one that the agent accepts."""

from __future__ import annotations

import re
from pathlib import Path

from contracts.store import StoreConfig, parse_store

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"


def test_the_example_is_accepted_and_shows_every_table() -> None:
    example = re.search(r"```toml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert example is not None
    config = parse_store(example[1])
    assert config.doors
    assert config.zones
    assert config.floor_plan is not None
    shown = {name for name in StoreConfig.__struct_fields__ if f"[{name}" in example[1]}
    assert shown == set(StoreConfig.__struct_fields__)
