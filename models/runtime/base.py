"""What every engine offers."""

from __future__ import annotations

from typing import Any, Literal, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

Precision = Literal["fp32", "fp16", "int8"]
"""``fp32`` narrows nothing: the numbers are those of the file, quantized or not.  ``fp16`` computes
in 16-bit floats (bfloat16 on CPUs).  ``int8`` insists on a file that is quantized (Q/DQ)."""
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
Floats = NDArray[np.float32]
Outputs = list[NDArray[Any]]
Shape = tuple[int | None, ...]


class Runtime(Protocol):
    """A loaded network with one float32 input.

    ``input_shape`` is ``[N, C, H, W]``; ``None`` stands for a dimension of any size.
    ``output_names`` and ``output_shapes`` describe what ``run`` returns, in order.
    """

    @property
    def name(self) -> str:
        """The engine's name in ``models.runtime.engines``, with the precision it narrows to."""

    @property
    def input_name(self) -> str:
        """Name of the network's input."""

    @property
    def input_shape(self) -> Shape:
        """Shape of the input."""

    @property
    def output_names(self) -> tuple[str, ...]:
        """Names of the outputs."""

    @property
    def output_shapes(self) -> tuple[Shape, ...]:
        """Shapes of the outputs."""

    def run(self, batch: Floats) -> Outputs:
        """One forward pass of a batch; ``ModelError`` if it does not fit or the engine fails."""


def reason(error: Exception) -> str:
    """The line of an engine's error that says something."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    telling = [line for line in lines if not line.startswith(("Exception from ", "Check '"))]
    return (telling or lines or [type(error).__name__])[0]
