"""Can this detector be loaded? `python -m edge_agent.tracking.probe` with `[agent]` as JSON.

A reload asks in a process of its own, before the worker that tracks gives up what it has. Prints
what is wrong, or nothing.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import numpy as np

from contracts.errors import TrinetraError
from contracts.store import Agent
from models.detector import load_detector


def main() -> None:
    """Load the detector and let it look at one empty picture."""
    agent = msgspec.json.decode(sys.stdin.buffer.read(), type=Agent)
    mirror = Path(agent.model_mirror) if agent.model_mirror else None
    try:
        finder = load_detector(
            agent.model or None,
            threads=agent.threads,
            mirror=mirror,
            runtime=agent.runtime,
            precision=agent.precision,
        )
        finder.detect([np.zeros((360, 640, 3), np.uint8)])
    except TrinetraError as error:
        sys.stdout.write(str(error))


if __name__ == "__main__":
    main()
