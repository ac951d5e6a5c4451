"""The names of what computes here; measurements and built engines hold for them only."""

from __future__ import annotations

import platform
from pathlib import Path

CPUS, GPUS = Path("/proc/cpuinfo"), Path("/proc/driver/nvidia/gpus")


def cpu_name(path: Path = CPUS) -> str:
    """What Linux calls the processor, or its architecture where that is hidden."""
    return _field(path, "model name") or platform.machine()


def gpu_name(folder: Path = GPUS) -> str:
    """What NVIDIA's driver calls the first GPU, empty without one."""
    found = (_field(path, "Model") for path in sorted(folder.glob("*/information")))
    return next(found, "")


def _field(path: Path, name: str) -> str:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    values = (line.partition(":") for line in lines)
    return next((value.strip() for key, _, value in values if key.strip() == name), "")
