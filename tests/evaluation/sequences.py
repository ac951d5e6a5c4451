"""Small sequences on disk: two people who walk past each other, 20 frames."""

from __future__ import annotations

from pathlib import Path

LENGTH = 20
BOXES = {
    (frame, person): (10.0 + 5 * frame, 20.0)
    if person == 1
    else (200.0 - 5 * frame, 90.0 * (person - 1))
    for frame in range(1, LENGTH + 1)
    for person in (1, 2, 3)
}
"""(frame, person) → top left corner of a box of 30 × 80 pixels."""


def row(frame: int, track: int, tail: str) -> str:
    x, y = BOXES[frame, abs(track)]
    return f"{frame},{track},{x},{y},30,80,{tail}\n"


def write(folder: Path, *, truth: str | None = None, seqinfo: str | None = None) -> Path:
    """A sequence with exact detections; `truth` and `seqinfo` replace the sound ones."""
    info = f"[Sequence]\nname={folder.name}\nframeRate=10\nseqLength={LENGTH}\n"
    (folder / "gt").mkdir(parents=True)
    (folder / "det").mkdir()
    (folder / "seqinfo.ini").write_text(info if seqinfo is None else seqinfo)
    sound = "".join(row(frame, person, "1,1,1") for frame, person in BOXES)
    (folder / "gt" / "gt.txt").write_text(sound if truth is None else truth)
    given = "".join(row(frame, person, "0.9") for frame, person in BOXES)
    (folder / "det" / "exact.txt").write_text(given)
    return folder


def tracks(swap_from: int = LENGTH + 1) -> str:
    """Perfect tracks that exchange persons 1 and 2 from frame `swap_from` on."""
    names = {1: 2, 2: 1}
    lines = []
    for frame, person in BOXES:
        x, y = BOXES[frame, person]
        track = names.get(person, person) if frame >= swap_from else person
        lines.append(f"{frame},{track},{x},{y},30,80,0.9\n")
    return "".join(lines)
