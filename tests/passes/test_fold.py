"""What fold leaves alone: what fails, and what is drawn at random."""

from __future__ import annotations

import numpy as np

from mlc.ir import DType, Function, Module, Op, Purity, TensorType, Value, tensor
from mlc.ops import Add, Constant, Gather
from mlc.passes import parse_pipeline
from mlc.rewrite import run_passes


class Dice(Op, dialect="test"):
    """x plus a number nobody knows."""

    x: Value
    purity = Purity.RANDOM

    def infer(self) -> TensorType:
        return self.x.tensor

    def evaluate(self, x: np.ndarray) -> np.ndarray:
        raise AssertionError("a random op was evaluated at compile time")


def constant(main: Function, *values: float, dtype: type = np.float32) -> Value:
    return main.append(Constant(np.array(values, dtype))).result


def remarks(module: Module, pipeline: str) -> list[str]:
    return [str(r) for r in run_passes(module, parse_pipeline(pipeline))[1].remarks()]


def test_an_op_that_fails_on_its_constants_is_left_to_fail_when_it_runs() -> None:
    module = Module()
    main = module.add(Function("main"))
    picked = main.append(Gather(constant(main, 1, 2), constant(main, 5, dtype=np.int64), axis=0))
    main.set_outputs([("y", picked.result)])
    (remark,) = remarks(module, "fold")
    assert "it fails on these values" in remark
    assert picked.is_attached


def test_random_ops_are_neither_evaluated_nor_merged_but_dropped_when_unused() -> None:
    module = Module()
    main = module.add(Function("main", [("x", tensor(DType.F32, 2))]))
    seed = constant(main, 1, 2)
    dice = [main.append(Dice(seed)).result for _ in range(3)]
    main.set_outputs([("y", main.append(Add(dice[0], dice[1])).result)])
    notes = remarks(module, "canonicalize,fold,cse,dce")
    assert [op.name for op in main.block] == ["mlc.constant", "test.dice", "test.dice", "mlc.add", "func.return"]
    assert any("it draws random numbers" in note for note in notes)
