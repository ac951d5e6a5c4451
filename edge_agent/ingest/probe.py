"""Can this file be played? `python -m edge_agent.ingest.probe FILE` says so as JSON.

The front door asks in a process of its own, so that neither FFmpeg nor a file that crashes it
comes near the supervisor.
"""

from __future__ import annotations

import sys

import msgspec

from contracts.errors import SourceError
from edge_agent.ingest.faults import OPEN_ERRORS, phrase_of
from edge_agent.ingest.source import open_file


class FileFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A playable file's picture size in pixels and rate, or why it is not playable."""

    width: int = 0
    height: int = 0
    fps: float = 0.0
    problem: str = ""


def probe_file(path: str) -> FileFacts:
    """Decode the first frame of `path`; `SourceError` with a fixed phrase if there is none."""
    source = open_file(path)
    try:
        for decoded in source.frames():
            if decoded.frame is not None:
                frame = decoded.frame
                return FileFacts(width=frame.width, height=frame.height, fps=1 / source.frame_s)
    except OPEN_ERRORS as error:
        raise SourceError(phrase_of(error)) from None
    finally:
        source.close()
    raise SourceError("there is no picture in it")


def main() -> None:
    """Answer for the path in the first argument."""
    try:
        facts = probe_file(sys.argv[1])
    except SourceError as error:
        facts = FileFacts(problem=str(error))
    sys.stdout.buffer.write(msgspec.json.encode(facts))


if __name__ == "__main__":
    main()
