"""GPU gauges: from the driver's library where there is one, nothing anywhere else."""

from __future__ import annotations

import ctypes
from typing import Any

import pytest

from edge_agent.tracking.gpus import Gpus

MIB = 2**20


class FakeDriver:
    """NVML's calls as this machine's driver would answer them; 0 is success."""

    def __init__(self, temperatures: list[int | None]) -> None:
        self._temperatures = temperatures

    def nvmlInit_v2(self) -> int:  # noqa: N802 - the library's name
        return 0

    def nvmlDeviceGetCount_v2(self, count: Any) -> int:  # noqa: N802
        count._obj.value = len(self._temperatures)
        return 0

    def nvmlDeviceGetHandleByIndex_v2(self, index: int, handle: Any) -> int:  # noqa: N802
        handle._obj.value = index + 1
        return 0

    def nvmlDeviceGetMemoryInfo(self, handle: Any, memory: Any) -> int:  # noqa: N802
        memory._obj.used = handle.value * 512 * MIB
        return 0

    def nvmlDeviceGetTemperature(self, handle: Any, kind: int, celsius: Any) -> int:  # noqa: N802
        found = self._temperatures[handle.value - 1]
        celsius._obj.value = found or 0
        return 0 if kind == 0 and found is not None else 3


def test_each_gpu_has_its_memory_and_its_temperature_if_it_tells(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda name: FakeDriver([41, None]))
    assert Gpus().gauges() == {
        'gpu_vram_mb{gpu="0"}': 512.0,
        'gpu_temperature_celsius{gpu="0"}': 41.0,
        'gpu_vram_mb{gpu="1"}': 1024.0,
    }


def test_without_a_driver_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise OSError(name)

    monkeypatch.setattr(ctypes, "CDLL", missing)
    assert Gpus().gauges() == {}
