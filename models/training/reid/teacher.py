"""What the student imitates: person-reidentification-retail-0248 and -0287 (Apache-2.0)."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import helper

# file, last map before pooling, its channels
MODELS = (
    ("person_reid_retail_0248.onnx", "model/tf.nn.relu_99/Relu:0", 128),
    ("person_reid_retail_0287.onnx", "model/tf.nn.relu_87/Relu:0", 256),
)
CHANNELS = sum(channels for _, _, channels in MODELS)
WIDE, HIGH = 128, 256


class Teacher:
    """Both models behind each other; a view is enlarged to their 256x128 pixels."""

    def __init__(self, folder: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self._sessions = []
        for name, inner, _ in MODELS:
            graph = onnx.load(str(folder / name))
            graph.graph.output.append(
                helper.make_tensor_value_info(inner, onnx.TensorProto.FLOAT, None)
            )
            self._sessions.append(
                onnxruntime.InferenceSession(
                    graph.SerializeToString(), options, providers=["CPUExecutionProvider"]
                )
            )

    def __call__(self, view: NDArray[np.uint8]) -> tuple[NDArray[np.float16], NDArray[np.float16]]:
        """Unit embedding ``[512]`` and last maps ``[8, 4, 384]`` of one BGR view.

        The embedding is that of the references' concatenation: each half has length 1/sqrt(2).
        The maps, 16x8 cells, are averaged to the student's.
        """
        large = cv2.resize(view, (WIDE, HIGH), interpolation=cv2.INTER_LINEAR)
        blob = large.astype(np.float32)[None]
        halves, maps = [], []
        for session in self._sessions:
            embedding, inner = session.run(None, {session.get_inputs()[0].name: blob})
            half = embedding.reshape(-1)
            halves.append(half / max(float(np.linalg.norm(half)), 1e-6) / np.sqrt(2.0))
            channels = inner.shape[1]
            maps.append(inner.reshape(channels, 8, 2, 4, 2).mean((2, 4)).transpose(1, 2, 0))
        return (
            np.concatenate(halves).astype(np.float16),
            np.concatenate(maps, axis=-1).astype(np.float16),
        )
