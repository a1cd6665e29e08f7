"""mlc: compiles ONNX and PyTorch models through a small SSA IR into native CPU code."""

from __future__ import annotations

__version__ = "0.1.0"
