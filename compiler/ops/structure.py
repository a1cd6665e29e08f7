"""Ops that hold or end regions and compute nothing themselves: Yield, Fused.

An op with regions gets, in `evaluate`, one callable per region field after its operand fields. The callable takes one
array per block argument and returns the yielded arrays; values the region captures are bound by its caller.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mlc.ir import Array, Dim, Op, Region, Type, Value

RegionCall = Callable[..., Sequence[Array]]


class Yield(Op):
    """Ends a region; its operands are what the region gives back."""

    values: Sequence[Value]
    result_names = ()
    is_terminator = True

    def infer(self) -> tuple[Type, ...]:
        return ()


class Fused(Op):
    """The ops of `body` as one kernel: results are what the body yields for block arguments equal to `inputs`.

    The body captures nothing. `kind` names the pattern for schedules and dumps ("elementwise", "conv", ...); it does
    not change the meaning.
    """

    inputs: Sequence[Value]
    body: Region
    kind: str
    result_names = None
    is_isolated = True

    def infer(self) -> tuple[Type, ...]:
        arguments = [a.type for a in self.body.block.arguments]
        given = [v.type for v in self.inputs]
        if arguments != given:
            raise self.error(f"body takes {_listed(arguments)} but inputs are {_listed(given)}")
        return tuple(v.type for v in yielded(self, self.body))

    def evaluate(self, inputs: list[Array], body: RegionCall) -> Array | tuple[Array, ...]:
        outputs = tuple(body(*inputs))
        return outputs[0] if len(outputs) == 1 else outputs

    def flops(self) -> Dim:
        total: Dim = 0
        for op in self.body.block:
            total = total + op.flops()
        return total


def yielded(op: Op, region: Region) -> tuple[Value, ...]:
    """The operands of the Yield that ends `region` of `op`, or an error at `op` when none does."""
    last = region.block.last
    if not isinstance(last, Yield):
        raise op.error(f"a region must end in {Yield.name}, got {last.name if last is not None else 'an empty block'}")
    return last.operands


def _listed(types: Sequence[Type]) -> str:
    return "(" + ", ".join(str(t) for t in types) + ")"
