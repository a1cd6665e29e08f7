"""What a compiled model needs to run: the native library, the artifact file and the Executable."""

from __future__ import annotations

from mlc.runtime.native import set_threads, threads

__all__ = ["set_threads", "threads"]
