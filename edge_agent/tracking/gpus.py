"""Memory and temperature of NVIDIA GPUs, from the driver's own library; nothing without one."""

from __future__ import annotations

import ctypes

from edge_agent.worker_metrics import sample

_CELSIUS_OF_GPU = 0
_MIB = 2**20


class _Memory(ctypes.Structure):
    """`nvmlMemory_t`, bytes."""

    _fields_ = (
        ("total", ctypes.c_ulonglong),
        ("free", ctypes.c_ulonglong),
        ("used", ctypes.c_ulonglong),
    )


class Gpus:
    """Looked for once; `gauges` are empty on a machine without a GPU or its driver."""

    def __init__(self) -> None:
        self._handles: list[ctypes.c_void_p] = []
        try:
            self._library = ctypes.CDLL("libnvidia-ml.so.1")
        except OSError:
            return
        count = ctypes.c_uint()
        if self._library.nvmlInit_v2() or self._library.nvmlDeviceGetCount_v2(ctypes.byref(count)):
            return
        for index in range(count.value):
            handle = ctypes.c_void_p()
            if not self._library.nvmlDeviceGetHandleByIndex_v2(index, ctypes.byref(handle)):
                self._handles.append(handle)

    def gauges(self) -> dict[str, float]:
        """MiB in use and degrees Celsius, by number of the GPU; what cannot be read is left out."""
        found: dict[str, float] = {}
        for number, handle in enumerate(self._handles):
            memory, celsius = _Memory(), ctypes.c_uint()
            if not self._library.nvmlDeviceGetMemoryInfo(handle, ctypes.byref(memory)):
                found[sample("gpu_vram_mb", gpu=str(number))] = memory.used / _MIB
            if not self._library.nvmlDeviceGetTemperature(
                handle, _CELSIUS_OF_GPU, ctypes.byref(celsius)
            ):
                found[sample("gpu_temperature_celsius", gpu=str(number))] = float(celsius.value)
        return found
