"""TOSA's branches and loops, and what has no meaning in a compiled model. TOSA 1.0, sections 2.13 and 2.15."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlc.frontend.mlir_import.graph import Graph
from mlc.frontend.mlir_import.operators.regions import Body, branch, repeat
from mlc.frontend.mlir_import.registry import Imported, mlir_op
from mlc.ir import Value


@mlir_op("tosa.cond_if")
def cond_if(g: Graph, condition: Value, *input_list: Value) -> tuple[Value, ...] | Value:
    """What one of two regions makes of the inputs."""
    blocks = [region.blocks[0] for region in g.operation.regions]
    kinds = [k for k in g.declared if k is not None]

    def of(block: Any) -> Body:
        return lambda _: g.run(block, input_list)

    results = branch(g, condition, [of(block) for block in blocks], kinds)
    return results[0] if len(results) == 1 else results


@mlir_op("tosa.while_loop")
def while_loop(g: Graph, *input_list: Value) -> tuple[Value, ...] | Value:
    """The inputs, put through the second region as long as the first says so."""
    condition, body = (region.blocks[0] for region in g.operation.regions)

    def goes_on(values: Sequence[Value]) -> Sequence[Imported]:
        return g.run(condition, values)

    def turn(values: Sequence[Value]) -> Sequence[Imported]:
        return g.run(body, values)

    results = repeat(g, input_list, goes_on, turn)
    return results[0] if len(results) == 1 else results


@mlir_op("tosa.custom", ignores=("implementation_attrs",))
def custom(g: Graph, *input_list: Value, operator_name: str, domain_name: str) -> tuple[Value, ...]:
    """An operator outside of TOSA."""
    raise g.error(f"operator '{operator_name}' of domain '{domain_name}' is none of TOSA's; express it in TOSA's own")
