"""One engine on trial, in a process of its own: ``python -m models.runtime.entrant``.

It reads an ``Entry`` as one JSON line, answers what it saw in the sample picture, and then runs
the sample once for every further line, answering with the milliseconds.  An engine that crashes
or hangs takes nobody with it.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from contracts.errors import ModelError
from models.detector import Detector
from models.embedder import EmbeddingNetwork
from models.runtime.engines import open_engine
from models.runtime.entry import Entry, Rows, Said

SAMPLE = Path(__file__).with_name("sample.jpg")
PEOPLE = ((318, 257, 385, 359), (183, 140, 232, 240), (97, 106, 134, 170), (40, 80, 104, 208))
WARM_UPS = 2


def main() -> None:
    """Serve one entry until standard input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints is no answer
    entry = msgspec.json.decode(sys.stdin.readline(), type=Entry)
    try:
        run = prepared(entry)
        for _ in range(WARM_UPS):
            seen = run()
        _say(answers, Said(seen=seen))
        for _ in sys.stdin:
            begun = time.perf_counter()
            run()
            _say(answers, Said(ms=1000 * (time.perf_counter() - begun)))
    except ModelError as error:
        _say(answers, Said(error=str(error)))


def prepared(entry: Entry) -> Callable[[], list[Rows]]:
    """A function that looks at the sample once: boxes with scores, or one vector, per frame."""
    runtime = open_engine(
        entry.engine,
        Path(entry.path),
        threads=entry.threads,
        precision=entry.precision,
        cache_dir=Path(entry.cache_dir),
    )
    picture = np.asarray(cv2.imread(str(SAMPLE)), np.uint8)
    if entry.model.task == "person-embedding":
        network = EmbeddingNetwork(entry.model, runtime)
        crops = [picture[y1:y2, x1:x2] for x1, y1, x2, y2 in PEOPLE]
        chosen = [crops[i % len(crops)] for i in range(entry.batch)]
        return lambda: [[row] for row in network.embed(chosen).tolist()]
    detector = Detector(entry.model, runtime, input_size=entry.input_size)
    frames = [np.ascontiguousarray(np.roll(picture, 40 * i, 1)) for i in range(entry.batch)]
    return lambda: _boxes(detector, frames)


def _boxes(detector: Detector, frames: list[NDArray[np.uint8]]) -> list[Rows]:
    found = detector.detect(frames)
    return [np.column_stack([f.xyxy, f.score]).tolist() for f in found]


def _say(answers: TextIO, said: Said) -> None:
    answers.write(msgspec.json.encode(said).decode() + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
