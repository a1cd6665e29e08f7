"""The backend of torch.compile: `torch.compile(model, backend="mlc")` finds `compile_graph` by its entry point."""

from __future__ import annotations

from mlc.torch_backend.backend import compile_graph

__all__ = ["compile_graph"]
