"""Static batch sizes: how frames are dealt to engines that are built for some sizes only."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from models.runtime.base import Floats, Outputs, Runtime, Shape

PROFILES = (1, 4)
"""What engines with static shapes are built for: a lone frame, and a full micro-batch."""


def plan(count: int, profiles: Sequence[int] = PROFILES, *, pads: bool = True) -> list[int]:
    """The profiles to run for ``count`` frames, largest first.

    An engine that ``pads`` fills up the last one: on a GPU four frames take little longer than
    one.  Else frames are only padded where no profile is small enough: on a CPU every frame counts.
    """
    sizes = sorted(profiles, reverse=True)
    chosen: list[int] = []
    while count > 0:
        full = next((size for size in sizes if size <= count), sizes[-1])
        roomy = [size for size in sizes if size >= count]
        size = roomy[-1] if pads and roomy else full
        chosen.append(size)
        count -= size
    return chosen


def run_in_profiles(
    run: Callable[[Floats], Outputs],
    batch: Floats,
    profiles: Sequence[int] = PROFILES,
    *,
    pads: bool = True,
) -> Outputs:
    """``run`` a batch ``[N, ...]`` of any size in profiles; each output's first axis is the frame.

    Padding repeats the last frame, and its answers are cut off.
    """
    parts: list[Outputs] = []
    start = 0
    for size in plan(len(batch), profiles, pads=pads):
        part = batch[start : start + size]
        start += len(part)
        if len(part) == size:
            parts.append(run(part))
            continue
        filled = np.concatenate([part, np.repeat(part[-1:], size - len(part), 0)])
        parts.append([output[: len(part)] for output in run(filled)])
    return (
        parts[0]
        if len(parts) == 1
        else [np.concatenate(column) for column in zip(*parts, strict=True)]
    )


class AnyBatch:
    """An engine of one static batch size above 1, for batches of any size."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._size = runtime.input_shape[0] or 1
        self.name = runtime.name
        self.input_name = runtime.input_name
        self.input_shape: Shape = (None, *runtime.input_shape[1:])
        self.output_names = runtime.output_names
        self.output_shapes: tuple[Shape, ...] = tuple(
            (None, *shape[1:]) for shape in runtime.output_shapes
        )

    def run(self, batch: Floats) -> Outputs:
        """One answer per frame of a batch ``[N, C, H, W]``."""
        return run_in_profiles(self._runtime.run, batch, (self._size,))
