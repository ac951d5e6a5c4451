"""The code location: loads fast and light, and every table says what it is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import dagster as dg

from orchestration.definitions import definitions, defs
from orchestration.storage import tables

ROOT = Path(__file__).parents[2]
FOREIGN = ("torch", "cv2", "polars", "deltalake", "pyarrow", "onnxruntime", "edge_agent", "models")
LOAD_CPU_S = 3.0
PROBE = """
import json, sys, time
import orchestration.definitions
json.dump({"cpu_s": time.process_time(), "modules": sorted(sys.modules)}, sys.stdout)
"""


def test_loads_in_a_fresh_interpreter_under_three_seconds_with_nothing_heavy(
    record_property: Callable[[str, object], None],
) -> None:
    bare = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    found = []
    for _ in range(3):  # CPU seconds, best of three: other work on this machine is not ours
        done = subprocess.run(
            [sys.executable, "-c", PROBE], cwd=ROOT, env=bare, capture_output=True, check=True
        )
        found.append(json.loads(done.stdout))
        if found[-1]["cpu_s"] < LOAD_CPU_S:
            break
    assert not set(FOREIGN) & set(found[0]["modules"])
    best = min(facts["cpu_s"] for facts in found)
    record_property("load_cpu_s", best)
    assert best < LOAD_CPU_S


def test_dagster_finds_nothing_wrong_with_the_workspace(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "dagster", "definitions", "validate", "-w", "workspace.yaml"]
    env = {**os.environ, "DAGSTER_HOME": str(tmp_path)}
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Validation successful for code location trinetra" in done.stdout + done.stderr


def test_every_asset_says_what_it_is_whose_and_what_to_do() -> None:
    runbook = (ROOT / "docs/runbooks/events.md").read_text()
    specs = list(defs.resolve_all_asset_specs())
    assert len(specs) == 10
    for spec in specs:
        name = spec.key.to_user_string()
        assert spec.description, name
        assert spec.owners, name
        assert spec.kinds, name
        assert spec.group_name == "events", name
        schema = spec.metadata["dagster/column_schema"]
        assert isinstance(schema, dg.TableSchema | dg.TableSchemaMetadataValue), name
        path, _, anchor = str(spec.metadata["runbook"].value).partition("#")
        assert (ROOT / path).exists(), name
        assert f"\n## {anchor}\n" in runbook, name


def test_every_gold_table_is_an_asset() -> None:
    names = {spec.key.to_user_string() for spec in defs.resolve_all_asset_specs()}
    assert {table.name for table in (*tables.GOLD, tables.stores)} <= names


def test_every_border_between_layers_has_a_blocking_check() -> None:
    blocking = {
        (key.asset_key.to_user_string(), key.name)
        for assets in defs.assets or []
        if isinstance(assets, dg.AssetsDefinition)
        for spec in assets.check_specs
        for key in [spec.key]
        if spec.blocking
    }
    assert blocking == {
        ("bronze_events", "ledger_matches_bronze"),
        ("bronze_events", "every_batch_is_claimed"),
        ("silver_events", "ids_are_unique"),
        ("silver_events", "totals_match_bronze"),
        ("silver_events", "values_are_in_range"),
        ("footfall_15m", "crossings_are_conserved"),
    }


def test_places_can_be_given_instead_of_read_from_the_environment() -> None:
    dg.Definitions.validate_loadable(definitions("postgresql://db/x", "s3://lake/x", "s3://in/x"))
