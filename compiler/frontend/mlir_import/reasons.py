"""Why ops are not imported: dialects that come before or after the forms that are, and single ops."""

from __future__ import annotations

_TOO_LATE = "lowered too far; export the model on tensors, before bufferization and vectorization"
DIALECTS = {
    "torch": 'export it with output_type="linalg-on-tensors", or give the PyTorch model itself',
    "torch_c": 'export it with output_type="linalg-on-tensors", or give the PyTorch model itself',
    "memref": _TOO_LATE,
    "bufferization": _TOO_LATE,
    "vector": _TOO_LATE,
    "affine": _TOO_LATE,
    "llvm": _TOO_LATE,
    "gpu": "mlc compiles for the CPU",
    "complex": "complex numbers are not supported",
    "sparse_tensor": "sparse tensors are not supported",
    "quant": "quantized types are not supported; export quantize and dequantize as arithmetic",
}

_STATE = "it is a state that outlives a call; make it an argument and a result"
_BLOCKS = "numbers in blocks that share a scale have no kernels; convert them to floats outside of the model"

REASONS: dict[str, str] = {
    "tosa.variable": _STATE,
    "tosa.variable_read": _STATE,
    "tosa.variable_write": _STATE,
    "tosa.cast_from_block_scaled": _BLOCKS,
    "tosa.cast_to_block_scaled": _BLOCKS,
    "tosa.conv2d_block_scaled": _BLOCKS,
    "tosa.matmul_t_block_scaled": _BLOCKS,
    "tosa.reshape_block_scaled": _BLOCKS,
    "tosa.row_gather": "rows in runs have no support yet; gather each row by an index of its own",
    "tosa.row_gather_block_scaled": _BLOCKS,
}


def reason_for(name: str) -> str:
    """Why op `name` has no function."""
    dialect = name.partition(".")[0]
    return REASONS.get(name) or DIALECTS.get(dialect) or "no support yet"
