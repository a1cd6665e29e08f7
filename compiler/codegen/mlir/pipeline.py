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
# (before "vector"), and the parallel loop's part that one call takes (behind "bufferized").
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
LLVM_DIALECT = (
    "func.func(convert-linalg-to-loops,convert-vector-to-scf{full-unroll=true target-rank=1})",
    "expand-strided-metadata",
    "lower-affine",
    "convert-scf-to-cf",
    "arith-expand{include-bf16=true}",
    "convert-math-to-llvm",
    "convert-math-to-libm",
    "convert-vector-to-llvm{vector-contract-lowering=outerproduct}",
    "convert-ub-to-llvm",
    "finalize-memref-to-llvm",
    "convert-func-to-llvm",
    "convert-index-to-llvm",
    "convert-cf-to-llvm",
    "convert-arith-to-llvm",
    "reconcile-unrealized-casts",
)
