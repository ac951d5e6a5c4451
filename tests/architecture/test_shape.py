"""The size of things: a file holds one idea, a function fits a screen."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES: list[str] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
    "root_packages"
]
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
VAGUE = {"utils", "helpers", "misc", "common", "manager", "stuff"}
SECRETIVE = ("/work/", "/root/", "/home/")


def modules() -> Iterator[Path]:
    for package in PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))


def is_migration(path: Path) -> bool:
    """A migration is a frozen list of what one release did: it is never changed or split."""
    return path.parent.name == "versions"


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node


def test_there_is_something_to_measure() -> None:
    assert len(list(modules())) > 50


def test_no_file_is_too_long() -> None:
    lengths = {str(p.relative_to(ROOT)): len(p.read_text().splitlines()) for p in modules()}
    assert {name: n for name, n in lengths.items() if n >= MAX_FILE_LINES} == {}


def test_no_function_is_too_long() -> None:
    long = {
        f"{path.relative_to(ROOT)}:{node.name}": body_lines(node)
        for path in modules()
        if not is_migration(path)
        for node in functions(path)
        if body_lines(node) >= MAX_FUNCTION_LINES
    }
    assert long == {}


def body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Without the signature: a command's is the table of its options."""
    return (node.end_lineno or 0) - node.body[0].lineno + 1


def test_names_say_what_a_module_is() -> None:
    assert [p for p in modules() if p.stem in VAGUE] == []


def test_no_machine_path_is_written_into_the_source() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in modules()
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if any(f'"{prefix}' in line or f"'{prefix}" in line for prefix in SECRETIVE)
    ]
    assert found == []


def test_nothing_is_pickled() -> None:
    found = []
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names.append(node.module)
            if {name.split(".")[0] for name in names} & {"pickle", "dill", "shelve", "marshal"}:
                found.append(str(path.relative_to(ROOT)))
    assert found == []
