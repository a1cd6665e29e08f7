"""Types as ONNX declares them: TypeProto and ValueInfoProto to Type, and the names of a model's symbolic dims."""

from __future__ import annotations

import re

import onnx

from mlc.errors import CompileError
from mlc.frontend.onnx_import.dtypes import dtype_of
from mlc.ir import Dim, DimExpr, OptionalType, SequenceType, TensorType, Type, parse_dim, symbol
from mlc.ir.dims import symbols_of

_RESERVED = frozenset({"floordiv", "mod", "min", "max"})


class Symbols:
    """The symbols of one model: one name for each dim_param, new names for dims that have none."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._taken: set[str] = set()

    def named(self, parameter: str) -> Dim:
        """The dim of a dim_param: a symbol, or the expression it spells over symbols the model has already named."""
        if parameter not in self._names and (dim := self._expression(parameter)) is not None:
            return dim
        if parameter not in self._names:
            self._names[parameter] = self._free(_sanitized(parameter))
        return symbol(self._names[parameter])

    def fresh(self, hint: str = "d") -> DimExpr:
        """A symbol with a name of its own, made from the hint."""
        return symbol(self._free(_sanitized(hint)))

    def type(self, proto: onnx.TypeProto, hint: str = "d") -> Type:
        """The type a TypeProto declares; each dim without a value or name becomes a fresh symbol."""
        match proto.WhichOneof("value"):
            case "tensor_type":
                return self._tensor(proto.tensor_type, hint)
            case "sequence_type":
                return SequenceType(_element(self.type(proto.sequence_type.elem_type, hint)))
            case "optional_type":
                return OptionalType(self.type(proto.optional_type.elem_type, hint))
            case None:
                raise CompileError("its type is not declared")
            case kind:
                raise CompileError(f"a value of type {kind.removesuffix('_type')} is not supported")

    def _tensor(self, proto: onnx.TypeProto.Tensor, hint: str) -> TensorType:
        dtype = dtype_of(proto.elem_type)
        if not proto.HasField("shape"):
            return TensorType(dtype, None)
        return TensorType(dtype, tuple(self._dim(d, f"{hint}_{i}") for i, d in enumerate(proto.shape.dim)))

    def _dim(self, proto: onnx.TensorShapeProto.Dimension, hint: str) -> Dim:
        # Some exporters write -1 for a dim they do not know.
        if proto.HasField("dim_value") and proto.dim_value >= 0:
            return proto.dim_value
        return self.named(proto.dim_param) if proto.dim_param.strip() else self.fresh(hint)

    def _expression(self, parameter: str) -> Dim | None:
        if not re.search(r"[-+* ]", parameter.strip()):
            return None
        try:
            dim = parse_dim(parameter)
        except ValueError:
            return None
        names = symbols_of(dim)
        return dim if names and all(self._names.get(n) == n for n in names) else None

    def _free(self, stem: str) -> str:
        name, number = stem, 0
        while name in self._taken or name in _RESERVED:
            number += 1
            name = f"{stem}_{number}"
        self._taken.add(name)
        return name


def _element(type: Type) -> Type:
    """The type of a sequence's elements: a dim that is not a number may differ from one to the next."""
    return type.with_shape(None) if isinstance(type, TensorType) and not type.is_static else type


def _sanitized(text: str) -> str:
    name = re.sub(r"[^A-Za-z0-9_.]+", "_", text.strip()).strip("_.")
    return name if re.match(r"[A-Za-z_]", name) else f"d_{name}" if name else "d"
