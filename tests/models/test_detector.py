"""People are found in real and rendered pictures, alone and in batches."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from contracts.errors import ModelError
from models.catalog import InputSpec, ModelEntry
from models.detector import Detector, load_detector
from models.nms import iou_matrix

FIXTURES = Path(__file__).parent / "fixtures"


class FakeRuntime:
    """Returns the same rows for every image and keeps the batches it was given."""

    name = "fake"
    input_name = "images"
    output_names = ("dets",)
    output_shapes = ((None, None, 5),)

    def __init__(self, rows: list[list[float]], batch: int | None = None) -> None:
        self.input_shape: tuple[int | None, ...] = (batch, 3, None, None)
        self.rows = np.array(rows, np.float32)
        self.batches: list[NDArray[np.float32]] = []

    def run(self, batch: NDArray[np.float32]) -> list[NDArray[Any]]:
        self.batches.append(batch)
        return [np.repeat(self.rows[None], len(batch), 0)]


def entry(**spec: Any) -> ModelEntry:
    return ModelEntry(
        name="fake", task="person-detection", file="", licence="", origin="", sha256="",
        bytes=0, input=InputSpec(**spec), output="boxes-scores", threshold=0.4, card="",
    )  # fmt: skip


def plain(wide: int, high: int, colour: tuple[int, int, int] = (10, 20, 30)) -> NDArray[np.uint8]:
    return np.full((high, wide, 3), colour, np.uint8)


def test_boxes_come_back_in_frame_pixels_best_first_above_the_floor() -> None:
    rows = [[0, 0, 20, 40, 0.3], [52, 26, 104, 130, 0.9], [0, 0, 5, 5, 0.05]]
    found = Detector(entry(), FakeRuntime(rows)).detect([plain(832, 512)])[0]
    assert found.xyxy.tolist() == [[104, 52, 208, 260], [0, 0, 40, 80]]
    np.testing.assert_allclose(found.score, [0.9, 0.3])


def test_frames_of_one_size_go_together_and_answers_keep_their_order() -> None:
    runtime = FakeRuntime([[0, 0, 416, 32, 0.9]])
    sizes = [(416, 256), (208, 208), (416, 256)]
    found = Detector(entry(), runtime).detect([plain(*s) for s in sizes])
    assert [len(b) for b in runtime.batches] == [2, 1]
    assert [f.xyxy[0, 2] for f in found] == [416, 208, 416]


def test_a_graph_for_one_image_gets_one_image_at_a_time() -> None:
    runtime = FakeRuntime([[0, 0, 10, 10, 0.9]], batch=1)
    assert len(Detector(entry(), runtime).detect([plain(64, 64)] * 3)) == 3
    assert [len(b) for b in runtime.batches] == [1, 1, 1]


def test_colour_order_mean_std_and_padding_reach_the_network() -> None:
    runtime = FakeRuntime([[0, 0, 1, 1, 0.0]])
    spec = entry(colour="rgb", mean=(1, 2, 3), std=(2, 2, 2), pad=114)
    Detector(spec, runtime).detect([plain(416, 234)])
    blob = runtime.batches[0][0]
    assert blob.shape == (3, 256, 416)
    assert blob[:, 0, 0].tolist() == [(30 - 1) / 2, (20 - 2) / 2, (10 - 3) / 2]
    assert blob[:, 255, 0].tolist() == [113 / 2, 112 / 2, 111 / 2]


def test_nothing_in_nothing_out() -> None:
    assert Detector(entry(), FakeRuntime([[0, 0, 1, 1, 0.9]])).detect([]) == []


def test_a_grey_frame_is_refused() -> None:
    with pytest.raises(ValueError, match="not BGR"):
        Detector(entry(), FakeRuntime([])).detect([np.zeros((10, 10), np.uint8)])


def test_a_fixed_input_refuses_another_size() -> None:
    with pytest.raises(ModelError, match="fixed"):
        Detector(entry(fixed=True), FakeRuntime([]), input_size=(320, 320))


def rendered() -> NDArray[np.uint8]:
    return np.asarray(cv2.imread(str(FIXTURES / "rendered_store.jpg")), np.uint8)


def rendered_boxes() -> NDArray[np.float32]:
    return np.loadtxt(FIXTURES / "rendered_store.csv", np.float32, delimiter=",", ndmin=2)


def test_the_bundled_detector_finds_every_rendered_person() -> None:
    detector = load_detector()
    found = detector.detect([rendered()])[0].above(detector.threshold)
    truth = rendered_boxes()
    assert (iou_matrix(truth, found.xyxy).max(1) >= 0.5).all()
    assert len(found) <= len(truth) + 1, "a poster seen from the side, at most"


def test_a_batch_gives_what_single_frames_give() -> None:
    detector = load_detector()
    frames = [rendered(), np.ascontiguousarray(rendered()[:, ::-1])]
    together = detector.detect(frames)
    alone = [detector.detect([frame])[0] for frame in frames]
    for a, b in zip(together, alone, strict=True):
        np.testing.assert_allclose(a.xyxy, b.xyxy, atol=0.05)
        np.testing.assert_allclose(a.score, b.score, atol=1e-3)


@pytest.mark.parametrize("name", ["person-trinetra-nano", "rtmdet-nano-person", "yolox-nano-coco"])
def test_people_are_found_in_a_real_picture(name: str, shared_assets: Path) -> None:
    detector = load_detector(name, mirror=shared_assets / "models")
    folder = shared_assets / "mot" / "MOT15" / "TUD-Stadtmitte"
    image = cv2.imread(str(folder / "img1" / "000001.jpg"))
    found = detector.detect([np.asarray(image, np.uint8)])[0].above(detector.threshold)
    rows = [line.split(",") for line in (folder / "gt" / "gt.txt").read_text().splitlines()]
    boxes = np.array([[float(v) for v in r[2:6]] for r in rows if r[0] == "1"], np.float32)
    boxes[:, 2:] += boxes[:, :2]
    assert (iou_matrix(boxes, found.xyxy).max(1) >= 0.5).mean() >= 0.5
