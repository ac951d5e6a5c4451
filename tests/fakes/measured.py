"""Times to recover that tests saw, for docs/reliability.md: `TRINETRA_ROWS=FILE pytest …`."""

from __future__ import annotations

import os
from pathlib import Path


def note(row: str, seconds: float) -> None:
    """Append `row TAB seconds` to the file that the environment names, if it names one."""
    path = os.environ.get("TRINETRA_ROWS")
    if path:
        with Path(path).open("a") as rows:
            rows.write(f"{row}\t{seconds:.2f}\n")
