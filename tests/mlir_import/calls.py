"""Small MLIR functions around a few ops, imported and run: how the tests of the tosa and stablehlo ops call one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mlc.frontend.mlir_models import import_text
from mlc.interpreter import interpret
from mlc.ir import DType


def tensor(array: Any) -> str:
    """The MLIR type of an array; numbers without a sign are signless."""
    kind = str(DType.of(array.dtype))
    return f"tensor<{''.join(f'{d}x' for d in array.shape)}{kind}>"


def module_text(body: str, types: Sequence[str], results: Sequence[str]) -> str:
    """A function @main of %a, %b, ... that runs `body` and returns %r, or %r#0, %r#1, ... of several results."""
    arguments = ", ".join(f"%{name}: {kind}" for name, kind in zip("abcdefgh", types, strict=False))
    names = ", ".join(f"%r#{i}" for i in range(len(results))) if len(results) > 1 else "%r"
    kinds = ", ".join(results)
    return f"func.func @main({arguments}) -> ({kinds}) {{\n{body}\n  return {names} : {kinds}\n}}\n"


def run(body: str, *inputs: Any, result: str | Sequence[str], types: Sequence[str] | None = None) -> Any:
    """What `body` makes of the inputs %a, %b, ...: an array, or a list where `result` lists several types."""
    results = [result] if isinstance(result, str) else list(result)
    arrays = [np.asarray(x) for x in inputs]
    text = module_text(body, types or [tensor(x) for x in arrays], results)
    outputs = interpret(import_text(text), arrays)
    return outputs[0] if isinstance(result, str) else outputs


def random(seed: int, *shape: int) -> Any:
    """Seeded f32 around 0."""
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def integers(seed: int, *shape: int, dtype: Any = np.int8) -> Any:
    """Seeded integers over the whole range of the dtype."""
    limits = np.iinfo(dtype)
    return np.random.default_rng(seed).integers(limits.min, limits.max, shape, dtype, endpoint=True)
