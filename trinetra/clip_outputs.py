"""The files that `trinetra track` writes: all of them, or none.

They grow in a hidden folder beside their destination and are renamed into it at the end.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from contracts.errors import TrinetraError
from contracts.events import encode_event, event_of
from edge_agent.tracking.bytetrack import Tracks
from trinetra.clip_places import Happening
from trinetra.clip_times import instant
from trinetra.delayed import Rows
from trinetra.following import mot_rows

TRACKS, EVENTS, VIDEO, SUMMARY = "tracks.txt", "events.jsonl", "annotated.mp4", "summary.json"
DELAYED = "tracks_delayed.txt"


class Outputs:
    """A context: left normally after `publish` the files are in `folder`, else nothing is."""

    def __init__(self, folder: Path, clip_name: str) -> None:
        self._folder = folder
        self._source = f"trinetra/clip/{clip_name}"
        self._made: list[Path] = []
        self._sequence = 0
        try:
            self._make(folder)
            self._staged = Path(tempfile.mkdtemp(prefix=".trinetra-", dir=folder))
            self._tracks = (self._staged / TRACKS).open("w", encoding="ascii")
            self._events = (self._staged / EVENTS).open("wb")
        except OSError as error:
            self._remove()
            raise TrinetraError(f"{folder}: cannot be written: {_reason(error)}") from None

    def __enter__(self) -> Outputs:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for stream in (self._tracks, self._events):
            try:
                stream.close()
            except OSError:
                stream.close()  # the disk is full: what could not be flushed is thrown away
        shutil.rmtree(self._staged, ignore_errors=True)
        if kind is not None:
            self._remove()

    @property
    def video(self) -> Path:
        """Where the annotated video is written until all is whole."""
        return self._staged / VIDEO

    def add_tracks(self, index: int, tracks: Tracks) -> None:
        """One MOTChallenge line per confirmed track: frame, id, x, y, w, h, score, -1, -1, -1."""
        self._tracks.writelines(map(_line, mot_rows(index, tracks)))

    def add_delayed(self, rows: Rows, scale: tuple[float, float]) -> None:
        """All lines of the delayed output; `rows` are made larger by `scale`."""
        scaled = rows * (1, 1, *scale, *scale, 1)
        (self._staged / DELAYED).write_text("".join(map(_line, scaled)), encoding="ascii")

    def add_events(self, happened: Iterable[Happening]) -> None:
        """One line of JSON per event."""
        for each in happened:
            event = event_of(
                each.payload,
                source=self._source,
                subject=each.subject,
                time=instant(each.at_s),
                now=datetime.now(UTC),
                sequence=self._sequence,
            )
            self._sequence += 1
            self._events.write(encode_event(event) + b"\n")

    def publish(self, summary: dict[str, Any]) -> None:
        """Everything is written: move it to its place, over what an earlier run left there."""
        text = msgspec.json.format(msgspec.json.encode(summary), indent=2)
        (self._staged / SUMMARY).write_bytes(text + b"\n")
        self._tracks.close()
        self._events.close()
        for name in (TRACKS, EVENTS, VIDEO, DELAYED, SUMMARY):
            staged, final = self._staged / name, self._folder / name
            if staged.exists():
                staged.replace(final)
            else:
                final.unlink(missing_ok=True)

    def _make(self, folder: Path) -> None:
        missing = [each for each in (folder, *folder.parents) if not each.exists()]
        for each in reversed(missing):
            each.mkdir()
            self._made.append(each)

    def _remove(self) -> None:
        """Take back the folders that were made for nothing."""
        for each in reversed(self._made):
            try:
                each.rmdir()
            except OSError:
                return


def _line(row: Iterable[float]) -> str:
    frame, track_id, x, y, w, h, score = row
    box = f"{x:.2f},{y:.2f},{w:.2f},{h:.2f}"
    return f"{frame:.0f},{track_id:.0f},{box},{score:.3f},-1,-1,-1\n"


def _reason(error: OSError) -> str:
    return (error.strerror or "unknown reason").lower()
