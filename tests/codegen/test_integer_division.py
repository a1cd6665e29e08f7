"""Integers divided by 0: one meaning at every level and on every backend, so that folding changes no answer."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import mlc
from mlc.ir import DType, Function, Module, Op, Value, tensor
from mlc.ops import Div, Mod

OPS: dict[str, Callable[[Value, Value], Op]] = {
    "div": Div,
    "mod": Mod,
    "mod_of_dividend": lambda x, y: Mod(x, y, sign_of="dividend"),
}


@pytest.mark.parametrize("backend", ["interp", "llvm", "mlir"])
@pytest.mark.parametrize("dtype", [DType.I8, DType.U8, DType.I32, DType.I64])
@pytest.mark.parametrize("name", OPS)
def test_what_is_divided_by_0_is_kept(name: str, dtype: DType, backend: str) -> None:
    if backend == "mlir":
        pytest.importorskip("torch_mlir", reason="the mlir backend is an extra")
    function = Function("main", [("x", tensor(dtype, 40)), ("y", tensor(dtype, 40))])
    op = OPS[name](*function.inputs)
    function.append(op)
    function.set_outputs([("z", op.result)])
    module = Module("test")
    module.add(function)
    least = np.iinfo(dtype.numpy).min
    x = np.array([5, 0, least, *range(37)]).astype(dtype.numpy)
    executable = mlc.compile(module, backend=backend)  # type: ignore[arg-type]
    (z,) = executable.run(x, np.zeros_like(x))
    assert np.array_equal(z, x)
    (z,) = executable.run(x, np.where(np.arange(40) % 2, x, np.zeros_like(x)))
    assert np.array_equal(z[::2], x[::2])
