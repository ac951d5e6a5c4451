"""Scenarios of days out of TOML files: one may be `like` another, all name a plan."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from contracts.errors import ConfigError
from simulator.days.checks import problems
from simulator.days.scenario import DayScenario
from simulator.plan import SCENARIOS, Scenario

DAYS = SCENARIOS / "days"
MOST_ALIKE = 5
Read = TypeVar("Read")


def names() -> list[str]:
    """Bundled scenarios of days."""
    return sorted(path.stem for path in DAYS.glob("*.toml"))


def load_scenario(name_or_path: str | Path) -> DayScenario:
    """Read a bundled scenario by name, or a file by path; `ConfigError` names file and key."""
    path = _found(str(name_or_path), Path())
    table = _whole(path)
    plan = table.pop("plan", None)
    if not isinstance(plan, str):
        raise ConfigError(f'{path.name}: expected plan = "NAME" or a path - at `$.plan`')
    beside = path.parent / plan
    where = beside if beside.is_file() else SCENARIOS / f"{plan}.toml"
    if not where.is_file():
        raise ConfigError(f"{path.name}: there is no plan {plan[:40]!r} - at `$.plan`")
    geometry = _typed(where, _read(where), Scenario)
    scenario = _typed(path, {**table, "plan": geometry}, DayScenario)
    for problem, key in problems(scenario):
        raise ConfigError(f"{path.name}: {problem} - at `$.{key}`")
    return scenario


def _found(name_or_path: str, folder: Path) -> Path:
    """The file of a bundled scenario, or the path itself."""
    bundled, path = DAYS / f"{name_or_path}.toml", folder / name_or_path
    if bundled.is_file():
        return bundled
    if not path.is_file():
        known = ", ".join(names())
        raise ConfigError(f"no scenario {name_or_path!r}: expected a file or one of {known}")
    return path


def _whole(path: Path, depth: int = 0) -> dict[str, Any]:
    """The file's keys over those of the scenario that it is `like`; tables are merged."""
    table = _read(path)
    like = table.pop("like", None)
    if like is None:
        return table
    if not isinstance(like, str) or depth >= MOST_ALIKE:
        raise ConfigError(f"{path.name}: expected the name of another scenario - at `$.like`")
    base = _whole(_found(like, path.parent), depth + 1)
    for key, value in table.items():
        old = base.get(key)
        merging = isinstance(old, dict) and isinstance(value, dict)
        base[key] = {**old, **value} if merging else value  # type: ignore[dict-item]
    return base


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path.name}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path.name}: {error}") from None


def _typed(path: Path, table: dict[str, Any], kind: type[Read]) -> Read:
    try:
        return msgspec.convert(table, kind, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path.name}: {error}") from None
