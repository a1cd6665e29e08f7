"""What linalg's structured ops mean: a nest of loops over operands that are read at affine places, and a scalar body.

- `accesses`: indexing maps as linear expressions over the loops.
- `nest`: the loops' extents, and operands placed so that they broadcast over the loops.
- `body`: the body computed for all turns at once, and what it accumulates.
- `contraction`, `convolution`, `pooling`, `reduction`: nests whose reductions are ops of the IR.
- `structured`: which of these an op is; everything else is gathered, computed and reduced.
"""

from __future__ import annotations
