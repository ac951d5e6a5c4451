"""What must be true at each border between layers. Blocking checks stop what lies downstream."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

from orchestration.defs.events.specs import BRONZE_EVENTS, DEAD_LETTERS, SILVER_EVENTS
from orchestration.storage import tables

if TYPE_CHECKING:
    from orchestration.defs.events.intake import HourTaken
    from orchestration.defs.events.refine import GoldMade, SilverMade

FOOTFALL = tables.footfall_15m.name
_BALANCE_SHARE = 0.1
_BALANCE_FLOOR = 5

BRONZE_CHECKS = (
    dg.AssetCheckSpec(
        "ledger_matches_bronze",
        asset=BRONZE_EVENTS,
        blocking=True,
        description="Records in the ledger = rows in bronze + dead letters, hour by hour.",
    ),
    dg.AssetCheckSpec(
        "every_batch_is_claimed",
        asset=BRONZE_EVENTS,
        blocking=True,
        description="No batch that the run saw stays unmarked.",
    ),
    dg.AssetCheckSpec(
        "no_batch_is_missing",
        asset=BRONZE_EVENTS,
        description="Warns of gaps in a spool's batch numbers that are older than 5 minutes.",
    ),
    dg.AssetCheckSpec(
        "nothing_is_dead", asset=DEAD_LETTERS, description="Warns of lines that are no events."
    ),
)
SILVER_CHECKS = (
    dg.AssetCheckSpec(
        "ids_are_unique",
        asset=SILVER_EVENTS,
        blocking=True,
        description="No event is there twice.",
    ),
    dg.AssetCheckSpec(
        "totals_match_bronze",
        asset=SILVER_EVENTS,
        blocking=True,
        description="As many events as bronze has distinct ids of that day, retracted ones too.",
    ),
    dg.AssetCheckSpec(
        "values_are_in_range",
        asset=SILVER_EVENTS,
        blocking=True,
        description="Every event lies on its local day and not in the future.",
    ),
)
GOLD_CHECKS = (
    dg.AssetCheckSpec(
        "crossings_are_conserved",
        asset=FOOTFALL,
        blocking=True,
        description="Entries + exits in gold = counted crossings in silver.",
    ),
    dg.AssetCheckSpec(
        "doors_balance",
        asset=FOOTFALL,
        description="Warns when a day's entries and exits differ by more than a tenth.",
    ),
)


def bronze_results(hours: Sequence[HourTaken]) -> Iterable[dg.AssetCheckResult]:
    """Verdicts over the hours of one run."""
    yield _result(
        "ledger_matches_bronze",
        BRONZE_EVENTS,
        [f"{h.hour}: {h.unmatched} records" for h in hours if h.unmatched],
        records=sum(h.records for h in hours),
        rows=sum(h.rows for h in hours),
        dead=sum(h.dead for h in hours),
    )
    yield _result("every_batch_is_claimed", BRONZE_EVENTS, [h.hour for h in hours if not h.marked])
    gaps = [f"{h.hour}: {h.gaps} batches" for h in hours if h.gaps]
    yield _result("no_batch_is_missing", BRONZE_EVENTS, gaps, warn=True)
    dead = [f"{h.hour}: {h.dead} lines" for h in hours if h.dead]
    yield _result("nothing_is_dead", DEAD_LETTERS, dead, warn=True)


def silver_results(days: Sequence[SilverMade]) -> Iterable[dg.AssetCheckResult]:
    """Verdicts over the day × region of one run."""
    repeated = [f"{_name(d)}: {d.repeated} ids" for d in days if d.repeated]
    yield _result("ids_are_unique", SILVER_EVENTS, repeated)
    unequal = [f"{_name(d)}: {d.rows} of {d.expected}" for d in days if d.rows != d.expected]
    yield _result("totals_match_bronze", SILVER_EVENTS, unequal)
    wrong = [f"{_name(d)}: {d.out_of_range} rows" for d in days if d.out_of_range]
    yield _result("values_are_in_range", SILVER_EVENTS, wrong)


def gold_results(days: Sequence[GoldMade]) -> Iterable[dg.AssetCheckResult]:
    """Verdicts over the day × region of one run."""
    lost = [f"{_name(d)}: {d.entries + d.exits} of {d.crossings}" for d in days if not d.conserved]
    yield _result(
        "crossings_are_conserved", FOOTFALL, lost, crossings=sum(d.crossings for d in days)
    )
    tilted = [f"{_name(d)}: {d.entries} in, {d.exits} out" for d in days if _tilted(d)]
    yield _result("doors_balance", FOOTFALL, tilted, warn=True)


def _tilted(made: GoldMade) -> bool:
    gap = abs(made.entries - made.exits)
    return gap > _BALANCE_FLOOR and gap > _BALANCE_SHARE * max(made.entries, made.exits)


def _name(made: SilverMade | GoldMade) -> str:
    return f"{made.day}|{made.region}"


def _result(
    check: str, asset: str, problems: Sequence[str], *, warn: bool = False, **facts: Any
) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed=not problems,
        check_name=check,
        asset_key=asset,
        severity=dg.AssetCheckSeverity.WARN if warn else dg.AssetCheckSeverity.ERROR,
        description="; ".join(problems[:20]) or None,
        metadata=facts,
    )
