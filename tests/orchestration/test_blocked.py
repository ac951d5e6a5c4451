"""Bad data stops at the border between layers, and a crash anywhere changes nothing in the end."""

from __future__ import annotations

import datetime as dt
import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

from orchestration.defs.events import claims, refine
from orchestration.defs.events import intake as intake_module
from orchestration.defs.events.transforms import envelope, footfall, silver
from orchestration.storage.tables import batches
from tests.orchestration.conftest import Cloud
from tests.orchestration.landing import MINUTE, Shop

NOON = dt.datetime(2026, 3, 10, 12, 0, tzinfo=dt.UTC)
DAY = dt.date(2026, 3, 10)


def test_a_batch_that_is_not_what_the_ledger_says_is_set_aside_whole(cloud: Cloud) -> None:
    bad, good = Shop("bad"), Shop("good")
    cloud.land(bad, [bad.crossing(NOON), bad.crossing(NOON)], records=3)
    cloud.land(good, [good.crossing(NOON)])
    assert cloud.materialize().failed == ""
    assert cloud.footfall() == {("good", DAY): (1, 0)}
    dead = cloud.rows("SELECT store_id, line, reason FROM ledger.dead_letter_events")
    assert dead == [("bad", -1, "body holds 2 lines, its header says 3")]


def test_an_altered_object_is_set_aside_whole(cloud: Cloud) -> None:
    shop = Shop()
    cloud.land(shop, [shop.crossing(NOON)])
    with cloud.database.begin() as connection:
        connection.execute(sa.update(batches).values(sha256="0" * 64))
    assert cloud.materialize().failed == ""
    assert cloud.footfall() == {}
    assert cloud.rows("SELECT dead_rows FROM ledger.batches") == [(1,)]


def test_a_missing_object_stops_its_hour_and_is_named(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)  # between Dagster's retries
    shop = Shop()
    cloud.land(shop, [shop.crossing(NOON)])
    (cloud.landing_dir / "landing/shop/boot/000000000000.ndjson.zst").unlink()
    failed = cloud.materialize().failed
    assert "landing/shop/boot/000000000000.ndjson.zst cannot be read" in failed
    assert cloud.rows("SELECT claimed_by FROM ledger.batches") == [(None,)]


def test_a_row_lost_on_the_way_to_bronze_stops_the_run(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Shop()
    cloud.land(shop, [shop.crossing(NOON), shop.crossing(NOON)])
    read = envelope.read_batch
    with monkeypatch.context() as patch:
        patch.setattr(intake_module, "read_batch", lambda *a: (read(*a)[0][1:], []))
        assert "bronze_events:ledger_matches_bronze" in cloud.materialize().failed
    assert cloud.rows("SELECT claimed_by FROM ledger.batches") == [(None,)]
    assert cloud.gold("footfall_15m") == {"footfall_15m": []}
    assert cloud.materialize().failed == ""
    assert cloud.footfall() == {("shop", DAY): (2, 0)}


def test_an_id_that_is_twice_in_silver_never_reaches_gold(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Shop()
    cloud.land(shop, [shop.crossing(NOON)])
    cloud.materialize()
    cloud.land(shop, [shop.crossing(NOON)])

    def doubled(*arguments: object) -> pl.DataFrame:
        good = silver.silver_of(*arguments)  # type: ignore[arg-type]
        return pl.concat([good, good])

    with monkeypatch.context() as patch:
        patch.setattr(refine, "silver_of", doubled)
        failed = cloud.materialize().failed
    assert "silver_events:ids_are_unique" in failed
    assert "silver_events:totals_match_bronze" in failed
    assert cloud.footfall() == {("shop", DAY): (1, 0)}
    assert cloud.materialize().failed == ""
    assert cloud.footfall() == {("shop", DAY): (2, 0)}


def test_a_crossing_lost_on_the_way_to_gold_undoes_all_of_gold(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Shop()
    cloud.land(shop, [shop.crossing(NOON), shop.inside(NOON, 1)])
    cloud.materialize()
    before = cloud.gold()
    cloud.land(shop, [shop.crossing(NOON), shop.inside(NOON + MINUTE, 2)])

    def short(*arguments: object) -> pl.DataFrame:
        return footfall.footfall_of(*arguments).head(0)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(refine, "footfall_of", short)
        assert "footfall_15m:crossings_are_conserved" in cloud.materialize().failed
    assert cloud.gold() == before


class StopError(BaseException):
    """A crash in the middle of a step."""


@pytest.mark.parametrize(
    ("module", "step"),
    [
        (intake_module, "_decoded"),
        (intake_module, "commit"),
        (claims, "_claim"),
        (refine, "silver_of"),
        (refine, "_expected"),
        (refine, "_gold_frames"),
        (refine, "_crossings"),
    ],
    ids=lambda value: getattr(value, "__name__", value).rpartition(".")[2],
)
def test_a_crash_at_any_step_and_a_replay_give_the_same_gold(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, module: object, step: str
) -> None:
    def crash(*_arguments: object, **_options: object) -> None:
        raise StopError

    shop = Shop(time_zone="Asia/Tokyo")
    people = [shop.crossing(NOON + n * MINUTE) for n in range(300)]
    cloud.land(
        shop, [shop.plan(NOON), *people, *(shop.covered(NOON + n * MINUTE) for n in range(30))]
    )
    with monkeypatch.context() as patch:
        patch.setattr(module, step, crash)
        assert "StopError" in cloud.materialize().failed
    assert cloud.materialize().failed == ""
    assert sum(entries for entries, _ in cloud.footfall().values()) == 300
    waiting = "SELECT count(*) FROM ledger.business_days WHERE gold < touched"
    assert cloud.rows(waiting) == [(0,)]


@pytest.mark.crash
def test_a_killed_run_is_made_again_by_the_next(cloud: Cloud, tmp_path: Path) -> None:
    shop = Shop()
    cloud.land(shop, [shop.crossing(NOON) for _ in range(5)])
    code = (
        "import os, signal, sys\n"
        "from orchestration.defs.events import intake\n"
        "from orchestration.storage.postgres import engine\n"
        "from orchestration.storage.lake import Lake\n"
        "from orchestration.storage.landing_reader import LandingReader\n"
        "import datetime as dt\n"
        "intake.commit = lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL)\n"
        "hour = dt.datetime.fromisoformat(sys.argv[4])\n"
        "intake.take_hour(engine(sys.argv[1]), Lake(sys.argv[2]), LandingReader(sys.argv[3]),"
        " hour, run_id='killed')\n"
    )
    hour = cloud.rows("SELECT hour FROM ledger.batches")[0][0].isoformat()
    places = [cloud.url, str(cloud.lake_dir), str(cloud.landing_dir), hour]
    killed = subprocess.run(
        [sys.executable, "-c", code, *places],
        timeout=60,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    assert cloud.lake.exists("bronze_events")
    assert cloud.materialize().failed == ""
    assert cloud.footfall() == {("shop", DAY): (5, 0)}
