"""Engines as libraries that tell nobody that they are used.

onnxruntime (from 1.29) reports processor, memory, path of the interpreter and models to Microsoft,
and openvino (2026) its import to Google Analytics; both leave an id in the home folder, unasked.
Nothing of a store goes to anybody, so each is imported here, and only here.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

CONVERTER = "openvino.tools.ovc"  # what reports; the package passes over one that is not there


def quiet_onnxruntime() -> Any:
    """The onnxruntime package; the switch is read once, when its library is first loaded."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    return importlib.import_module("onnxruntime")


def quiet_openvino() -> Any:
    """The openvino package without its converter, which also saves a second of its import."""
    if CONVERTER not in sys.modules:
        sys.modules[CONVERTER] = None  # type: ignore[assignment]  # Python's mark of "cannot be imported"
    return importlib.import_module("openvino")
