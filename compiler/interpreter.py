"""Runs a module on numpy arrays by each op's `evaluate`: the reference that passes and backends are compared with.

An op that has regions is given one callable per region behind its operands: `body(*arrays) -> tuple of arrays` runs the
region's block on these arguments. A sequence is a list, an optional that holds nothing is None.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Any

import numpy as np

from mlc.errors import CompileError
from mlc.ir import Block, Dim, DType, Module, Op, SequenceType, TensorType, Type, Value
from mlc.ir.dims import is_static, substitute, symbols_of

Symbols = MutableMapping[str, int]


def interpret(module: Module, inputs: Sequence[Any]) -> list[Any]:
    """The outputs of `main` on these inputs, one per input of the function.

    Raises CompileError when an input does not fit its type, when two extents of one symbol differ, or when an op
    fails on these values.
    """
    function = module.main
    if len(inputs) != len(function.inputs):
        raise CompileError(f"the model takes {len(function.inputs)} inputs, got {len(inputs)}")
    symbols: Symbols = {}
    pairs = zip(function.inputs, inputs, strict=True)
    arrays = [np.asarray(a) if isinstance(v.type, TensorType) else a for v, a in pairs]
    for defines in (True, False):  # twice: an expression may come before the symbols in it
        for name, value, array in zip(function.input_names, function.inputs, arrays, strict=True):
            if problem := mismatch(value.type, array, symbols, defines=defines):
                raise CompileError(f"input '{name}' {problem}")
    return run_block(function.block, arrays, {}, symbols)


def run_block(
    block: Block, arguments: Sequence[Any], outer: Mapping[Value, Any], symbols: Mapping[str, int]
) -> list[Any]:
    """The operands of the block's terminator when its arguments have these values.

    `outer` holds the values the block captures. Symbols defined inside, by the arguments' types among them, are
    forgotten at the end, so that each turn of a loop has its own.
    """
    values = {**outer, **dict(zip(block.arguments, arguments, strict=True))}
    local = dict(symbols)
    for number, value in enumerate(block.arguments):
        if problem := mismatch(value.type, values[value], local, defines=True):
            raise CompileError(f"argument {number} of a region {problem}")
    for op in block:
        if op.is_terminator:
            break
        values.update(zip(op.results, run(op, [values[v] for v in op.operands], values, local), strict=True))
    return [values[v] for v in block.terminator.operands]


def run(op: Op, operands: Sequence[Any], outer: Mapping[Value, Any], symbols: Symbols) -> list[Any]:
    """The results of one op, checked against their types; symbols that are new in them get their values."""
    regions = [_body(region.block, outer, symbols) for region in op.regions]
    try:
        with np.errstate(all="ignore"):  # infinities and NaN are values, integers wrap
            results = _resolved(op, symbols).evaluate(*_fields(op, operands), *regions)
    except (ValueError, IndexError, ArithmeticError) as problem:  # numpy's: shapes that do not broadcast, bad indices
        raise op.error(str(problem)) from problem
    given = list(results) if isinstance(results, tuple) else [results]
    assert len(given) == len(op.results), f"{op.name} has {len(op.results)} results, evaluate gave {len(given)}"
    arrays = [np.asarray(a) if isinstance(v.type, TensorType) else a for v, a in zip(op.results, given, strict=True)]
    # Twice where symbols are new: an expression may come before the symbols in it.
    for defines in (True, False) if op.defines_symbols else (False,):
        for number, (value, array) in enumerate(zip(op.results, arrays, strict=True)):
            if text := mismatch(value.type, array, symbols, defines=defines):
                raise op.error(f"result {number} {text}")
    return arrays


def mismatch(type: Type, value: Any, symbols: Symbols, *, defines: bool) -> str:
    """What keeps `value` from being of this type, in words, or "".

    `defines` lets a dim that is a symbol without a value give it one; expressions with such symbols are not checked.
    """
    match type:
        case TensorType():
            return _tensor_mismatch(type, value, symbols, defines)
        case SequenceType() if not isinstance(value, list):
            return f"must be a list for {type}, got {value!r}"
        case SequenceType():
            found = (mismatch(type.element, item, symbols, defines=defines) for item in value)
            return next((f"holds an element that {text}" for text in found if text), "")
        case _:
            return "" if value is None else mismatch(type.element, value, symbols, defines=defines)


def _tensor_mismatch(type: TensorType, array: Any, symbols: Symbols, defines: bool) -> str:
    if not isinstance(array, np.ndarray):
        return f"must be an array for {type}, got {array!r}"
    if _dtype_of(array) is not type.dtype:
        return f"has elements of {array.dtype}, its type is {type}"
    if type.shape is None:
        return ""
    if array.ndim != len(type.shape):
        return f"has shape {list(array.shape)} of rank {array.ndim}, its type is {type}"
    for axis, (size, dim) in enumerate(zip(array.shape, type.shape, strict=True)):
        known: Dim = substitute(dim, symbols)
        if is_static(known):
            if known != size:
                return f"has shape {list(array.shape)}: dim {axis} must be {_explained(dim, symbols)}, got {size}"
        elif defines and str(known) in symbols_of(known):
            symbols[str(known)] = size
    return ""


def _dtype_of(array: Any) -> DType | None:
    try:
        return DType.of(array.dtype)
    except KeyError:
        return None


def _explained(dim: Dim, symbols: Mapping[str, int]) -> str:
    number = substitute(dim, symbols)
    values = ", ".join(f"{name} = {symbols[name]}" for name in symbols_of(dim))
    return f"{number}" if is_static(dim) else f"{dim} = {number}" + ("" if str(dim) in symbols else f" with {values}")


def _fields(op: Op, operands: Sequence[Any]) -> list[Any]:
    fields: list[Any] = []
    at = 0
    for spec, size in zip(op.signature.operands, op.segment_sizes, strict=True):
        group = list(operands[at : at + size])
        at += size
        fields.append(group if spec.kind == "variadic" else group[0] if group else None)
    return fields


def _resolved(op: Op, symbols: Symbols) -> Op:
    """`op` itself, or a stand-in whose dim attributes are numbers: `evaluate` meets no symbols."""
    changed: dict[str, Any] = {}
    for spec in op.signature.attributes:
        given = op.attributes[spec.name]
        if spec.kind == "dim" and given is not None and not is_static(given):
            changed[spec.name] = substitute(given, symbols)
        elif spec.kind == "dims" and given is not None and not all(is_static(d) for d in given):
            changed[spec.name] = tuple(substitute(d, symbols) for d in given)
        elif spec.kind == "types" and given is not None:
            changed[spec.name] = tuple(_with_numbers(t, symbols) for t in given)
    if not changed:
        return op
    stand_in = copy.copy(op)
    stand_in.attributes = {**op.attributes, **changed}
    return stand_in


def _with_numbers(type: Type, symbols: Symbols) -> Type:
    """A tensor type with the known symbols in its shape replaced; other types as they are."""
    if not isinstance(type, TensorType) or type.shape is None:
        return type
    return type.with_shape(tuple(substitute(d, symbols) for d in type.shape))


def _body(block: Block, outer: Mapping[Value, Any], symbols: Mapping[str, int]) -> Callable[..., tuple[Any, ...]]:
    def body(*arguments: Any) -> tuple[Any, ...]:
        return tuple(run_block(block, arguments, outer, symbols))

    return body
