# Needs Python 3.11-3.13, pip and make; brings uv itself where it is missing.
.DEFAULT_GOAL := help
.PHONY: help setup setup-gpu setup-export demo test check lock
export UV_PYTHON_PREFERENCE ?= system
# onnxruntime's wheel would tell its maker about this machine
export ORT_DISABLE_TELEMETRY := 1

PYTHON ?= python3
UV := $(or $(shell command -v uv 2>/dev/null),.uv/bin/uv)
BIN := .venv/bin
# Two workers: most tests wait for a process or a socket.
PYTEST_ARGS ?= -n 2 --dist loadfile

help: ## what each target does
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 18

.uv/bin/uv:
	$(PYTHON) -m pip install --quiet --target .uv uv

.venv/.ready: pyproject.toml requirements/dev.txt | $(UV)
	$(UV) venv --quiet --allow-existing --python '>=3.11,<3.14' .venv
	$(UV) pip sync --quiet --python $(BIN)/python requirements/dev.txt
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

setup: .venv/.ready ## build .venv with all that the demo, the tests and the benchmarks need

setup-gpu: setup ## exchange onnxruntime for the CUDA one, add TensorRT
	$(UV) pip uninstall --quiet --python $(BIN)/python onnxruntime
	$(UV) pip install --quiet --python $(BIN)/python -r requirements/gpu.txt

setup-export: setup ## add torch, ultralytics (AGPL)
	$(UV) pip install --quiet --python $(BIN)/python -r requirements/export.txt

demo: setup ## a simulated store, its cameras, the agent, the cloud and the report (DEMO_ARGS="--seconds 30")
	$(BIN)/trinetra demo $(DEMO_ARGS)

check: setup ## format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check ## everything that CI runs
	$(BIN)/pytest $(PYTEST_ARGS)

LOCK := pip compile --quiet --universal --no-header --no-annotate --python-version 3.11

lock: $(UV) ## write requirements/*.txt anew from pyproject.toml
	$(UV) $(LOCK) --extra cloud --extra reports --extra eval --extra gallery --extra openvino --group dev \
	  -o requirements/dev.txt pyproject.toml
	$(UV) $(LOCK) --constraint requirements/dev.txt --extra gpu --no-emit-package onnxruntime \
	  -o requirements/gpu.txt pyproject.toml
	$(UV) $(LOCK) --constraint requirements/dev.txt --extra export -o requirements/export.txt pyproject.toml
