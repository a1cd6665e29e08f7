"""What a structured op computes: placed operands and a body where nothing is reduced, else the reduction that it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch_mlir.dialects import linalg

from mlc.frontend.mlir_import.graph import Graph
from mlc.frontend.mlir_import.loops.accesses import Access
from mlc.frontend.mlir_import.loops.body import Accumulation, Body, Position, Unchanged, Update
from mlc.frontend.mlir_import.loops.contraction import contract
from mlc.frontend.mlir_import.loops.nest import Nest, Operand, extents_of
from mlc.frontend.mlir_import.loops.term import Term, result, term_of
from mlc.frontend.mlir_import.loops.windows import convolve, image_of, pool
from mlc.frontend.mlir_import.types import dtype_of
from mlc.ir import DType, Value
from mlc.ops import ArgMax, ArgMin, Expand, constant_value

_PRODUCTS = ("arith.mulf", "arith.muli", "arith.andi")


def import_structured(g: Graph, operands: Sequence[Value], block: Any) -> list[Value]:
    """The results of the structured op in hand. Raises CompileError for what is not understood, Unavailable."""
    return _Structured(g, operands, block).results()


class _Structured:
    def __init__(self, g: Graph, operands: Sequence[Value], block: Any) -> None:
        self.g = g
        maps = [attribute.value for attribute in linalg.get_indexing_maps(g.operation)]
        self.operands = [Operand(v, Access.of(m)) for v, m in zip(operands, maps, strict=True)]
        count = len(operands) - len(g.operation.results)
        self.inputs, self.outputs = self.operands[:count], self.operands[count:]
        self.body = Body(g, block, count)
        self.nest = Nest(g, extents_of(g, self.operands, maps[0].n_dims))
        written = [axis for axis in self.outputs[0].access.axes if axis is not None]
        self.parallel = tuple(dict.fromkeys(loop for axis in written for loop in axis.loops))
        self.reduced = tuple(loop for loop in range(maps[0].n_dims) if loop not in self.parallel)

    def results(self) -> list[Value]:
        for number, output in enumerate(self.outputs):
            if {loop for axis in output.access.axes if axis is not None for loop in axis.loops} != set(self.parallel):
                raise self.g.error(f"outputs 0 and {number} are over different loops; give each an op of its own")
        if not self.reduced:
            return self._elementwise()
        updates = self.body.updates()
        return [self._reduction(number, update, updates) for number, update in enumerate(updates)]

    # --- nothing is reduced ---

    def _elementwise(self) -> list[Value]:
        self.nest.order = self.outputs[0].access.loops or self.nest.order
        placed: dict[int, Value] = {}
        values = self._computed(self.body.yielded, placed)
        return [
            result(self.g, self._term(value), output.access, output.value.tensor.dims)
            for value, output in zip(values, self.outputs, strict=True)
        ]

    def _computed(self, values: Sequence[Any], placed: dict[int, Value]) -> list[Value]:
        """MLIR's values for all turns, each broadcasting over the loops."""

        def argument(number: int) -> Value:
            if number not in placed:
                placed[number] = self.nest.place(self.operands[number])
            return placed[number]

        with self.g.over_loops(self.nest):
            made = self.body.compute(values, argument)
        return [self.g.value(x, self._dtype(v)) for x, v in zip(made, values, strict=True)]

    def _dtype(self, value: Any) -> DType:
        return dtype_of(value.type)

    def _term(self, value: Value) -> Term:
        """A value that broadcasts over the loops as a term with those that it has."""
        rank = value.tensor.rank
        loops = self.nest.order[len(self.nest.order) - rank :]
        dims = value.tensor.dims
        kept = [i for i, loop in enumerate(loops) if dims[i] != 1 or self.nest.extents[loop] == 1]
        return Term(self.g.reshape(value, [dims[i] for i in kept]), tuple(loops[i] for i in kept))

    # --- reductions ---

    def _reduction(self, number: int, update: Update, updates: Sequence[Update]) -> Value:
        output = self.outputs[number]
        match update:
            case Unchanged():
                return output.value
            case Position():
                return self._position(number, update, updates)
        assert isinstance(update, Accumulation)
        term = self._special(update, output) or self._reduced(update, output)
        dims = output.value.tensor.dims
        if isinstance(term, Value):
            return update.combiner.combine(self.g, output.value, term)
        return update.combiner.combine(self.g, output.value, result(self.g, term, output.access, dims))

    def _special(self, update: Accumulation, output: Operand) -> Term | None:
        """A matrix product, convolution or pool, where the reduction is one."""
        order = tuple(axis.loop for axis in output.access.axes if axis is not None and axis.loop is not None)
        definition = self.body.definition(update.term)
        if update.combiner.name == "add" and definition is not None and definition.name in _PRODUCTS:
            lhs, rhs = definition.operands
            return self._product(lhs, rhs, order)
        number = self._only_operand(update.term)
        if number is None:
            return None
        image = image_of(self.operands[number], self.parallel)
        if image is None or update.combiner.is_unsigned or update.combiner.skips_nan:
            return None
        taps = {window.tap for window in image.windows}
        if taps != set(self.reduced):
            return None
        value = self._raw(update.term, number)
        raw = image_of(Operand(value, self.operands[number].access), self.parallel)
        assert raw is not None
        return pool(self.g, raw, update.combiner.name, self.nest.extents)

    def _product(self, x: Any, y: Any, order: tuple[int, ...]) -> Term | None:
        left, right = self._only_operand(x), self._only_operand(y)
        if left is None or right is None or left == right:
            return None
        accesses = self.operands[left].access, self.operands[right].access
        walked = {loop for access in accesses for axis in access.axes if axis is not None for loop in axis.loops}
        if not walked.issuperset(self.reduced):  # each term is added up as often as the other loops turn
            return None
        if all(access.loops is not None or _has_ones(access) for access in accesses):
            parallel = frozenset(self.parallel)
            terms = [
                term_of(self.g, self._raw(v, n), self.operands[n].access, parallel) for v, n in ((x, left), (y, right))
            ]
            if terms[0] is None or terms[1] is None:
                return None
            return contract(self.g, terms[0], terms[1], order)
        for (image_value, image_number), (filters, filter_number) in (
            ((x, left), (y, right)),
            ((y, right), (x, left)),
        ):
            if image_of(self.operands[image_number], self.parallel) is None:
                continue
            weights = self.operands[filter_number].access.loops
            if weights is None:
                continue
            image = image_of(
                Operand(self._raw(image_value, image_number), self.operands[image_number].access), self.parallel
            )
            assert image is not None
            return convolve(self.g, image, Term(self._raw(filters, filter_number), weights), order, self.nest.extents)
        return None

    def _only_operand(self, value: Any) -> int | None:
        """The one tensor that the value is computed from, elementwise and with numbers; None for anything else."""
        if not self.body.is_pointwise(value):
            return None
        tensors = [n for n in self.body.read([value]) if self.operands[n].access.axes]
        return tensors[0] if len(tensors) == 1 else None

    def _raw(self, value: Any, number: int) -> Value:
        """The value with the axes of operand `number`, not of the loops."""
        operand = self.operands[number]
        with self.g.over_loops(self.nest):
            (made,) = self.body.compute([value], lambda n: self.operands[n].value)
        return self.g.expand(self.g.value(made, self._dtype(value)), operand.value.tensor.dims)

    def _reduced(self, update: Accumulation, output: Operand) -> Term | Value:
        """Any reduction: the terms of all turns, reduced over axes."""
        self.nest.order = tuple(range(len(self.nest.extents)))
        (value,) = self._computed([update.term], {})
        value = self._over_reduced(value)
        axes = tuple(a for a, loop in enumerate(self._loops_of(value)) if loop in self.reduced)
        if _keeps_dims(output, self.reduced) and value.tensor.rank == len(self.nest.order):
            made = update.combiner.reduce(self.g, value, axes, output.value, keep_dims=True)
            return self.g.expand(made, output.value.tensor.dims)
        loops = tuple(loop for loop in self._loops_of(value) if loop not in self.reduced)
        made = update.combiner.reduce(self.g, value, axes, output.value, keep_dims=False)
        return Term(*_without_ones(self.g, made, loops, self.nest))

    def _over_reduced(self, value: Value) -> Value:
        """The value broadcast along the loops that are reduced."""
        dims = value.tensor.dims
        missing = len(self.nest.order) - len(dims)
        full = [
            self.nest.extents[loop] if loop in self.reduced else dims[i - missing] if i >= missing else 1
            for i, loop in enumerate(self.nest.order)
        ]
        first = min(missing, *(i for i, loop in enumerate(self.nest.order) if loop in self.reduced))
        return self.g.expand(value, full[first:])

    def _loops_of(self, value: Value) -> tuple[int, ...]:
        return self.nest.order[len(self.nest.order) - value.tensor.rank :]

    def _position(self, number: int, update: Position, updates: Sequence[Update]) -> Value:
        """Where the best term is: an index along the one loop that is reduced."""
        best, output = updates[update.of], self.outputs[number]
        assert isinstance(best, Accumulation)
        start = constant_value(_unexpanded(output.value))
        definition = self._through_casts(update.index)
        is_index = definition is not None and definition.name == "linalg.index"
        if len(self.reduced) != 1 or not is_index or definition.attributes["dim"].value != self.reduced[0]:
            raise self.g.error(f"output {number} is chosen by a comparison, but is not the number of the reduced loop")
        if start is None or start.any():
            raise self.g.error(f"output {number} must begin at 0")
        if not best.combiner.begins_neutral(self.outputs[update.of].value):
            raise self.g.error(f"output {update.of}, whose position is looked for, must begin at its neutral number")
        self.nest.order = tuple(range(len(self.nest.extents)))
        (value,) = self._computed([best.term], {})
        value = self._over_reduced(value)
        axis = self._loops_of(value).index(self.reduced[0])
        kind = ArgMax if best.combiner.name == "max" else ArgMin
        made = self.g(kind(value, axis=axis, keep_dims=False, picks_last=update.picks_last))
        loops = tuple(loop for loop in self._loops_of(value) if loop not in self.reduced)
        term = Term(*_without_ones(self.g, self.g.cast(made, output.value.tensor.dtype), loops, self.nest))
        return result(self.g, term, output.access, output.value.tensor.dims)

    def _through_casts(self, value: Any) -> Any:
        definition = self.body.definition(value)
        while definition is not None and definition.name in ("arith.index_cast", "arith.trunci", "arith.extsi"):
            definition = self.body.definition(definition.operands[0])
        return definition


def _unexpanded(value: Value) -> Value:
    return value.op.x if isinstance(value.op, Expand) else value


def _has_ones(access: Access) -> bool:
    """Whether the axes are loops, each once, and axes of 1 that are always read at 0."""
    loops = [axis.loop for axis in access.axes if axis is not None and axis.coefficients]
    is_plain = all(a is not None and (a.loop is not None or not (a.coefficients or a.constant)) for a in access.axes)
    return is_plain and len(set(loops)) == len(loops)


def _keeps_dims(output: Operand, reduced: tuple[int, ...]) -> bool:
    """Whether the output has all loops in order, and an axis of 1 for each that is reduced."""
    axes = output.access.axes
    for place, axis in enumerate(axes):
        if axis is None or (axis.loop != place and (place not in reduced or axis.coefficients or axis.constant)):
            return False
    return len(axes) > max(reduced)


def _without_ones(g: Graph, value: Value, loops: tuple[int, ...], nest: Nest) -> tuple[Value, tuple[int, ...]]:
    dims = value.tensor.dims
    kept = [i for i, loop in enumerate(loops) if dims[i] != 1 or nest.extents[loop] == 1]
    return g.reshape(value, [dims[i] for i in kept]), tuple(loops[i] for i in kept)
