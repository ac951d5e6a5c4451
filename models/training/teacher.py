"""Soft targets from the reference detector, RTMDet-nano (Apache-2.0), cell by cell."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import helper

from models.training.grid import grid_points

MEAN = np.array([103.53, 116.28, 123.675], np.float32)
STD = np.array([57.375, 57.12, 58.395], np.float32)
# Inner tensors of end2end.onnx before its score cut and NMS.
LOGITS, BOXES = "onnx::Sigmoid_1402", "y.24"
MAPS = ("onnx::Conv_1085", "onnx::Conv_1093", "onnx::Conv_1101")  # the neck's, stride 8, 16, 32
MAP_CHANNELS = 64

Scores = NDArray[np.float16]
CellBoxes = NDArray[np.float16]
Maps = list[NDArray[np.float16]]


class Teacher:
    """Dense RTMDet-nano: its cells are those of ``network.PersonNet``, in the same order."""

    def __init__(self, path: Path) -> None:
        graph = onnx.load(str(path))
        del graph.graph.output[:]
        for name in (LOGITS, BOXES, *MAPS):
            graph.graph.output.append(
                helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)
            )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            graph.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )

    def __call__(self, image: NDArray[np.uint8]) -> tuple[Scores, CellBoxes, Maps]:
        """Scores ``[A]``, boxes ``[A, 4]`` (pixels) and the maps ``[64, h, w]`` of a BGR image."""
        blob = ((image.astype(np.float32) - MEAN) / STD).transpose(2, 0, 1)[None]
        logits, boxes, *maps = self._session.run(
            [LOGITS, BOXES, *MAPS], {"input": np.ascontiguousarray(blob)}
        )
        scores = 1.0 / (1.0 + np.exp(-np.asarray(logits)[0, :, 0]))
        return (
            scores.astype(np.float16),
            np.asarray(boxes)[0].astype(np.float16),
            [np.asarray(m)[0].astype(np.float16) for m in maps],
        )

    def cells(
        self,
        image: NDArray[np.uint8],
        unbelieved: NDArray[np.float32],
        ignored: NDArray[np.float32],
    ) -> tuple[Scores, CellBoxes, Maps]:
        """As a call, with score 0 at points inside ``unbelieved`` areas and -1 inside ``ignored``.

        Areas are ``[K, 4]``; -1 means that the cell teaches nothing.
        """
        scores, boxes, maps = self(image)
        points = grid_points(image.shape[0], image.shape[1])
        for areas, value in ((unbelieved, 0), (ignored, -1)):
            for x1, y1, x2, y2 in areas:
                inside = ((points >= (x1, y1)) & (points < (x2, y2))).all(1)
                scores[inside] = value
        return scores, boxes, maps
