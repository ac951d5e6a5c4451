"""docs/simulator.md names every key, every scenario and every column, and its example works."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from contracts.errors import ConfigError
from simulator.days import DayScenario, load_scenario, names, simulate_day, truth_of_day
from simulator.days.truth_files import tables_of
from simulator.plan import Flow, Scenario

PAGE = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text(encoding="utf-8")


def in_code(text: str) -> set[str]:
    return set(re.findall(r"`([^`\n]+)`", text))


def rows(heading: str) -> list[str]:
    """The rows of the page's tables below a line that begins with `heading`."""
    below = PAGE[PAGE.index(heading) :].splitlines()
    return [line for line in below if line.startswith("|")]


def keys_by_table(kind: type[msgspec.Struct]) -> Iterator[tuple[str, list[str]]]:
    """Tables of a file and their keys; "" holds those above all tables."""
    top = []
    for field in msgspec.structs.fields(kind):
        kinds = (field.type, *get_args(field.type))
        inner = next((each for each in kinds if hasattr(each, "__struct_fields__")), None)
        if inner in (None, Scenario, Flow):
            top.append(field.name)
        else:
            yield field.name, list(inner.__struct_fields__)
    yield "", top


KEYS = [("| key | default", *each) for each in keys_by_table(DayScenario)]
KEYS += [("| plan key | default", *each) for each in keys_by_table(Scenario)]


@pytest.mark.parametrize(("heading", "table", "keys"), KEYS)
def test_every_key_has_a_row_below_its_table(heading: str, table: str, keys: list[str]) -> None:
    lines = rows(heading)
    first = next((n for n, line in enumerate(lines) if f"[{table}]" in line), 0) if table else 0
    mine: list[str] = []
    for line in lines[first + 1 :]:
        if line.startswith("| **"):
            break
        mine.append(line.split("|")[1])
    assert set(keys) - {"flow"} <= in_code(" ".join(mine))


def test_every_scenario_is_told() -> None:
    told = {next(iter(in_code(line.split("|")[1])), "") for line in rows("| scenario | story")}
    assert set(names()) <= told


def test_every_truth_table_has_its_columns() -> None:
    start = datetime(2026, 3, 3, 12)  # noqa: DTZ001 - local time of the store
    truth = truth_of_day(simulate_day(load_scenario("corner"), 1, start=start, seconds=5))
    told = {line.split("|")[1].strip(" `"): in_code(line) for line in rows("| table | one row")}
    for name, table in tables_of(truth).items():
        assert set(table.columns) <= told[name]


def test_the_example_is_a_scenario_and_its_mistake_is_told_like_that(tmp_path: Path) -> None:
    example = re.search(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert example is not None
    path = tmp_path / "saturday.toml"
    path.write_text(example[1])
    assert load_scenario(path).visits.per_day == 2200
    path.write_text(example[1].replace("family_share = 0.15", "family_share = 1.5"))
    with pytest.raises(ConfigError) as error:
        load_scenario(path)
    assert str(error.value).replace("`", "") in PAGE
