"""The mlir backend: groups become linalg on tensors, and MLIR's own passes make LLVM IR of them.

The steps, each a module: lowering (from a group to stages, by the functions of scalars/ and lowerings/), text (MLIR
while it is written), backend (stages as kernels of a program), run and child (MLIR's passes in a process of its own),
pipeline (which), schedules/ (transform-dialect texts, one for each family of stages).
"""
