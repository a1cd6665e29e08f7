"""ONNX models to Modules."""

from __future__ import annotations

from mlc.frontend.onnx_import.dependencies import model_files, opset_versions
from mlc.frontend.onnx_import.importer import import_file, import_model

__all__ = ["import_file", "import_model", "model_files", "opset_versions"]
