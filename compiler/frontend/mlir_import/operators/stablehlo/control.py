"""StableHLO's branches and loops, composites, custom calls, and what only other devices would notice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mlc.frontend.mlir_import.graph import Graph
from mlc.frontend.mlir_import.operators.func import call
from mlc.frontend.mlir_import.operators.regions import Body, branch, repeat
from mlc.frontend.mlir_import.operators.stablehlo.reduce import one_or_all
from mlc.frontend.mlir_import.registry import Imported, find_operator, mlir_op
from mlc.ir import DType, Value
from mlc.ops import And, LessOrEqual, Where


@mlir_op("stablehlo.if")
def if_(g: Graph, pred: Value) -> tuple[Value, ...] | Value:
    """What the first region returns where pred holds, else what the second does."""
    kinds = [k for k in g.declared if k is not None]
    return one_or_all(branch(g, pred, [_body(g, r.blocks[0]) for r in g.operation.regions], kinds))


@mlir_op("stablehlo.case")
def case(g: Graph, index: Value) -> tuple[Value, ...] | Value:
    """What the region of this number returns; the last one's for a number that has none."""
    bodies = [_body(g, r.blocks[0]) for r in g.operation.regions]
    kinds = [k for k in g.declared if k is not None]
    if len(bodies) == 1:
        results = bodies[0](())
        return one_or_all([g.value(x, k.dtype) for x, k in zip(results, kinds, strict=True)])
    return one_or_all(_chosen(g, index, bodies, kinds))


def _chosen(g: Graph, index: Value, bodies: Sequence[Body], kinds: Sequence[Any]) -> tuple[Value, ...]:
    """Halves the regions: those up to the middle one, or the others. A negative number has none, so the last."""
    zero, last = g.scalar(0, DType.I32), g.scalar(len(bodies) - 1, DType.I32)
    is_one = g(And(g(LessOrEqual(zero, index)), g(LessOrEqual(index, last))))
    return _among(g, g(Where(is_one, index, last)), 0, bodies, kinds)


def _among(g: Graph, index: Value, first: int, bodies: Sequence[Body], kinds: Sequence[Any]) -> tuple[Value, ...]:
    half = len(bodies) // 2
    is_low = g(LessOrEqual(index, g.scalar(first + half - 1, DType.I32)))

    def of(part: Sequence[Body], start: int) -> Body:
        if len(part) == 1:
            return part[0]
        return lambda _: _among(g, index, start, part, kinds)

    return branch(g, is_low, [of(bodies[:half], first), of(bodies[half:], first + half)], kinds)


def _body(g: Graph, block: Any) -> Body:
    return lambda arguments: g.run(block, arguments)


@mlir_op("stablehlo.while")
def while_(g: Graph, *operand: Value) -> tuple[Value, ...] | Value:
    """The operands, put through the second region as long as the first says so."""
    condition, body = (_body(g, r.blocks[0]) for r in g.operation.regions)
    return one_or_all(repeat(g, operand, condition, body))


@mlir_op("stablehlo.composite", ignores=("version",))
def composite(
    g: Graph, *inputs: Value, name: str, decomposition: str, composite_attributes: Any = None
) -> tuple[Imported, ...] | Imported | None:
    """An op by its name where mlc has it whole, else what its decomposition computes."""
    has_attributes = composite_attributes is not None and len(composite_attributes) > 0
    operator = None if has_attributes else find_operator(name)
    if operator is not None and len(operator.operands) == len(inputs):
        made: tuple[Imported, ...] | Imported | None = operator.function(g, *inputs)
        return made
    return call(g, *inputs, callee=decomposition)


# Calls that say where values are, on which of several devices: one has them all.
_PLACEMENT = frozenset(
    {"Sharding", "SPMDFullToShardShape", "SPMDShardToFullShape", "annotate_device_placement", "LayoutConstraint"}
)


@mlir_op(
    "stablehlo.custom_call",
    ignores=(
        "api_version",
        "backend_config",
        "called_computations",
        "error_message",
        "has_side_effect",
        "operand_layouts",
        "result_layouts",
        "output_operand_aliases",
    ),
)
def custom_call(g: Graph, *inputs: Value, call_target_name: str) -> tuple[Value, ...] | Value:
    """The inputs themselves for calls about placement; nothing for assertions that the sizes of inputs make true."""
    if call_target_name in _PLACEMENT:
        return one_or_all(inputs)
    if call_target_name == "shape_assertion" and not g.declared:
        return ()
    raise g.error(f"the target @{call_target_name} is code outside of the model; export it without custom calls")


@mlir_op("stablehlo.optimization_barrier")
def optimization_barrier(g: Graph, *operand: Value) -> tuple[Value, ...] | Value | None:
    """The operands themselves."""
    return one_or_all(operand) if operand else None


@mlir_op("stablehlo.replica_id", "stablehlo.partition_id")
def replica_id(g: Graph) -> Value:
    """0: there is one."""
    return g.constant(np.zeros((), np.uint32))
