"""The symbols that types and ops name."""

from __future__ import annotations

from collections.abc import Iterator

from mlc.ir.core import Op
from mlc.ir.dims import symbols_of
from mlc.ir.types import OptionalType, SequenceType, TensorType, Type


def symbols_of_type(type: Type) -> list[str]:
    """Names of the symbols in a type, each once, in order."""
    match type:
        case TensorType():
            return type.symbols()
        case SequenceType(element) | OptionalType(element):
            return symbols_of_type(element)


def symbols_told_by(type: Type) -> list[str]:
    """Names of the symbols that are a dim by themselves in values of the type: these have them when the model runs."""
    match type:
        case TensorType(shape=None):
            return []
        case TensorType():
            return [str(dim) for dim in type.dims if symbols_of(dim) == [str(dim)]]
        case SequenceType(element) | OptionalType(element):
            return symbols_told_by(element)


def symbols_named_by(op: Op) -> Iterator[str]:
    """Names of the symbols in the op's result types, block arguments and attributes, repeated as they repeat."""
    for value in (*op.results, *(a for region in op.regions for a in region.block.arguments)):
        yield from symbols_of_type(value.type)
    for spec in op.signature.attributes:
        value = op.attributes[spec.name]
        if value is None:
            continue
        match spec.kind:
            case "dim":
                yield from symbols_of(value)
            case "dims":
                yield from (s for d in value for s in symbols_of(d))
            case "type":
                yield from symbols_of_type(value)
            case "types":
                yield from (s for t in value for s in symbols_of_type(t))
            case _:
                pass
