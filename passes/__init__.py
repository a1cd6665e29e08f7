"""The graph passes of mlc: one file per pass, each a rewrite of a Module that keeps its meaning.

`parse_pipeline` turns `fold{max-bytes=65536},fuse,./my_pass.py` into passes; `LEVELS` holds the pipelines of -O0 to
-O3.
"""

from __future__ import annotations

from mlc.passes.table import BUILTIN, LEVELS, builtin_pass, parse_pipeline, pass_classes

__all__ = ["BUILTIN", "LEVELS", "builtin_pass", "parse_pipeline", "pass_classes"]
