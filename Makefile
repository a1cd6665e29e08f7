# Needs python3.11, g++ and make; cmake and ninja come from pip into .venv.
PYTHON ?= python3.11
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: demo test test-fast lint ctest bench build clean

DEMO := build/demo

demo: build  ## a ResNet-18 written, compiled, run and compared with the ONNX reference; needs no torch
	mkdir -p $(DEMO)
	$(BIN)/python examples/write_resnet.py $(DEMO)/resnet18.onnx
	$(BIN)/mlc compile $(DEMO)/resnet18.onnx --passes fold,fuse,layout --stats -o $(DEMO)/resnet18.mlc
	$(BIN)/mlc run $(DEMO)/resnet18.mlc --repeat 20
	$(BIN)/mlc compare $(DEMO)/resnet18.onnx --passes fold,fuse,layout --engines llvm,onnxref

test: build .venv/.test  ## every test, slow ones included
	$(BIN)/python -m pytest -q -n 2 --dist worksteal

test-fast: build .venv/.test  ## without the tests marked slow
	$(BIN)/python -m pytest -q -n 2 --dist worksteal -m "not slow"

lint: build .venv/.test  ## formatting, lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy --strict -p mlc

ctest: build  ## the C++ tests of the runtime, plain and under the sanitizers
	$(BIN)/ctest --test-dir build --output-on-failure
	$(BIN)/cmake -S . -B build/asan -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DMLC_SANITIZE=address,undefined
	$(BIN)/cmake --build build/asan
	$(BIN)/ctest --test-dir build/asan --output-on-failure
	$(BIN)/cmake -S . -B build/tsan -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DMLC_SANITIZE=thread
	$(BIN)/cmake --build build/tsan
	$(BIN)/ctest --test-dir build/tsan --output-on-failure

MODELS ?= all
ROUNDS ?= 30
PEERS ?= ort,openvino,inductor
bench: build .venv/.bench  ## mlc against its peers; MODELS=resnet50,gelu ROUNDS=30; all models write docs/performance.md
	PYTHONPATH=build/python:tests $(BIN)/python tests/bench.py --models $(MODELS) --rounds $(ROUNDS) --vs $(PEERS)

build: .venv/.core
	@test -f build/build.ninja || $(BIN)/cmake -S . -B build -G Ninja
	$(BIN)/cmake --build build

# mlc without torch: what a user of the core installs.
.venv/.core: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet "scikit-build-core>=1.1" "cmake>=3.24" ninja
	$(BIN)/python -m pip install --quiet --no-build-isolation --editable .
	touch $@

# torch by its exact version first, or a dependency of it may pick another one.
.venv/.test: .venv/.core
	$(BIN)/python -m pip install --quiet torch==2.13.0
	$(BIN)/python -m pip install --quiet --no-build-isolation --editable ".[torch,test,dev]"
	touch $@

.venv/.bench: .venv/.test
	$(BIN)/python -m pip install --quiet --no-build-isolation --editable ".[bench]"
	touch $@

clean:
	rm -rf build .venv
