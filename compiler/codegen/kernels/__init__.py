"""Kernels by family; importing this package fills `KERNELS` of mlc.codegen.registry.

How to write one. A planning function gets the plan of a group whose root is the op, and adds launches to it:

    @kernel(CumSum)
    def cum_sum(plan: Plan, op: CumSum) -> None:
        '''One unit per line along the axis; the sum runs along it in order.'''
        outer, extent, inner = around_axis(op.x.tensor.dims, op.axis)

        @plan.each(outer * inner, cost=extent)
        def line(k: Kernel, number: Any) -> None:
            o, i = k.unravel(number, (k.dim(outer), k.dim(inner)))
            x, y = k.tensor(op.x, (outer, extent, inner)), k.tensor(op.result, (outer, extent, inner))
            total = k.variable(k.constant(dtype, 0))
            with k.loop(0, k.dim(extent)) as n:
                total.set(k.ir.fadd(total.get(), k.read(x, (o, n, i))))
                k.write(y, (o, n, i), total.get())

- A unit is what one thread takes at least: units run in any order and at once, so each must write its own elements, and
  a result must not depend on how units are shared out. `cost` is a unit's work in elements touched; small totals run on
  one thread.
- `k.dim(d)` is an int for a static extent and an i64 value for a symbolic one; index arithmetic goes through k.add,
  k.mul, k.floordiv..., which take both. Extents may be 0: loops do nothing then.
- `k.tensor(value)` is its dense tensor, `k.tensor(value, dims)` another view of the same bytes. `k.read` and `k.write`
  move elements between memory and registers (mlc.codegen.registers: bool is i1, narrow floats are f32, 4-bit ints i8).
- `for i in k.across(0, n, lanes)` writes its body twice: once with `i` a ramp of lanes, where read gives a vector, and
  once with a scalar for the rest. Accumulators across iterations are `k.variable(initial)`.
- Results other ops are fused behind: end with `k.emit(index, value)` instead of k.write(k.tensor(op.result), ...).
  Every kernel whose op has one result should, since fuse may put elementwise ops behind any op. With
  `@kernel(Op, prologue=True)` operands are read by `k.value_of(op.x, index)`, so that ops before it fuse as well.
- `plan.temporary(dtype, *dims)` is scratch memory between launches, `plan.prepared(...)` a constant rearranged at
  compile time, `plan.inline(emit, *storages)` code in main: checks of data (`m.require`), shapes known only at run time
  (`m.resolve`). `plan.choose(name, value)` records a choice for the printed schedule;
  `plan.choice(name, candidates, cost=..., label=..., why=...)` makes one that `mlc tune` may make otherwise.
- What has no kernel in some form raises NoKernel("reason"): the op becomes a host step, and the reason is shown.
- The body may depend on the op, the types of its values, which operands are constant, and the target: two groups equal
  in these share one kernel. It must not look at the values' names or contents, except of immediates.
"""

from __future__ import annotations

from mlc.codegen.kernels import (
    arg,
    attention,
    boxes,
    checks,
    col2im,
    conv,
    deform,
    determinant,
    draw,
    elementwise,
    fourier,
    grid,
    matmul,
    mel,
    ngrams,
    norm,
    pool,
    recurrent,
    reduce,
    resize,
    running,
    scatter,
    select,
    softmax,
    suppress,
    top_k,
    trees,
    unpool,
)

__all__ = [
    "arg",
    "attention",
    "boxes",
    "checks",
    "col2im",
    "conv",
    "deform",
    "determinant",
    "draw",
    "elementwise",
    "fourier",
    "grid",
    "matmul",
    "mel",
    "ngrams",
    "norm",
    "pool",
    "recurrent",
    "reduce",
    "resize",
    "running",
    "scatter",
    "select",
    "softmax",
    "suppress",
    "top_k",
    "trees",
    "unpool",
]
