"""Whether the types of a node's inputs are those its operator's schema allows: the model's error, named before ours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import onnx
from onnx.defs import OpSchema

from mlc.errors import CompileError
from mlc.frontend.onnx_import.dtypes import dtype_of, element_type
from mlc.frontend.onnx_import.structure import domain_of
from mlc.ir import DType, OptionalType, SequenceType, TensorType, Type, Value

_WORDS = {DType.F32: "float", DType.F64: "double"}


def check_input_types(node: onnx.NodeProto, opsets: dict[str, int], values: Sequence[Value | None]) -> None:
    """Raises CompileError naming the input whose type the operator does not take, or that differs from its like."""
    domain = domain_of(node)
    schema = schema_of(domain, node.op_type, opsets.get(domain, 0))
    if schema is None or not schema.inputs:
        return
    allowed = _allowed(domain, node.op_type, schema.since_version)
    bound: dict[str, tuple[str, str]] = {}
    for index, value in enumerate(values):
        if value is None:
            continue
        formal = schema.inputs[min(index, len(schema.inputs) - 1)]
        name, text = node.input[index], type_text(value.type)
        choices = allowed.get(formal.type_str, frozenset({formal.type_str}))
        if text not in choices:
            raise CompileError(f"input {formal.name} ('{name}') is {text}, which {node.op_type} does not take")
        if not formal.is_homogeneous or formal.type_str not in allowed:
            continue
        first_name, first = bound.setdefault(formal.type_str, (name, text))
        if first != text:
            raise CompileError(f"input {formal.name} ('{name}') is {text}, but '{first_name}' is {first}")


def check_output_type(value: Value, info: onnx.ValueInfoProto) -> None:
    """Raises CompileError when the model declares other elements, another rank or other sizes than it computes."""
    if info.type.WhichOneof("value") != "tensor_type" or not info.type.tensor_type.elem_type:
        return
    declared = info.type.tensor_type
    dtype = dtype_of(declared.elem_type)
    if not isinstance(value.type, TensorType) or value.type.dtype is not dtype:
        raise CompileError(f"is declared as a tensor of {dtype}, the model computes {value.type}")
    if not declared.HasField("shape") or value.type.shape is None:
        return
    # What is declared by a name may be computed as a number, and the other way round.
    sizes = [d.dim_value if d.HasField("dim_value") and d.dim_value >= 0 else None for d in declared.shape.dim]
    fits = len(sizes) == value.type.rank and all(
        size is None or not isinstance(dim, int) or size == dim
        for size, dim in zip(sizes, value.type.dims, strict=True)
    )
    if not fits:
        shape = "x".join("?" if size is None else str(size) for size in sizes) or "a scalar"
        raise CompileError(f"is declared as {shape}, the model computes {value.type}; correct the declaration")


def type_text(type: Type) -> str:
    """The type as schemas write it: `tensor(float)`, `seq(tensor(int64))`."""
    match type:
        case TensorType(dtype, _):
            return f"tensor({_element_text(dtype)})"
        case SequenceType(element):
            return f"seq({type_text(element)})"
        case OptionalType(element):
            return f"optional({type_text(element)})"


def _element_text(dtype: DType) -> str:
    return _WORDS.get(dtype) or onnx.TensorProto.DataType.Name(element_type(dtype)).lower()


def takes_types(domain: str, name: str, opset: int, types: Sequence[str | None]) -> bool:
    """Whether the operator of this very opset takes inputs of these types, as schemas write them; None fits all."""
    schema = schema_of(domain, name, opset)
    if schema is None:
        return False
    allowed = {c.type_param_str: c.allowed_type_strs for c in schema.type_constraints}
    formal = [schema.inputs[min(i, len(schema.inputs) - 1)].type_str for i in range(len(types))]
    return all(t is None or t in allowed.get(f, [f]) for t, f in zip(types, formal, strict=True))


def outputs_like_input(domain: str, name: str, opset: int, index: int) -> Callable[[int], bool]:
    """Tells which of the operator's outputs have the type of its input number `index`."""
    schema = schema_of(domain, name, opset)
    assert schema is not None, name
    wanted = schema.inputs[min(index, len(schema.inputs) - 1)].type_str
    return lambda output: schema.outputs[min(output, len(schema.outputs) - 1)].type_str == wanted


@cache
def newest_opset(domain: str) -> int:
    """The newest version of a domain that the onnx package has."""
    return max(s.since_version for s in onnx.defs.get_all_schemas_with_history() if s.domain == domain)


@cache
def schema_of(domain: str, name: str, opset: int) -> OpSchema | None:
    """The operator's schema in the onnx package for a model of `opset`, or None."""
    try:
        return onnx.defs.get_schema(name, opset, domain)
    except onnx.defs.SchemaError:
        return None


@cache
def _allowed(domain: str, name: str, since: int) -> dict[str, frozenset[str]]:
    """Type parameter to types. What a later version of the operator takes is let through: converters rely on it."""
    versions = [onnx.defs.get_schema(name, since, domain), onnx.defs.get_schema(name, domain)]
    allowed: dict[str, frozenset[str]] = {}
    for schema in versions:
        for constraint in schema.type_constraints:
            types = frozenset(constraint.allowed_type_strs)
            allowed[constraint.type_param_str] = allowed.get(constraint.type_param_str, frozenset()) | types
    return {p.type_param_str: allowed[p.type_param_str] for p in versions[0].type_constraints}
