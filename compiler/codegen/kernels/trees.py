"""TreeEnsemble and LabelEncoder: attributes as tables in the object code, one unit per sample or element."""

from __future__ import annotations

import math as constants
from typing import Any

import numpy as np
from llvmlite import ir

from mlc.codegen import registers
from mlc.codegen.builder import I64, Num
from mlc.codegen.elements.arithmetic import larger, smaller
from mlc.codegen.kernel import Kernel
from mlc.codegen.kernels.keys import rising
from mlc.codegen.registry import NoKernel, kernel
from mlc.codegen.schedule import Plan
from mlc.ir import Array, DType
from mlc.ops import LabelEncoder, TreeEnsemble

Element = Any  # ir.Value; llvmlite is untyped

COMPARISONS = ("<=", "<", ">=", ">", "==", "!=", "in")


@kernel(TreeEnsemble)
def tree_ensemble(plan: Plan, op: TreeEnsemble) -> None:
    """Tree after tree from its root to a leaf."""
    samples = op.x.tensor.dims[0]

    @plan.each(samples, cost=len(op.roots) * 64)
    def sample(k: Kernel, row: Any) -> None:
        Forest(k, op, row).write()


class Forest:
    """One sample while the kernel is written."""

    def __init__(self, k: Kernel, op: TreeEnsemble, row: Num) -> None:
        self.k, self.op, self.row = k, op, row
        self.dtype = DType.of(op.leaves.dtype)
        self.kind = registers.register_type(self.dtype)
        self.target_count = op.leaves.shape[1]
        self.leaves = k.table(op.leaves)
        self.totals = k.stack(self.kind, max(self.target_count, 1))
        self.counts = k.stack(I64, max(self.target_count, 1))

    def write(self) -> None:
        """Writes the sample's targets."""
        k, op = self.k, self.op
        start = {"min": constants.inf, "max": -constants.inf}.get(op.aggregate, 0.0)
        with k.loop(0, self.target_count) as target:
            k.store(self.totals, k.constant(self.dtype, start), target)
            k.store(self.counts, k.i64(0), target)
        roots = k.table(op.roots.astype(np.int64))
        with k.loop(0, len(op.roots)) as tree:
            at = k.variable(k.load(roots, I64, tree))
            with k.repeat() as stop_if:
                stop_if(k.compare("<", at.get(), 0))
                at.set(self._next(at.get()))
            self._say(k.sub(-1, at.get()))
        with k.loop(0, self.target_count) as target:
            total = k.load(self.totals, self.kind, target)
            if op.aggregate == "average":
                total = k.ir.fdiv(total, k.constant(self.dtype, len(op.roots)))
            is_empty = k.compare("==", k.load(self.counts, I64, target), 0)
            k.emit((self.row, target), k.select(is_empty, k.constant(self.dtype, 0), total))

    def _next(self, node: Num) -> Element:
        k, op = self.k, self.op
        if not len(op.features):
            return k.i64(-1)
        feature = k.load(k.table(op.features.astype(np.int64)), I64, node)
        value = k.read(k.tensor(op.x), (self.row, feature))
        holds = self._holds(node, value)
        if op.missing_is_true is not None:
            missing = k.load(k.table((op.missing_is_true != 0).astype(np.int64)), I64, node)
            is_missing = k.ir.and_(k.ir.fcmp_unordered("uno", value, value), k.compare("!=", missing, 0))
            holds = k.ir.or_(holds, is_missing)
        yes, no = (k.load(k.table(a.astype(np.int64)), I64, node) for a in (op.true_next, op.false_next))
        return k.select(holds, yes, no)

    def _holds(self, node: Num, value: Element) -> Element:
        k, op = self.k, self.op
        names = [name for name in COMPARISONS if name in op.comparisons]
        split = k.load(k.table(op.splits), registers.register_type(DType.of(op.splits.dtype)), node)
        answers = [self._compared(name, value, split) for name in names]
        result = answers[0]
        if len(names) > 1:
            codes = k.table(np.array([names.index(name) for name in op.comparisons], np.int64))
            code = k.load(codes, I64, node)
            for number, answer in enumerate(answers[1:], 1):
                result = k.select(k.compare("==", code, number), answer, result)
        return result

    def _compared(self, name: str, value: Element, split: Element) -> Element:
        k = self.k
        if name != "in":
            compare = k.ir.fcmp_unordered if name == "!=" else k.ir.fcmp_ordered
            return compare(name, *self._alike(value, split))
        members = self.op.members
        assert members is not None
        height, width = members.shape
        number = k.ir.select(k.ir.fcmp_ordered(">", split, k.like(0.0, split)), split, k.like(0.0, split))
        row = k.minimum(k.ir.fptosi(number, I64), height - 1)
        found = k.variable(ir.Constant(ir.IntType(1), 0))
        kind = registers.register_type(DType.of(members.dtype))
        with k.loop(0, width) as place:
            member = k.load(k.table(members), kind, k.add(k.mul(row, width), place))
            found.set(k.ir.or_(found.get(), k.ir.fcmp_ordered("==", *self._alike(value, member))))
        return found.get()

    def _alike(self, x: Element, y: Element) -> tuple[Element, Element]:
        """Both as f64 where their types differ."""
        if x.type == y.type:
            return x, y
        wide = ir.DoubleType()
        left, right = (v if v.type == wide else self.k.ir.fpext(v, wide) for v in (x, y))
        return left, right

    def _say(self, leaf: Num) -> None:
        """Adds what a leaf says."""
        k, op = self.k, self.op
        with k.loop(0, self.target_count) as target:
            said = k.load(self.leaves, self.kind, k.add(k.mul(leaf, self.target_count), target))
            total = k.load(self.totals, self.kind, target)
            match op.aggregate:
                case "min":
                    new = smaller(k, self.dtype, total, said)
                case "max":
                    new = larger(k, self.dtype, total, said)
                case _:
                    new = k.ir.fadd(total, said)
            is_said = k.ir.fcmp_ordered("ord", said, said)
            k.store(self.totals, k.select(is_said, new, total), target)
            k.store(self.counts, k.add(k.load(self.counts, I64, target), k.select(is_said, 1, 0)), target)


