"""Small ONNX models for tests, unchecked: many are wrong on purpose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

node = helper.make_node


def model_of(
    nodes: Sequence[onnx.NodeProto],
    inputs: Mapping[str, Any],
    outputs: Mapping[str, Any],
    *,
    opset: int = 21,
    ir_version: int = 10,
    functions: Sequence[onnx.FunctionProto] = (),
    domains: Mapping[str, int] | None = None,
    **graph: Any,
) -> onnx.ModelProto:
    """A model of one graph. Inputs and outputs map a name to its shape (f32), to (element type, shape), or to a type
    proto; `domains` maps further domains to their versions."""
    proto = graph_of(nodes, inputs, outputs, **graph)
    imports = [helper.make_opsetid(d, v) for d, v in {"": opset, **(domains or {})}.items()]
    return helper.make_model(proto, opset_imports=imports, ir_version=ir_version, functions=list(functions))


def graph_of(
    nodes: Sequence[onnx.NodeProto], inputs: Mapping[str, Any], outputs: Mapping[str, Any], **graph: Any
) -> onnx.GraphProto:
    """A graph with typed inputs and outputs."""
    return helper.make_graph(
        list(nodes), "g", [info(*i) for i in inputs.items()], [info(*o) for o in outputs.items()], **graph
    )


def info(name: str, what: Any) -> onnx.ValueInfoProto:
    """A value's declaration; see `model_of`."""
    if isinstance(what, onnx.TypeProto):
        return helper.make_value_info(name, what)
    kind, shape = what if isinstance(what, tuple) else (TensorProto.FLOAT, what)
    return helper.make_tensor_value_info(name, kind, shape)


def initializer(name: str, array: Any) -> onnx.TensorProto:
    """A stored tensor; f32 when the array is a list of floats."""
    values = np.asarray(array)
    return onnx.numpy_helper.from_array(values.astype(np.float32) if values.dtype == np.float64 else values, name)


def function_of(
    name: str, inputs: Sequence[str], outputs: Sequence[str], nodes: Sequence[onnx.NodeProto], **options: Any
) -> onnx.FunctionProto:
    """A function of domain `local`, its body in opset 21."""
    return helper.make_function("local", name, inputs, outputs, nodes, [helper.make_opsetid("", 21)], **options)
