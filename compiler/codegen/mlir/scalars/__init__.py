"""One element of each elementwise op in arith and math; importing this package fills `SCALARS`."""

from __future__ import annotations

from mlc.codegen.mlir.scalars import arithmetic, conversion, functions, logic, recurrent

__all__ = ["arithmetic", "conversion", "functions", "logic", "recurrent"]
