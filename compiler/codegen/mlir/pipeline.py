"""MLIR's passes by stage, from linalg on tensors to LLVM IR; the child process (mlc.codegen.mlir.child) runs them.

The stages are named by what they leave. Vectorization comes before bufferization: on tensors an accumulator's slice has
one reader and one writer, so hoisting it out of the loops over K is exact; on buffers MLIR would have to prove that
nothing else points there.
"""

from __future__ import annotations

STAGES = ("linalg", "vector", "bufferized", "llvm-dialect", "llvm")

# Families of stages that no schedule tiles: of one turn, and with a parallel loop that is written already.
UNSCHEDULED = ("serial", "forall")

# Passes of the stages that are pipelines; a nested list runs on each function. Between them, in Python: the schedule
# (before "vector"), the parallel loop's part that one call takes (behind "bufferized"), and calls of our own math
# (behind LOOPS).
VECTOR = ("func.func(lower-vector-mask)", "canonicalize", "cse")
BUFFERIZED = (
    "one-shot-bufferize{bufferize-function-boundaries=1 function-boundary-type-conversion=identity-layout-map}",
    "canonicalize",
    "cse",
    "drop-equivalent-buffer-results",
    "func.func(buffer-hoisting,buffer-loop-hoisting,promote-buffers-to-stack{max-alloc-size-in-bytes=65536})",
    "canonicalize",
    "cse",
)
LOOPS = ("func.func(convert-linalg-to-loops,convert-vector-to-scf{full-unroll=true target-rank=1})",)
LLVM_DIALECT = (
    "expand-strided-metadata",
    "lower-affine",
    "convert-scf-to-cf",
    "arith-expand{include-bf16=true}",
    "convert-math-to-llvm",
    "convert-vector-to-llvm{vector-contract-lowering=outerproduct}",
    "convert-ub-to-llvm",
    "finalize-memref-to-llvm",
    "convert-func-to-llvm",
    "convert-index-to-llvm",
    "convert-cf-to-llvm",
    "convert-arith-to-llvm",
    "reconcile-unrealized-casts",
)

# What becomes a call of a function of mlc.codegen.math, by that function's name; LLVM would call libm for it.
MATH_CALLS = {
    "arith.remf": "fmod",
    "math.acos": "acos",
    "math.acosh": "acosh",
    "math.asin": "asin",
    "math.asinh": "asinh",
    "math.atan": "atan",
    "math.atanh": "atanh",
    "math.cos": "cos",
    "math.cosh": "cosh",
    "math.erf": "erf",
    "math.erfc": "erfc",
    "math.exp": "exp",
    "math.exp2": "exp2",
    "math.expm1": "expm1",
    "math.log": "log",
    "math.log10": "log10",
    "math.log1p": "log1p",
    "math.log2": "log2",
    "math.powf": "pow",
    "math.sin": "sin",
    "math.sinh": "sinh",
    "math.tan": "tan",
    "math.tanh": "tanh",
}
# The same of conversions: the function, from and to which type. Without F16C LLVM would call compiler-rt for them.
HALF_CALLS = {"arith.extf": ("f16_to_f32", "f16", "f32"), "arith.truncf": ("f32_to_f16", "f32", "f16")}
MATH_PREFIX = "mlc."
