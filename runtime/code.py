"""Object code of an artifact, linked into this process: LLVM's ORC linker behind two callable functions.

Who calls it: runtime.executable, once for each Executable. The only place of the runtime that imports llvmlite.
"""

from __future__ import annotations

import ctypes
import functools
import itertools
import threading
from collections.abc import Callable, Iterable
from ctypes import c_int64, c_void_p
from typing import Any

from mlc.runtime import native
from mlc.runtime.artifact import ArtifactError, CodeUnit

MAIN = "mlc_main"
WORKSPACE_BYTES = "mlc_workspace_bytes"

_library_numbers = itertools.count()
_link_lock = threading.Lock()


class LinkedCode:
    """The exported functions of linked object code; the machine code lives as long as this object."""

    def __init__(self, units: Iterable[CodeUnit]) -> None:
        """Links the units to each other, to the runtime library and to what the process offers (libc, libm).

        Raises ArtifactError when they do not link; LLVM then names undefined symbols on stderr, and nowhere else.
        """
        import llvmlite.binding as llvm

        library = llvm.JITLibraryBuilder()
        for unit in units:
            library.add_object_img(unit.object_code)
        for name, address in native.addresses().items():
            library.import_symbol(name, address)
        library.add_current_process()
        library.export_symbol(MAIN).export_symbol(WORKSPACE_BYTES)
        try:
            with _link_lock:
                self._tracker = library.link(_linker(), f"model{next(_library_numbers)}")
        except RuntimeError as error:
            raise ArtifactError(f"its code does not link: {error}") from None
        self.main: Callable[[Any], int] = ctypes.CFUNCTYPE(c_int64, c_void_p)(self._tracker[MAIN])
        self.workspace_bytes: Callable[[Any], int] = ctypes.CFUNCTYPE(c_int64, c_void_p)(self._tracker[WORKSPACE_BYTES])


@functools.cache
def _linker() -> Any:
    """The LLJIT of the process. JITLink keeps an object's code and constants together, so 32-bit offsets reach."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.create_lljit_compiler(use_jit_link=True)


def missing_features(required: Iterable[str]) -> list[str]:
    """Those of the CPU features, by LLVM's names, that this machine has not."""
    if not (required := list(required)):
        return []
    import llvmlite.binding as llvm

    present = llvm.get_host_cpu_features()
    return [feature for feature in required if not present.get(feature, False)]
