"""Modules to ONNX models: the graph written back as it stands, optimized or not."""

from __future__ import annotations

from mlc.frontend.onnx_export.exporter import export_model, save_model

__all__ = ["export_model", "save_model"]
