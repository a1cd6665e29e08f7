"""Run by .ci/run, not by pytest, with the Python of an environment that holds the wheel alone: does mlc work there?"""

from __future__ import annotations

import importlib.util
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
from runtime_models import scale_and_shift

import mlc
import mlc.passes
from mlc.runtime import Executable, native


def main() -> None:
    for package in ("torch", "torch_mlir", "onnxruntime", "pytest"):
        assert importlib.util.find_spec(package) is None, f"{package} is installed here"
    for tool in ("c++", "g++", "gcc", "cc", "clang", "ld", "cmake", "make"):
        assert shutil.which(tool) is None, f"{tool} is on PATH"
    for place in (mlc.__file__, mlc.passes.__file__, str(native.library_path())):
        assert place is not None and Path(place).is_relative_to(sys.prefix), f"{place} is not from the wheel"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.mlc")
        Executable(scale_and_shift()).save(path)
        result = Executable.load(path, verify=True)(np.ones((2, 4), np.float32))
    assert result.tolist() == [[3, 4, 5, 6]] * 2, result
    print(f"mlc {mlc.__version__} from {Path(mlc.__file__ or '').parent} runs a model")


if __name__ == "__main__":
    main()
