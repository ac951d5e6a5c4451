"""The architecture is a failing test: who may import whom, and what the tables promise."""

from __future__ import annotations

import ast
import importlib
import inspect
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.processes import PROCESSES, Process
from edge_agent.topics import TOPICS

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES: list[str] = PROJECT["tool"]["importlinter"]["root_packages"]
NATIVE = ("numpy", "cv2", "av", "onnxruntime", "scipy", "torch", "tensorrt", "dagster", "streamlit")


def fresh(code: str) -> subprocess.CompletedProcess[str]:
    """Run code in an interpreter that has imported nothing of ours yet."""
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )


def loaded_by(module: str) -> list[str]:
    """Which of the heavy packages importing a module brings in."""
    code = f"import sys, {module}; print(*(m for m in {NATIVE!r} if m in sys.modules))"
    done = fresh(code)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def run_at_import(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes that run when a module is imported: none inside a function's body."""
    yield node
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            yield from run_at_import(child)


def test_every_import_contract_is_kept() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [linter, "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "NO_COLOR": "1"},
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr


def test_the_contracts_are_those_of_the_design() -> None:
    contracts = PROJECT["tool"]["importlinter"]["contracts"]
    assert {contract["type"] for contract in contracts} == {"forbidden", "independence"}
    guarded = {module for c in contracts for module in c.get("source_modules", ())}
    assert guarded >= set(PACKAGES) - {"trinetra"}
    (independent,) = (c["modules"] for c in contracts if c["type"] == "independence")
    stages = {row.entry.split(":")[0].rsplit(".", 1)[0] for row in PROCESSES}
    assert stages == set(independent)


@pytest.mark.parametrize("row", PROCESSES, ids=lambda row: row.name)
def test_every_process_can_be_started(row: Process) -> None:
    module, _, function = row.entry.partition(":")
    entry = getattr(importlib.import_module(module), function)
    assert list(inspect.signature(entry).parameters) == ["ctx"]
    assert inspect.getdoc(entry)


def test_every_topic_has_a_reader_that_exists_and_names_are_unique() -> None:
    processes = [row.name for row in PROCESSES]
    assert len(set(processes)) == len(processes)
    names = [row.name for row in TOPICS]
    assert len(set(names)) == len(names)
    for row in TOPICS:
        assert row.reader in {*processes, "supervisor"}, row.name
        assert row.queue > 0
        assert row.max_bytes > 0


def test_every_message_reaches_a_reader_by_one_topic_only() -> None:
    """TracksUpdated has two readers, rules and identity, so it travels on two topics."""
    carried = [(kind, row.reader) for row in TOPICS for kind in row.carries]
    assert len(set(carried)) == len(carried)


@pytest.mark.parametrize(
    "module",
    [
        "contracts.batches",
        "contracts.events",
        "contracts.geometry",
        "contracts.metrics",
        "contracts.store",
        "edge_agent.supervisor",
        "edge_agent.rules.worker",
        "edge_agent.spool.worker",
        "trinetra.cli",
    ],
)
def test_importing_brings_in_nothing_heavy(module: str) -> None:
    assert loaded_by(module) == []


@pytest.mark.parametrize("row", PROCESSES, ids=lambda row: row.name)
def test_a_worker_brings_in_no_trainer_and_no_cloud(row: Process) -> None:
    module = row.entry.partition(":")[0]
    assert not {"torch", "tensorrt", "dagster", "streamlit"} & set(loaded_by(module))


def test_importing_reads_no_environment() -> None:
    """Configuration is read once and passed down: an import must not look at the environment."""
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        for node in run_at_import(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}
    ]
    assert found == []


def test_every_dependency_says_what_it_is_for() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    specifier = re.compile(r'"[A-Za-z0-9_.\[\],-]+ *(?:==|>=|<|~=)[^"]*"')
    listed = [
        line for line in text.splitlines() if specifier.search(line) and "requires" not in line
    ]
    extras = PROJECT["project"]["optional-dependencies"].values()
    groups = [PROJECT["project"]["dependencies"], *extras, *PROJECT["dependency-groups"].values()]
    assert len(listed) == sum(map(len, groups))
    assert [line for line in listed if not re.search(r"# .{3,}", line.split('"')[-1])] == []
