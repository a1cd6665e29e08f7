"""Why ops are not imported: dialects that come before or after the forms that are, and single ops."""

from __future__ import annotations

_TOO_LATE = "lowered too far; export the model on tensors, before bufferization and vectorization"
_DIALECTS = {
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

REASONS: dict[str, str] = {}


def reason_for(name: str) -> str:
    """Why op `name` has no function."""
    dialect = name.partition(".")[0]
    return REASONS.get(name) or _DIALECTS.get(dialect) or "no support yet"
