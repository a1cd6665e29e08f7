"""StableHLO's own reference interpreter, in torch-mlir's bindings: what an op means, by those who wrote it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from mlir_import.calls import module_text, run, tensor


def evaluated(text: str, inputs: Sequence[Any]) -> list[Any]:
    """What the interpreter makes of @main in `text`, as arrays."""
    from torch_mlir import ir
    from torch_mlir._mlir_libs import _stablehlo

    context = ir.Context()
    _stablehlo.register_dialect(context, load=True)
    _stablehlo.register_interpreter_dialect(context)
    with context, ir.Location.unknown():
        module = ir.Module.parse(text)
        results = _stablehlo.eval_module(module, [_attribute(ir, x) for x in inputs])
        return [_array(ir, r) for r in results]


def _attribute(ir: Any, array: Any) -> Any:
    if array.dtype == np.bool_:
        words = str(array.tolist()).lower() if array.size else ""
        return ir.Attribute.parse(f"dense<{words}> : {tensor(array)}")
    kind = ir.RankedTensorType(ir.Type.parse(tensor(array))).element_type
    return ir.DenseElementsAttr.get(np.ascontiguousarray(array), type=kind, shape=array.shape)


def _array(ir: Any, attribute: Any) -> Any:
    shape = list(ir.RankedTensorType(attribute.type).shape)
    if "xi1>" in str(attribute.type) or "<i1>" in str(attribute.type):
        return np.array([bool(b) for b in attribute], np.bool_).reshape(shape)
    return np.array(attribute).reshape(shape)


def check(body: str, *inputs: Any, result: str | Sequence[str], rtol: float = 0.0, atol: float = 0.0) -> None:
    """Asserts that `body` (see calls) gives what the interpreter does."""
    results = [result] if isinstance(result, str) else list(result)
    arrays = [np.asarray(x) for x in inputs]
    expected = evaluated(module_text(body, [tensor(x) for x in arrays], results), arrays)
    got = run(body, *arrays, result=results)
    for ours, theirs in zip(got, expected, strict=True):
        assert ours.dtype == theirs.dtype and ours.shape == theirs.shape
        np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=atol)
