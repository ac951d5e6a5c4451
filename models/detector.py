"""Find people in frames."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from contracts.errors import ModelError
from models.catalog import DEFAULT_DETECTOR, ModelEntry, resolve
from models.detections import Detections
from models.letterbox import Letterbox
from models.nms import suppress
from models.outputs import DECODERS, read
from models.runtime.base import Runtime
from models.runtime.choice import Wish, open_runtime
from models.runtime.engines import REFERENCE

Frame = NDArray[np.uint8]

# Low scores stay in: ByteTrack associates them; rules use ``threshold``.
FLOOR = 0.1
MOST_BOXES = 1000
MOST_SCORE = 1.001  # a little rounding is no logit
PROBE_PX = 128


class Detector:
    """A person detector on an engine, whose name is ``engine``.

    ``threshold`` is the score from which the model is sure (from the catalog).  ``input_size``
    is the (width, height) bound that frames are fitted into; the actual input follows the aspect
    ratio of the frame.
    """

    def __init__(
        self, entry: ModelEntry, runtime: Runtime, *, input_size: tuple[int, int] | None = None
    ) -> None:
        if entry.output not in DECODERS:
            raise ModelError(f"{entry.name} is a {entry.task} model, not a detector")
        size = input_size or entry.input.size
        if entry.input.fixed and size != entry.input.size:
            raise ModelError(f"{entry.name}: input size is fixed at {entry.input.size}")
        if min(size) < entry.input.stride or max(size) > 8192:
            raise ModelError(f"{entry.name}: input size {size} is out of range")
        self.name = entry.name
        self.engine = runtime.name
        self.threshold = entry.threshold
        self.input_size = size
        self._entry = entry
        self._runtime = runtime
        # mmdeploy's graph ends in its own NMS, which fails on some batches of several frames
        self._batches = runtime.input_shape[0] is None and entry.output != "mmdet"

    def probe(self) -> None:
        """Run the network once on nothing; ``ModelError`` if it is not what its entry says."""
        spec = self._entry.input
        side = max(spec.stride, PROBE_PX // spec.stride * spec.stride)
        wide, high = self.input_size if spec.fixed else (side, side)
        blank = np.zeros((1, 3, high, wide), np.float32)
        read(self._entry, self._runtime.output_names, self._runtime.run(blank), (wide, high))

    def detect(self, frames: Sequence[Frame]) -> list[Detections]:
        """People in BGR frames ``[H, W, 3]``, in the order of the frames, scores from 0.1 up.

        Frames of the same size go through the network together where it takes batches.
        """
        groups: dict[tuple[int, int], list[int]] = defaultdict(list)
        for index, frame in enumerate(frames):
            if frame.ndim != 3 or frame.shape[2] != 3 or frame.dtype != np.uint8:
                raise ValueError(f"frame {frame.shape} {frame.dtype} is not BGR uint8")
            groups[frame.shape[1], frame.shape[0]].append(index)
        found = [Detections.empty()] * len(frames)
        for size, indices in groups.items():
            chunks = [indices] if self._batches else [[i] for i in indices]
            for chunk in chunks:
                results = self._pass([frames[i] for i in chunk], size)
                for index, detections in zip(chunk, results, strict=True):
                    found[index] = detections
        return found

    def _pass(self, frames: list[Frame], size: tuple[int, int]) -> list[Detections]:
        """One run of the network over frames of one ``size`` (width, height)."""
        spec = self._entry.input
        stride = None if spec.fixed else spec.stride
        box = Letterbox.fit(size, self.input_size, stride, spec.place)
        raw = self._runtime.run(self._blob(frames, box))
        boxes, scores = read(self._entry, self._runtime.output_names, raw, box.input_size)
        iou = self._entry.nms_iou
        return [select(b, s, box, iou) for b, s in zip(boxes, scores, strict=True)]

    def _blob(self, frames: list[Frame], box: Letterbox) -> NDArray[np.float32]:
        """Letterboxed, normalized input ``[N, 3, H, W]``."""
        spec = self._entry.input
        wide, high = box.input_size
        canvas = np.full((high, wide, 3), spec.pad, np.uint8)
        left, top = box.corner
        inner = canvas[top : top + box.resized[1], left : left + box.resized[0]]
        batch = np.empty((len(frames), 3, high, wide), np.float32)
        for blob, frame in zip(batch, frames, strict=True):
            cv2.resize(frame, box.resized, dst=inner, interpolation=cv2.INTER_LINEAR)
            planes = canvas.transpose(2, 0, 1)
            blob[:] = planes[::-1] if spec.colour == "rgb" else planes
        if spec.mean != (0.0, 0.0, 0.0):
            batch -= np.array(spec.mean, np.float32)[:, None, None]
        if spec.std != (1.0, 1.0, 1.0):
            batch *= 1.0 / np.array(spec.std, np.float32)[:, None, None]
        return batch


def select(
    boxes: NDArray[np.float32], scores: NDArray[np.float32], box: Letterbox, iou: float
) -> Detections:
    """Boxes ``[A, 4]`` worth keeping, in frame pixels, best first; what cannot be is counted."""
    sound = np.isfinite(scores) & (scores < MOST_SCORE) & np.isfinite(boxes).all(1)
    claimed = ~(scores < FLOOR)  # NaN claims to be something, too
    sure = sound & claimed
    keep = suppress(boxes[sure], scores[sure], iou, MOST_BOXES)
    xyxy = box.to_frame(boxes[sure][keep])
    solid = (xyxy[:, 2] > xyxy[:, 0]) & (xyxy[:, 3] > xyxy[:, 1])
    refused = claimed.sum() - sure.sum() + len(solid) - solid.sum()
    return Detections(xyxy[solid], scores[sure][keep][solid].clip(max=1.0), int(refused))


def load_detector(
    name_or_path: str | None = None,
    *,
    input_size: tuple[int, int] | None = None,
    threads: int = 1,
    mirror: Path | None = None,
    runtime: str = REFERENCE,
    precision: str = "fp32",
    on_wait: Callable[[], None] = lambda: None,
) -> Detector:
    """A detector of the catalog or of an ``.onnx`` path; the bundled one if nothing is named.

    ``runtime`` and ``precision`` may be ``auto``: the fastest here that agrees with the reference,
    see ``models.runtime.choice``; ``on_wait`` is called while that is measured.

    Raises:
        ModelError: see ``models.catalog.resolve`` and ``models.runtime.choice.open_runtime``, or
            the network is not what its entry says.
    """
    resolved = resolve(name_or_path or DEFAULT_DETECTOR, mirror=mirror)
    entry = resolved.entry
    if entry.task != "person-detection":
        raise ModelError(f"{entry.name} is a {entry.task} model, no detector")
    engine = open_runtime(
        resolved,
        Wish(runtime=runtime, precision=precision, threads=threads),
        input_size=input_size or entry.input.size,
        on_wait=on_wait,
    )
    detector = Detector(entry, engine, input_size=input_size)
    detector.probe()
    return detector
