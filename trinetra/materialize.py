"""`python -m trinetra.materialize`: everything that has arrived into gold, once.

With `--wait` it imports and connects first, prints `{"ready": true}`, and begins when a line
comes in on stdin: `trinetra demo` starts it early and pays for nothing at the end. Each further
line materializes again; the end of stdin ends it.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from contracts.errors import CloudError, TrinetraError


def main(arguments: list[str] | None = None) -> int:
    """Run with command-line arguments; 0, or 1 with one line on stderr."""
    options = _parser().parse_args(arguments)
    try:
        _run(options)
    except TrinetraError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def materialize(
    warehouse: str, lake: str, landing: str, home: Path, *, wait: bool = False, as_json: bool = True
) -> None:
    """Bring `warehouse` up to date; `CloudError` if a blocking check or a step fails.

    `warehouse` is a database URL, `lake` and `landing` are folders or URLs, `home` is Dagster's.
    """
    from orchestration.arrived import Arrivals
    from orchestration.instance import open_instance
    from orchestration.storage.postgres import migrate

    migrate(warehouse)
    with open_instance(home, warehouse) as instance:
        arrivals = Arrivals(instance, warehouse=warehouse, lake=lake, landing=landing)
        if not wait:
            _say(arrivals.materialize(), as_json)
            return
        print(json.dumps({"ready": True}), flush=True)  # noqa: T201
        for _ in sys.stdin:
            _say(arrivals.materialize(), as_json)


def _say(summary: Any, as_json: bool) -> None:
    facts = msgspec.to_builtins(summary)
    text = json.dumps(facts) if as_json else "\n".join(f"{k}: {v}" for k, v in facts.items())
    print(text, flush=True)  # noqa: T201
    if summary.failed:
        raise CloudError(f"not materialized: {summary.failed}")


def _run(options: argparse.Namespace) -> None:
    materialize(
        options.warehouse,
        options.lake,
        options.landing,
        options.dagster_home,
        wait=options.wait,
        as_json=options.json,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="trinetra.materialize", description=materialize.__doc__)
    parser.add_argument("--warehouse", required=True, help="database URL")
    parser.add_argument("--landing", required=True, help="folder or URL of landed batches")
    parser.add_argument("--lake", required=True, help="folder or URL of the lake")
    parser.add_argument("--dagster-home", required=True, type=Path, help="Dagster's home")
    parser.add_argument("--wait", action="store_true", help="begin at each line on stdin")
    parser.add_argument("--json", action="store_true", help="one JSON object per round")
    return parser


if __name__ == "__main__":
    sys.exit(main())
