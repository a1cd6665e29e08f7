"""Common subexpression elimination."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mlc.ir import Array, Block, Module, Op, Purity, Region, Value
from mlc.passes.algebra import COMMUTATIVE
from mlc.rewrite import Pass

Key = tuple[Hashable, ...]

_SAMPLE_BYTES = 4096  # of each array go into its key; equal keys are compared whole


@dataclass(frozen=True)
class Cse(Pass):
    """Lets one op stand for all that compute the same from the same.

    %1 = exp(%0); %2 = exp(%0); %3 = add(%1, %2)  ->  %1 = exp(%0); %3 = add(%1, %1)

    Unchanged: random ops, and ops that differ in an attribute, a dtype or the bits of a constant. An op in a region may
    be replaced by one outside of it, never the other way round.
    """

    def run(self, module: Module) -> None:
        for function in module.functions.values():
            _Scope(module).visit(function.block)


@dataclass
class _Scope:
    """The ops of one block by key, and of the blocks around it; `numbers` gives each value a name that sorts."""

    module: Module
    parent: _Scope | None = None
    known: dict[Key, list[Op]] = field(default_factory=dict)
    numbers: dict[Value, int] = field(default_factory=dict)

    def visit(self, block: Block) -> None:
        for op in block:
            for region in op.regions:
                around = None if op.is_isolated else self
                _Scope(self.module, around, numbers=self.numbers).visit(region.block)
            if op.is_terminator or any(nested.purity is Purity.RANDOM for nested in op.walk()):
                continue
            key = self._key(op)
            if key is None:
                continue
            twin = self._find(key, op)
            if twin is None:
                self.known.setdefault(key, []).append(op)
            else:
                self._merge(op, twin)

    def _find(self, key: Key, op: Op) -> Op | None:
        found = next((known for known in self.known.get(key, ()) if _same_arrays(known, op)), None)
        return found if found is not None or self.parent is None else self.parent._find(key, op)

    def _merge(self, op: Op, twin: Op) -> None:
        with self.module.rewriting(op, rule="merge_equal", reason="an op before it computes the same"):
            self.module.replace(op, twin.results)
            if twin.operands:  # a constant's name is not a node's
                self.module.relocate(twin, twin.loc.fused_with(op.loc))

    def _key(self, op: Op) -> Key | None:
        """Equal for ops that compute the same, large arrays apart; None for an op whose regions capture values."""
        if op.regions and not op.is_isolated:
            return None
        operands = [self.numbers.setdefault(v, len(self.numbers)) for v in op.operands]
        if isinstance(op, COMMUTATIVE):
            operands.sort()
        regions = tuple(_region_key(region, {}) for region in op.regions)
        return (op.name, tuple(operands), op.segment_sizes, attributes_key(op), _types(op.results), regions)


def _types(values: Any) -> Hashable:
    return tuple(v.type for v in values)


def _region_key(region: Region, numbers: dict[Value, int]) -> Key:
    """The block's ops in order, values numbered within it; for regions that capture nothing."""
    for value in region.block.arguments:
        numbers[value] = len(numbers)
    keys: list[Hashable] = [_types(region.block.arguments)]
    for op in region.block:
        operands = tuple(numbers[v] for v in op.operands)
        inner = tuple(_region_key(r, numbers) for r in op.regions)
        for value in op.results:
            numbers[value] = len(numbers)
        arrays = tuple(a.tobytes() if a.dtype != object else tuple(a.reshape(-1).tolist()) for a in _arrays(op))
        keys.append((op.name, operands, op.segment_sizes, attributes_key(op), _types(op.results), arrays, inner))
    return tuple(keys)


def attributes_key(op: Op) -> Hashable:
    """The attributes as something hashable: -0.0 is not 0.0, a NaN is itself, of an array a sample of its bytes."""
    return tuple(_attribute_key(op.attributes[spec.name]) for spec in op.signature.attributes)


def _attribute_key(value: Any) -> Hashable:
    match value:
        case bool():
            return ("bool", value)
        case float():
            return struct.pack("<d", value)
        case tuple():
            return tuple(_attribute_key(v) for v in value)
        case np.ndarray():
            return (str(value.dtype), value.shape, _sample(value))
        case _:
            hashable: Hashable = value
            return hashable


def _sample(array: Array) -> Hashable:
    if array.dtype == object:
        return tuple(str(v) for v in array.reshape(-1)[:16])
    flat = array.reshape(-1)
    step = max(1, array.nbytes // _SAMPLE_BYTES)
    return zlib.crc32(np.ascontiguousarray(flat[::step]).tobytes())


def _arrays(op: Op) -> list[Array]:
    return [v for v in op.attributes.values() if isinstance(v, np.ndarray)]


def _same_arrays(one: Op, other: Op) -> bool:
    return all(_same_bits(a, b) for a, b in zip(_arrays(one), _arrays(other), strict=True))


def _same_bits(one: Array, other: Array) -> bool:
    if one is other:
        return True
    if one.dtype == object:
        return bool(np.array_equal(one, other))
    ours, theirs = (np.ascontiguousarray(a).reshape(-1).view(np.uint8) for a in (one, other))
    return bool(np.array_equal(ours, theirs))
