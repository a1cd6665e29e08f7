"""What the ledger costs: pass time on a graph of 10,000 nodes with it and without. Not a test; run it by hand.

    PYTHONPATH=build/python:tests python tests/bench_ledger.py

prints one row per pipeline. The bound of the design is 20 % of pass time.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Sequence

import numpy as np

from mlc.ir import DType, Function, Location, Module, Value, tensor
from mlc.ir.ledger import Ledger
from mlc.ops import Add, Constant, Exp, Matmul, Mul, Relu, Transpose
from mlc.passes import parse_pipeline
from mlc.rewrite import Pass

NODES = 10_000
PIPELINES = ("canonicalize", "fold", "cse", "dce", "fuse", "canonicalize,fold,cse,dce,fuse")
REPEATS = 5


def graph(nodes: int = NODES) -> Module:
    """Blocks of ten ops with something in them for every pass: repetitions, transposes that cancel, equal and dead ops,
    arithmetic on constants, epilogues."""
    module = Module("ledger")
    main = module.add(Function("main", [("x", tensor(DType.F32, 16, 16))]))
    value = main.inputs[0]
    number = 0

    def add(op: Value) -> Value:
        nonlocal number
        number += 1
        assert op.op is not None
        op.op.loc = Location.of(f"node{number}")
        main.append(op.op)
        return op

    while number < nodes:
        one = add(Constant(np.array(1.0, np.float32)).result)
        two = add(Add(one, one).result)
        weight = add(Constant(np.full((16, 16), 0.01, np.float32)).result)
        there = add(Transpose(value, perm=(1, 0)).result)
        back = add(Transpose(there, perm=(1, 0)).result)
        product = add(Matmul(back, weight).result)
        twice = add(Relu(add(Relu(product).result)).result)
        add(Exp(twice).result)
        value = add(Mul(two, twice).result)
    main.set_outputs([("y", value)])
    return module


def seconds(passes: Sequence[Pass], with_ledger: bool) -> float:
    """The passes' own time on a fresh graph; the garbage collector is off, as its moments are chance."""
    module = graph()
    ledger = Ledger()
    gc.collect()
    gc.disable()
    total = 0.0
    for item in passes:
        if with_ledger:
            ledger.enter_pass(type(item).pass_name())
            module.listener = ledger
        start = time.process_time()
        item.run(module)
        total += time.process_time() - start
    gc.enable()
    return total


def main() -> None:
    print(f"{'pipeline':36} {'without':>9} {'with':>9} {'cost':>7}   (CPU seconds, best of {REPEATS}, {NODES} nodes)")
    for text in PIPELINES:
        passes = parse_pipeline(text)
        pairs = [(seconds(passes, False), seconds(passes, True)) for _ in range(REPEATS)]
        without, with_ledger = min(a for a, _ in pairs), min(b for _, b in pairs)
        print(f"{text:36} {without:9.3f} {with_ledger:9.3f} {100 * (with_ledger / without - 1):6.1f}%")


if __name__ == "__main__":
    main()
