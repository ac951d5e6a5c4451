"""Files in MOTChallenge form that are not quite so: each complaint names file and place."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.errors import SourceError
from tests.evaluation import sequences
from trinetra.evaluation.mot import MotOptions, evaluate_mot


def measure(root: Path, **options: object) -> dict:  # type: ignore[type-arg]
    return evaluate_mot(MotOptions(root, **options), lambda *_: None)  # type: ignore[arg-type]


GOOD = "1,1,10,10,30,80,1,1,1\n"


@pytest.mark.parametrize(
    ("truth", "complaint"),
    [
        (GOOD + "2,1,10,ten,30,80,1,1,1\n", r"gt\.txt:2: 'ten' is not a number"),
        (GOOD + "2,1,10\n", r"gt\.txt:2: 3 columns"),
        (GOOD + "2,1,10,10,30,80,1\n", r"gt\.txt:2: 7 columns where the first line has 9"),
        (GOOD + "2,1,nan,10,30,80,1,1,1\n", r"gt\.txt:2: not a finite number"),
        (GOOD + "21,1,10,10,30,80,1,1,1\n", r"gt\.txt:2: frame not 1 to 20"),
        (GOOD + "0,1,10,10,30,80,1,1,1\n", r"gt\.txt:2: frame not 1 to 20"),
        (GOOD + GOOD, r"gt\.txt:2: the same id twice"),
        ("\x00\x01", r"gt\.txt:1: 1 columns"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, truth: str, complaint: str) -> None:
    sequences.write(tmp_path / "walk", truth=truth)
    with pytest.raises(SourceError, match=complaint):
        measure(tmp_path, detections="exact")


@pytest.mark.parametrize(
    ("seqinfo", "complaint"),
    [
        ("", "Sequence is missing"),
        ("[Sequence]\nframeRate=10\n", "seqLength is missing"),
        ("[Sequence]\nframeRate=fast\nseqLength=20\n", "fast"),
        ("[Sequence]\nframeRate=0\nseqLength=20\n", "out of range"),
        ("frameRate=10", "no section headers"),
        ("[Sequence]\nframeRate=10\nseqLength=20000000\n", "seqLength 20000000 is more than"),
    ],
)
def test_a_wrong_seqinfo_is_named(tmp_path: Path, seqinfo: str, complaint: str) -> None:
    sequences.write(tmp_path / "walk", seqinfo=seqinfo)
    with pytest.raises(SourceError, match=f"seqinfo.ini: .*{complaint}"):
        measure(tmp_path, detections="exact")


def test_a_byte_order_mark_is_no_part_of_a_number(tmp_path: Path) -> None:
    folder = sequences.write(tmp_path / "walk")
    for name in ("seqinfo.ini", "gt/gt.txt", "det/exact.txt"):
        (folder / name).write_text((folder / name).read_text(), encoding="utf-8-sig")
    assert measure(tmp_path, detections="exact")["combined"]["HOTA"] > 85
