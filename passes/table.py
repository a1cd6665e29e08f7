"""The table of passes, the optimization levels, and how a pipeline's names find their classes.

A name is looked for among the built-in passes, then among entry points of group `mlc.passes`; a name that ends in
`.py`, or holds `.py:`, is a file of the user's. Nothing is registered by importing.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

from mlc.errors import CompileError, nearest
from mlc.rewrite import Pass, PipelineItem, parse_pipeline_text

# One stem everywhere: pass fold-batchnorm is class FoldBatchnorm in fold_batchnorm.py.
BUILTIN: tuple[str, ...] = (
    "canonicalize",
    "fold",
    "cse",
    "dce",
    "fold-batchnorm",
    "recognize",
    "sink-transpose",
    "merge-matmuls",
    "fuse",
    "layout",
    "winograd",
    "strassen",
)

_CLEAN = ("canonicalize", "fold", "cse", "dce")
_COMPACT = ("canonicalize", "fold", "cse", "fold-batchnorm", "recognize", "sink-transpose", "merge-matmuls", *_CLEAN)

# Each is a pipeline of its own. Fold comes before recognize, which looks for constants, and after fold-batchnorm and
# recognize, which leave arithmetic on constants behind; layout packs constants itself. Fuse comes last, since the
# others don't look into groups.
LEVELS: dict[int, tuple[str, ...]] = {
    0: (),
    1: _CLEAN,
    2: (*_COMPACT, "layout", "fuse"),
    3: (*_COMPACT, "layout", "winograd", "strassen", "fuse"),
}

ENTRY_POINT_GROUP = "mlc.passes"


def parse_pipeline(text: str) -> list[Pass]:
    """The passes that pipeline `text` names. Raises CompileError with the nearest names for an unknown one."""
    return [pass_class(item).from_options(item.options) for item in parse_pipeline_text(text)]


def level_passes(level: int) -> list[Pass]:
    """The passes of optimization level 0, 1, 2 or 3."""
    return parse_pipeline(",".join(LEVELS[level]))


def pass_class(item: PipelineItem) -> type[Pass]:
    """The class behind one name of a pipeline."""
    if item.name.endswith(".py") or ".py:" in item.name:
        return load_pass_file(item.name)
    if item.name in BUILTIN:
        return builtin_pass(item.name)
    plugins = {e.name: e for e in entry_points(group=ENTRY_POINT_GROUP)}
    if item.name in plugins:
        return _checked(plugins[item.name].load(), f"entry point {item.name}")
    known = [*BUILTIN, *plugins]
    hint = nearest(item.name, known) or f"; known are {', '.join(known)}, or a path to a .py file"
    raise CompileError(f"unknown pass {item.name!r}{hint}")


def builtin_pass(name: str) -> type[Pass]:
    """The class of a built-in pass; its file is imported now."""
    stem = name.replace("-", "_")
    module = importlib.import_module(f"mlc.passes.{stem}")
    return _checked(getattr(module, "".join(w.capitalize() for w in name.split("-"))), name)


def pass_classes() -> dict[str, type[Pass]]:
    """Every pass that a pipeline can name without a path: built-in ones in order, then those of entry points."""
    classes = {name: builtin_pass(name) for name in BUILTIN}
    for plugin in entry_points(group=ENTRY_POINT_GROUP):
        classes.setdefault(plugin.name, _checked(plugin.load(), f"entry point {plugin.name}"))
    return classes


def load_pass_file(text: str) -> type[Pass]:
    """The pass in a file: `my_pass.py` when it defines exactly one, else `my_pass.py:MyPass`."""
    path_text, _, class_name = text.partition(".py")
    path = Path(path_text + ".py")
    class_name = class_name.removeprefix(":")
    if not path.is_file():
        raise CompileError(f"there is no pass file {path}")
    module = import_file(path)
    found = {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, Pass) and value.__module__ == module.__name__
    }
    if class_name and class_name not in found:
        hint = nearest(class_name, list(found)) or f"; it has {', '.join(found) or 'none'}"
        raise CompileError(f"{path} defines no pass {class_name!r}{hint}")
    if not class_name and len(found) != 1:
        names = ", ".join(found) or "none"
        raise CompileError(f"{path} must define one pass, or say which: {path}:NAME; it defines {names}")
    return found[class_name] if class_name else next(iter(found.values()))


def import_file(path: Path) -> ModuleType:
    """Imports a user's file under a name of its own, anew when its text has changed.

    Raises CompileError at the line for what the file raises.
    """
    if path.suffix != ".py":
        raise CompileError("is no Python file: give one that ends in .py", where=str(path))
    source = path.read_bytes()
    digest = hashlib.sha256(str(path.resolve()).encode() + source).hexdigest()[:16]
    name = f"mlc_user_pass_{path.stem}_{digest}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # a script that exits is no pass file
        del sys.modules[name]
        line = _line_in(path, error)
        raise CompileError(f"{type(error).__name__}: {error}", where=f"{path}{line}") from error
    return module


def _line_in(path: Path, error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return f":{error.lineno}"
    line = ""
    trace = error.__traceback__
    while trace is not None:
        if Path(trace.tb_frame.f_code.co_filename) == path:
            line = f":{trace.tb_lineno}"
        trace = trace.tb_next
    return line


def _checked(value: object, what: str) -> type[Pass]:
    if not (isinstance(value, type) and issubclass(value, Pass)):
        raise CompileError(f"{what} is not a subclass of mlc.rewrite.Pass: {value!r}")
    return value
