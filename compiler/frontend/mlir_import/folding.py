"""Numbers that follow from constants alone, for what must be known while a text is imported."""

from __future__ import annotations

import numpy as np

from mlc.ir import Array, Purity, Value


def folded(value: Value) -> Array | None:
    """The numbers of a value that is computed from constants by pure ops; None for any other."""
    op = value.op
    if op is None or op.purity is not Purity.PURE or op.regions or len(op.results) != 1:
        return None
    operands = [folded(v) for v in op.operands]
    if any(array is None for array in operands) or not op.result.tensor.is_static:
        return None
    arrays = iter(operands)
    fields = [
        [next(arrays) for _ in field] if isinstance(field, list) else None if field is None else next(arrays)
        for field in op.operand_fields()
    ]
    return np.asarray(op.evaluate(*fields))
