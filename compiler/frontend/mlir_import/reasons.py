"""Why ops are not imported: dialects that come before or after the forms that are, and single ops."""

from __future__ import annotations

_TOO_LATE = "lowered too far; export the model on tensors, before bufferization and vectorization"
_DEVICES = "it talks to other devices or hosts; export the model for one device"
_RANDOM = "it draws random numbers, and mlc does not reproduce the stream; draw them outside of the model"
_COMPLEX = "complex numbers have no kernels; write it with real and imaginary parts"
_SOLVER = "factorizations and solvers have no kernels; compute them outside of the model"
_QUANTIZED = "quantized types are not supported; export quantize and dequantize as arithmetic"
_TUPLE = "tuples are not supported; return several results instead"
_STATE = "it is a state that outlives a call; make it an argument and a result"
_BLOCKS = "numbers in blocks that share a scale have no kernels; convert them to floats outside of the model"
_TILES = "tiles of a kernel; give the model before it is tiled"
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
    "quant": _QUANTIZED,
}

REASONS: dict[str, str] = {
    "chlo.broadcast_complex": _COMPLEX,
    "chlo._asin_acos_kernel": _COMPLEX,
    "chlo.ragged_dot": "rows in groups have no kernel; export it as products of slices, as jax does for the CPU",
    "chlo.scan": "write it as a stablehlo.while, as jax does",
    "stablehlo.collective_reduce": _DEVICES,
    "scf.forall": _TILES,
    "scf.parallel": _TILES,
    **dict.fromkeys(
        (
            "stablehlo.after_all",
            "stablehlo.all_gather",
            "stablehlo.all_reduce",
            "stablehlo.all_to_all",
            "stablehlo.async_done",
            "stablehlo.async_start",
            "stablehlo.collective_broadcast",
            "stablehlo.collective_permute",
            "stablehlo.create_token",
            "stablehlo.cross-replica-sum",
            "stablehlo.infeed",
            "stablehlo.outfeed",
            "stablehlo.recv",
            "stablehlo.reduce_scatter",
            "stablehlo.send",
        ),
        _DEVICES,
    ),
    "stablehlo.cholesky": _SOLVER,
    "stablehlo.complex": _COMPLEX,
    "stablehlo.fft": _COMPLEX,
    "stablehlo.get_tuple_element": _TUPLE,
    "stablehlo.imag": _COMPLEX,
    "stablehlo.real": _COMPLEX,
    "stablehlo.rng": _RANDOM,
    "stablehlo.rng_bit_generator": _RANDOM,
    "stablehlo.set_dimension_size": "sizes within a bound are not supported; export with `?` where an extent varies",
    "stablehlo.triangular_solve": _SOLVER,
    "stablehlo.tuple": _TUPLE,
    "stablehlo.uniform_dequantize": _QUANTIZED,
    "stablehlo.uniform_quantize": _QUANTIZED,
    "tosa.variable": _STATE,
    "tosa.variable_read": _STATE,
    "tosa.variable_write": _STATE,
    "tosa.cast_from_block_scaled": _BLOCKS,
    "tosa.cast_to_block_scaled": _BLOCKS,
    "tosa.conv2d_block_scaled": _BLOCKS,
    "tosa.matmul_t_block_scaled": _BLOCKS,
    "tosa.reshape_block_scaled": _BLOCKS,
    "tosa.row_gather_block_scaled": _BLOCKS,
}


def reason_for(name: str) -> str:
    """Why op `name` has no function."""
    dialect = name.partition(".")[0]
    return REASONS.get(name) or DIALECTS.get(dialect) or "no support yet"
