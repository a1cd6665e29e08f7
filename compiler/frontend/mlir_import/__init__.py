"""MLIR text to Modules: the ops of others' dialects (linalg on tensors, tosa, stablehlo), one function for each op.

What happens to a text, in the order of the files:

- `mlc.frontend.mlir_models` tells it from mlc's own by the ops in it, and is the door for the driver.
- `parse` has MLIR read it (torch-mlir's bindings; a syntax error is one located line), without the numbers of
  `dense_resource` constants, which `resources` reads out of the text when a constant is asked for. Before that a child
  process lets MLIR read it (`trial`), since MLIR's parser crashes on some broken texts, but
  for the text of a valid module in memory.
- `entry` picks the function that becomes the model; calls of others are inlined by `operators.func`.
- `importer` walks the ops and calls the function that is registered for each. What fails is noted and the walk goes
  on: every op that is not supported is in the one error at the end, with location and reason.
- `binding` makes an op's operands and attributes the arguments of its function, by the function's signature.
- `graph` is what an operator function sees.

How a family of ops plugs in: one file in `operators/` for each family of ops (add it to the imports of
`operators/__init__.py`), one function for each op:

    @mlir_op("stablehlo.transpose")
    def transpose(g: Graph, operand: Value, *, permutation: tuple[int, ...]) -> Value:
        return g.transpose(operand, permutation)

Positional parameters are the op's operands in order, keyword-only ones the attributes it understands, under MLIR's
names; an op with any other attribute is refused by name, unless `ignores` lists it. The annotations say what each may
be, see `registry`. `g.operation` is the op itself, for regions; `g.declared` the types that MLIR gives its results, and
every result is checked against them. Whatever is wrong is `raise g.error(reason)`: the importer knows the place.
A dialect whose ops cannot be supported at all has a reason in `reasons`.
"""

from __future__ import annotations
