"""docs/mlir-operators.md from the registry: which ops of MLIR's dialects mlc imports.

python tests/mlir_page.py        # writes the page anew
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from mlc.frontend.mlir_import import importer  # noqa: F401  registers the operators
from mlc.frontend.mlir_import.reasons import DIALECTS, REASONS
from mlc.frontend.mlir_import.registry import registered

PAGE = Path(__file__).parent.parent / "docs" / "mlir-operators.md"

ABOUT = """# MLIR operators

For those who have a model in MLIR: what mlc takes of it. Written by `python tests/mlir_page.py` from the registry; a
test keeps it fresh.

`mlc compile x.mlir` (and every command that takes a model) tells by the ops in a text whether it is mlc's own dialect
or another's, which MLIR then parses (extra `mlir`). In Python, `mlc.compile` and `mlc.load` take the path, the text, or
a Module of MLIR's bindings:

```python
module = torch_mlir.fx.export_and_import(model, x, output_type="linalg-on-tensors")
compiled = mlc.compile(module)
```

- The model is the public function, or the one that `--entry` names; functions that it calls are inlined.
- An argument is called as its attribute `mlc.name` or `jax.arg_info` says, as its location's name, or `arg0`.
- Each `?` of an argument is a symbol of its own, `arg0_1`, or what an encoding spells (`tensor<?xf32, "N">`). Operands
  of a linalg op that share a loop, those of an elementwise op, and `cf.assert` make two symbols one; a call checks it.
- The numbers of `dense_resource` are read out of the text when a constant needs them; others share MLIR's memory.
- All that is not supported is one error that lists every op with its reason and place.

A structured op of linalg, named or generic, is imported by its indexing maps and body. Where loops are reduced, sums of
products over shared loops are matrix products, over sliding windows convolutions, a maximum, minimum or sum over
windows alone is a pool, and any other reduction one over axes; a maximum or minimum may come with its position. What no
loop reduces is arithmetic on whole tensors: transposed, reshaped and broadcast operands, `linalg.index` as a range,
`tensor.extract` as a gather. Any affine map can be read; an output must be written along loops.

Branches and loops of `scf` run when the model runs, a branch that is known is taken at import. The linalg that
`--emit=linalg` writes of a model reads back, but for the tiles of recurrent kernels (`scf.forall`).

- A body that yields something else than a combination of the output with a term, such as a running sum, is refused.
- So are loops in a body, branches in it that read tensors (others choose for each element), and outputs over different
  loops.
- Integers without a sign are signed, but for the ops that say otherwise (`arith.divui`, ...).
- `cf.assert` about anything but two sizes is checked when the model runs, one in a body is not: there a read checks its
  index itself, below 0 too.
- A maximum by comparison (`cmpf` and `select`) gives NaN where an element is NaN.
"""


def page() -> str:
    """The text of docs/mlir-operators.md."""
    dialects: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for name, operator in sorted(registered().items()):
        dialect, _, op = name.partition(".")
        dialects[dialect][operator.module].append(op)
    lines = [ABOUT]
    for dialect, families in sorted(dialects.items()):
        lines += [f"## {dialect}", ""]
        lines += [f"- {family}: {', '.join(ops)}" for family, ops in sorted(families.items())]
        lines.append("")
    lines += ["## Refused", ""]
    lines += [f"- {name}: {reason}" for name, reason in sorted({**DIALECTS, **REASONS}.items())]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