@kernel(LabelEncoder)
def label_encoder(plan: Plan, op: LabelEncoder) -> None:
    """Binary search among the sorted keys."""
    if op.keys.dtype == object or op.values.dtype == object:
        raise NoKernel("no kernel computes with strings")
    dtype, result = op.x.tensor.dtype, op.result.tensor.dtype
    keys, values = sorted_table(op.keys, op.values)
    count = op.x.tensor.element_count
    dims = op.x.tensor.dims

    @plan.each(count, cost=2 * max(len(keys), 1).bit_length())
    def one(k: Kernel, number: Any) -> None:
        x = k.read(k.tensor(op.x, (count,)), (number,))
        key = rising(k, dtype, x)
        default = registers.decoded(k, result, ir.Constant(registers.memory_type(result), _bits(op.default, result)))
        value = default
        if len(keys):
            kind = registers.memory_type(dtype)
            table, results = k.table(keys), k.table(values)

            def key_at(place: Num) -> Element:
                return rising(k, dtype, registers.decoded(k, dtype, k.load(table, kind, place)))

            low, high = k.variable(k.i64(0)), k.variable(k.i64(len(keys) - 1))
            with k.repeat() as stop_if:
                stop_if(k.compare(">=", low.get(), high.get()))
                middle = k.floordiv(k.add(low.get(), high.get()), 2)
                is_below = k.ir.icmp_signed("<", key_at(middle), key)
                low.set(k.select(is_below, k.add(middle, 1), low.get()))
                high.set(k.select(is_below, high.get(), middle))
            found = k.ir.icmp_signed("==", key_at(low.get()), key)
            there = registers.decoded(k, result, k.load(results, registers.memory_type(result), low.get()))
            value = k.select(found, there, default)
        k.emit(k.unravel(number, [k.dim(d) for d in dims]), value)


def sorted_table(keys: Array, values: Array) -> tuple[Array, Array]:
    """Keys in rising order, NaN behind them, and their values; of equal keys the last."""
    last: dict[object, int] = {}
    for place, key in enumerate(keys.tolist()):
        last["nan" if key != key else key] = place
    order = sorted(last.values(), key=lambda place: (bool(keys[place] != keys[place]), keys[place]))
    return keys[order], values[order]


def _bits(default: Array, dtype: DType) -> Any:
    number = default.reshape(-1)[0]
    return float(number) if dtype in (DType.F32, DType.F64) else int(number.view(f"u{number.itemsize}"))
