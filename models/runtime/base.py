"""What every engine offers."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class Runtime(Protocol):
    """A loaded network with one input.

    ``input_shape`` is ``[N, C, H, W]``; ``None`` stands for a dimension of any size.
    ``output_names`` and ``output_shapes`` describe what ``run`` returns, in order.
    """

    @property
    def name(self) -> str:
        """Engine and device, for example ``onnxruntime-cpu``."""

    @property
    def input_name(self) -> str:
        """Name of the network's input."""

    @property
    def input_shape(self) -> tuple[int | None, ...]:
        """Shape of the input."""

    @property
    def output_names(self) -> tuple[str, ...]:
        """Names of the outputs."""

    @property
    def output_shapes(self) -> tuple[tuple[int | None, ...], ...]:
        """Shapes of the outputs."""

    def run(self, batch: NDArray[np.float32]) -> list[NDArray[Any]]:
        """One forward pass of a batch."""
