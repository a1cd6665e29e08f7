"""The process that runs MLIR: reads requests from standard input, writes what became of their functions to its output.

MLIR may end its process (an assertion, a crash in a pass), so the compiler runs it here and stays alive. Before each
step its name goes to standard error: the last line says where a crash was.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from typing import Any

from torch_mlir import ir
from torch_mlir.dialects import arith, bufferization, linalg, llvm, scf
from torch_mlir.passmanager import PassManager

from mlc.child_process import live_with_parent
from mlc.codegen.mlir import pipeline
from mlc.codegen.mlir.accumulators import keep_in_registers, unmask_products
from mlc.codegen.mlir.math_calls import call_own_math
from mlc.codegen.mlir.sequences import Failure, Schedules, read, told
from mlc.codegen.mlir.walking import ops_named


def main() -> None:
    """Answers requests, one JSON text a line, until standard input ends."""
    live_with_parent()
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Lowers each function of the request, up to the first that MLIR refuses."""
    try:
        lowering = _Lowering(request["packaged"], request["schedule"], request["stages"], request["stop"])
    except Failure as failure:
        return {"functions": [], "failure": _told(failure, ""), "seconds": {}}
    replies: list[dict[str, Any]] = []
    failed: dict[str, str] | None = None
    for function in request["functions"]:
        try:
            replies.append(lowering.run(function))
        except (Failure, ir.MLIRError) as error:
            failed = _told(error if isinstance(error, Failure) else told(error), function["name"])
            break
    return {"functions": replies, "failure": failed, "seconds": lowering.seconds}


def _told(failure: Failure, function: str) -> dict[str, str]:
    return {"function": function, "message": failure.message, "where": failure.where}


class _Lowering:
    def __init__(self, packaged: Sequence[str], schedule: Sequence[str], kept: Sequence[str], stop: str) -> None:
        self.kept, self.stop = kept, stop
        self.seconds: dict[str, float] = {}
        self.context = ir.Context()
        self.context.enable_multithreading(False)
        self._managers: dict[str, Any] = {}
        with self.context:
            self.schedules = Schedules({one.name: one for text in packaged for one in read("", text)})
            if schedule:
                self.schedules = self.schedules.replaced_by(*schedule)

    def run(self, function: dict[str, Any]) -> dict[str, Any]:
        """The texts of the wanted stages of one function."""
        self._name = function["name"]
        texts: dict[str, str] = {}
        with self.context, ir.Location.unknown():
            module = self._step("parse", lambda: ir.Module.parse(f"module {{\n{function['text']}\n}}"))
            for stage in pipeline.STAGES[1:]:
                match stage:
                    case "vector":
                        self._schedule(module, function)
                        self._passes(module, pipeline.VECTOR)
                        self._step("masked tiles", lambda: _keep_masked_tiles(module))
                        self._step("order of factors", lambda: _order_factors(module))
                    case "bufferized":
                        _materialize(module, function["outputs"])
                        self._passes(module, pipeline.BUFFERIZED)
                    case "llvm-dialect":
                        self._step("parallel loop", lambda: _take_part(module, function["parts"]))
                        self._passes(module, pipeline.LOOPS)
                        self._step("own math", lambda: call_own_math(module))
                        self._passes(module, pipeline.LLVM_DIALECT)
                    case "llvm":
                        _check_lowered(module)
                        texts[stage] = self._step(
                            "translate", lambda: llvm.translate_module_to_llvmir(module.operation)
                        )
                if stage in self.kept and stage != "llvm":
                    texts[stage] = str(module)
                if stage == self.stop:
                    break
        return {"name": function["name"], "stages": texts}

    def _schedule(self, module: Any, function: dict[str, Any]) -> None:
        """Runs the named sequence of the function's family on it; a later schedule's sequence replaces an earlier's."""
        family = function["family"]
        if family in pipeline.UNSCHEDULED:
            return
        text = self.schedules.driver(str(module.body.operations[0]), family, function["parameters"])
        whole = self._step(f"schedule @{family}", lambda: ir.Module.parse(text))

        def interpret() -> None:
            self._manager("transform-interpreter").run(whole.operation)

        self._step(f"schedule @{family}", interpret)
        tiled = next(op for op in whole.body.operations if op.operation.name == "func.func")
        module.body.operations[0].operation.erase()
        module.body.append(tiled)

    def _passes(self, module: Any, passes: Sequence[str]) -> None:
        for text in passes:
            self._step(text.partition("{")[0], lambda text=text: self._manager(text).run(module.operation))

    def _manager(self, text: str) -> Any:
        if text not in self._managers:
            try:
                self._managers[text] = PassManager.parse(f"builtin.module({text})")
            except ValueError as error:
                raise Failure(f"this torch-mlir does not know the pass {text}: {error}") from None
        return self._managers[text]

    def _step(self, name: str, run: Any) -> Any:
        print(f"at @{self._name}: {name}", file=sys.stderr, flush=True)
        start = time.perf_counter()
        try:
            return run()
        except ir.MLIRError as error:
            failure = told(error)
            raise Failure(f"{name}: {failure.message}", failure.where) from None
        except (ValueError, RuntimeError) as error:
            raise Failure(f"{name}: {error}") from None
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start


def _materialize(module: Any, outputs: Sequence[int]) -> None:
    """Copies a result that is an operand to its destination; any other was computed there."""
    func = next(op for op in module.body.operations if op.operation.name == "func.func")
    block = func.regions[0].blocks[0]
    stop = block.operations[len(block.operations) - 1]
    for number, argument in enumerate(outputs):
        target = block.arguments[argument]
        if not isinstance(stop.operands[number].owner, ir.Block):
            continue
        with ir.InsertionPoint(stop):
            tied = bufferization.MaterializeInDestinationOp(target.type, stop.operands[number], target)
        stop.operands[number] = tied.results[0]


