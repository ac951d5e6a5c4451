"""Boxes are those of the reference implementations, written down here once more and apart."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime  # type: ignore[import-untyped]
import pytest
from numpy.typing import NDArray

from models.detections import Detections
from models.detector import FLOOR, Detector, load_detector
from tests.models.test_detector import FIXTURES, FakeRuntime, entry

Frame = NDArray[np.uint8]
Rows = list[tuple[float, ...]]
CLOSE_PX = 0.5


def pictures(shared_assets: Path) -> list[Frame]:
    """4:3 from a street, 16:9 rendered, and an odd cut that needs padding on both sides."""
    street = cv2.imread(str(shared_assets / "mot/MOT15/TUD-Stadtmitte/img1/000050.jpg"))
    shop = cv2.imread(str(FIXTURES / "rendered_store.jpg"))
    found = [np.asarray(picture, np.uint8) for picture in (street, shop)]
    return [*found, found[0][:401, 33:596].copy()]


def letterboxed(frame: Frame, side: int, square: bool) -> tuple[Frame, float]:
    """mmdetection's and YOLOX's resize: one ratio, top left, 114 around."""
    high, wide = frame.shape[:2]
    ratio = min(side / high, side / wide)
    small = cv2.resize(frame, (int(wide * ratio + 0.5), int(high * ratio + 0.5)))
    rows, columns = (side, side) if square else (-(-n // 32) * 32 for n in small.shape[:2])
    canvas = np.full((rows, columns, 3), 114, np.uint8)
    canvas[: small.shape[0], : small.shape[1]] = small
    return canvas, ratio


def rtmdet_reference(path: Path, frame: Frame) -> Rows:
    """As mmdeploy runs it: NMS is inside the graph."""
    canvas, ratio = letterboxed(frame, 416, square=False)
    blob = np.zeros((1, 3, *canvas.shape[:2]), np.float32)
    for c, (mean, std) in enumerate([(103.53, 57.375), (116.28, 57.12), (123.675, 58.395)]):
        blob[0, c] = (canvas[:, :, c].astype(np.float32) - mean) / std
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    dets, labels = session.run(None, {"input": blob})
    return [
        (*(float(v) / ratio for v in row[:4]), float(row[4]))
        for row, label in zip(dets[0], labels[0], strict=True)
        if label == 0 and row[4] >= FLOOR
    ]


def yolox_reference(path: Path, frame: Frame) -> Rows:
    """The formula of the assets' README, cell by cell, and greedy NMS by the book."""
    canvas, ratio = letterboxed(frame, 416, square=True)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    blob = canvas.astype(np.float32).transpose(2, 0, 1)[None]
    output = session.run(None, {"images": np.ascontiguousarray(blob)})[0][0]
    found: Rows = []
    row = 0
    for stride in (8, 16, 32):
        for y in range(416 // stride):
            for x in range(416 // stride):
                cx, cy, w, h, objectness, person = (float(v) for v in output[row][:6])
                row += 1
                if objectness * person < FLOOR:
                    continue
                cx, cy = (cx + x) * stride, (cy + y) * stride
                w, h = float(np.exp(w)) * stride, float(np.exp(h)) * stride
                box = (cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2)
                found.append((*(v / ratio for v in box), objectness * person))
    kept: Rows = []
    for candidate in sorted(found, key=lambda r: -r[4]):
        if all(overlap(candidate, other) <= 0.6 for other in kept):
            kept.append(candidate)
    return kept


def overlap(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    wide = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    high = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    areas = [(r[2] - r[0]) * (r[3] - r[1]) for r in (a, b)]
    return wide * high / (areas[0] + areas[1] - wide * high)


def same(found: Detections, expected: Rows, frame: Frame) -> None:
    """The same boxes in the same order, cut at the frame's edges, half a pixel apart at most."""
    high, wide = frame.shape[:2]
    table = np.array(expected, np.float32).reshape(-1, 5)
    assert len(table) >= 3, "a picture without people proves nothing"
    assert len(found) == len(table)
    table[:, :4] = table[:, :4].clip(0, [wide, high, wide, high])
    np.testing.assert_allclose(found.xyxy, table[:, :4], atol=CLOSE_PX)
    np.testing.assert_allclose(found.score, table[:, 4], atol=2e-3)


def test_rtmdet_says_what_mmdeploy_says(shared_assets: Path, rtmdet: Path) -> None:
    detector = load_detector("rtmdet-nano-person", mirror=rtmdet.parent)
    for frame in pictures(shared_assets):
        same(detector.detect([frame])[0], rtmdet_reference(rtmdet, frame), frame)


def test_yolox_says_what_its_formula_says(shared_assets: Path) -> None:
    path = shared_assets / "models" / "object_det_yolox_nano_416.onnx"
    detector = load_detector("yolox-nano-coco", mirror=path.parent)
    for frame in pictures(shared_assets):
        same(detector.detect([frame])[0], yolox_reference(path, frame), frame)


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_batches_of_any_size_equal_single_runs(count: int) -> None:
    detector = load_detector()
    shop = np.asarray(cv2.imread(str(FIXTURES / "rendered_store.jpg")), np.uint8)
    frames = [np.ascontiguousarray(np.roll(shop, 40 * i, axis=1)) for i in range(count)]
    frames[-1] = np.ascontiguousarray(frames[-1][: shop.shape[0] // 2])  # another size among them
    for frame, found in zip(frames, detector.detect(frames), strict=True):
        alone = detector.detect([frame])[0]
        np.testing.assert_allclose(found.xyxy, alone.xyxy, atol=0.05)
        np.testing.assert_allclose(found.score, alone.score, atol=1e-3)


@pytest.mark.parametrize(
    ("fields", "corner", "size"),
    [
        ({"place": "top-left", "pad": 114}, (0, 0), (96, 54)),
        ({"place": "centre", "pad": 0}, (0, 5), (96, 54)),
        ({"place": "stretch", "size": (96, 96), "fixed": True}, (0, 0), (96, 96)),
        ({"place": "centre", "size": (96, 96), "fixed": True, "pad": 7}, (0, 21), (96, 54)),
    ],
)
@pytest.mark.parametrize("colour", ["bgr", "rgb"])
def test_the_input_is_built_as_the_entry_says(
    fields: dict[str, Any], corner: tuple[int, int], size: tuple[int, int], colour: str
) -> None:
    rng = np.random.default_rng(3)
    frame = rng.integers(0, 256, (108, 192, 3)).astype(np.uint8)
    told: dict[str, Any] = {"size": (96, 96), "mean": (9, 8, 7), "std": (2, 4, 8), **fields}
    described = entry(**told, colour=colour)
    runtime = FakeRuntime([[*corner, corner[0] + size[0], corner[1] + size[1], 0.9]])
    found = Detector(described, runtime).detect([frame])[0]
    high, wide = runtime.batches[0].shape[2:]
    canvas = np.full((high, wide, 3), described.input.pad, np.float32)
    x, y = corner
    canvas[y : y + size[1], x : x + size[0]] = cv2.resize(frame, size)
    if colour == "rgb":
        canvas = canvas[:, :, ::-1]
    expected = (canvas - np.array([9, 8, 7])) / np.array([2, 4, 8])
    np.testing.assert_allclose(runtime.batches[0][0], expected.transpose(2, 0, 1), atol=1e-4)
    np.testing.assert_allclose(found.xyxy, [[0, 0, 192, 108]], atol=0.01)
