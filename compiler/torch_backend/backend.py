"""From the graph that dynamo hands over to one callable: AOTAutograd first, then each of its graphs compiled."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch._dynamo.backends.common import aot_autograd
from torch._guards import TracingContext
from torch.fx import GraphModule

from mlc.errors import CompileError
from mlc.frontend.torch_import.decompositions import table
from mlc.torch_backend.options import BackendOptions
from mlc.torch_backend.pieces import compile_pieces


def compile_graph(
    graph: GraphModule,
    example_inputs: Sequence[Any],
    *,
    options: Mapping[str, Any] | None = None,
    mode: str | None = None,
) -> Callable[..., Any]:
    """The backend: native code for the graph, differentiable where its inputs want gradients.

    Without gradients parameters and buffers are constants, folded and packed. With them the graph of the forward and
    that of the backward pass are compiled with parameters as inputs. Raises CompileError (which dynamo wraps) for what
    is not supported when the option `fallback` is False, and for a `mode`, which only TorchInductor has.
    """
    if mode is not None:
        raise CompileError(f"backend mlc has no mode {mode!r}; give options={{'level': 3}}, which optimizes most")
    read = BackendOptions.read(options)

    def inference(graph: GraphModule, inputs: Sequence[Any]) -> Callable[..., Any]:
        return compile_pieces(graph, _static_inputs() if read.freeze else frozenset(), read)

    def training(graph: GraphModule, inputs: Sequence[Any]) -> Callable[..., Any]:
        return compile_pieces(graph, frozenset(), read)

    compiler = aot_autograd(
        fw_compiler=training, bw_compiler=training, inference_compiler=inference, decompositions=table()
    )
    return compiler(graph, example_inputs)


def _static_inputs() -> frozenset[int]:
    """Which inputs of the graph in hand are parameters and buffers, as AOTAutograd has found."""
    context = TracingContext.try_get()
    metadata = context.fw_metadata if context is not None else None
    return frozenset(metadata.static_input_indices or ()) if metadata is not None else frozenset()