def _take_part(module: Any, parts: int) -> None:
    """Gives the function its range: of `parts` equal parts of its parallel loop it runs those in [begin, end)."""
    func = next(op for op in module.body.operations if op.operation.name == "func.func")
    block = func.regions[0].blocks[0]
    index = ir.IndexType.get()
    begin, end = block.add_argument(index, ir.Location.unknown()), block.add_argument(index, ir.Location.unknown())
    old = ir.FunctionType(ir.TypeAttr(func.attributes["function_type"]).value)
    func.attributes["function_type"] = ir.TypeAttr.get(ir.FunctionType.get([*old.inputs, index, index], old.results))
    if "arg_attrs" in func.attributes:
        del func.attributes["arg_attrs"]
    if old.results:
        raise Failure("the stage's result does not lie in its destination: the schedule made a buffer of it")
    _replace_copies(func)
    foralls = [op for op in block.operations if op.operation.name == "scf.forall"]
    if len(foralls) > 1:
        raise Failure(f"the schedule left {len(foralls)} parallel loops behind each other; a stage has one")
    if foralls:
        _sequential(foralls[0], begin, end, parts)
    elif parts > 1:
        _once(block, begin, end)


def _check_lowered(module: Any) -> None:
    """Raises Failure for an op that is not LLVM's: translating one crashes."""
    left: list[str] = []

    def visit(op: Any) -> Any:
        if not op.name.startswith("llvm.") and op.name != "builtin.module":
            left.append(op.name)
        return ir.WalkResult.ADVANCE

    module.operation.walk(visit)
    if left:
        raise Failure(f"{left[0]} was not lowered to the llvm dialect")


def _keep_masked_tiles(module: Any) -> None:
    unmask_products(module)
    keep_in_registers(module)


def _order_factors(module: Any) -> None:
    """Swaps the factors of a contraction where the left one has the columns: elements of the left one are splatted."""
    for op in ops_named(module, "vector.contract"):
        maps = [ir.AffineMapAttr(m).value for m in op.attributes["indexing_maps"]]
        columns = str(maps[2].results[len(maps[2].results) - 1])
        left, right = ({str(e) for e in m.results} for m in maps[:2])
        if columns in left and columns not in right:
            op.attributes["indexing_maps"] = ir.ArrayAttr.get([ir.AffineMapAttr.get(maps[n]) for n in (1, 0, 2)])
            first, second = op.operands[0], op.operands[1]
            op.operands[0], op.operands[1] = second, first


def _replace_copies(func: Any) -> None:
    """memref.copy becomes linalg.copy: its own lowering calls a library that is not there."""
    for op in ops_named(func, "memref.copy"):
        with ir.InsertionPoint(op):
            linalg.copy(op.operands[0], outs=[op.operands[1]])
        op.erase()


def _sequential(forall: Any, begin: Any, end: Any, parts: int) -> None:
    """The forall as a loop over this call's part of its flattened index space."""
    index = ir.IndexType.get()
    with ir.InsertionPoint(forall.operation):

        def constant(number: int) -> Any:
            return arith.ConstantOp(index, number).result

        extents = _upper_bounds(forall, constant)
        total = constant(1)
        for extent in extents:
            total = arith.muli(total, extent)
        count = constant(parts)
        first = arith.divui(arith.muli(begin, total), count)
        last = arith.divui(arith.muli(end, total), count)
        loop = scf.ForOp(first, last, constant(1))
    with ir.InsertionPoint(loop.body):
        number = loop.induction_variable
        places: list[Any] = []
        for extent in reversed(extents[1:]):
            places.append(arith.remui(number, extent))
            number = arith.divui(number, extent)
        places.append(number)
        stop = scf.YieldOp([])
    body = forall.regions[0].blocks[0]
    for argument, place in zip(body.arguments, reversed(places), strict=True):
        argument.replace_all_uses_with(place)
    for op in list(body.operations)[:-1]:
        op.operation.move_before(stop.operation)
    forall.operation.erase()


def _once(block: Any, begin: Any, end: Any) -> None:
    """What has no parallel loop runs in the first part alone: a loop over [begin, end) that ends at 1."""
    index = ir.IndexType.get()
    whole = list(block.operations)[:-1]
    with ir.InsertionPoint.at_block_begin(block):
        one = arith.ConstantOp(index, 1).result
        loop = scf.ForOp(begin, arith.minui(end, one), one)
    with ir.InsertionPoint(loop.body):
        stop = scf.YieldOp([])
    for op in whole:
        op.operation.move_before(stop.operation)


def _upper_bounds(forall: Any, constant: Any) -> list[Any]:
    """The extents of a normalized forall (from 0 by 1)."""
    static = list(ir.DenseI64ArrayAttr(forall.attributes["staticUpperBound"]))
    lower = list(ir.DenseI64ArrayAttr(forall.attributes["staticLowerBound"]))
    step = list(ir.DenseI64ArrayAttr(forall.attributes["staticStep"]))
    if any(n != 0 for n in lower) or any(n != 1 for n in step):
        raise Failure("the parallel loop must run from 0 by 1")
    dynamic = iter(forall.operands)
    return [next(dynamic) if n < 0 else constant(n) for n in static]


if __name__ == "__main__":
    main()
