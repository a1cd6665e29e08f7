"""The operators, one file a family. Importing this package registers all of them."""

from __future__ import annotations

from mlc.frontend.torch_import.operators import (  # noqa: F401
    attention,
    attention_gradients,
    bags,
    comparison,
    conv,
    creation,
    distance,
    elementwise,
    functions,
    gather,
    gradients,
    image,
    matmul,
    norm,
    pad,
    pool,
    recurrent,
    reduce,
    scatter,
    shape,
    sizes,
    slicing,
    sorting,
)
