"""Reads .pt2 archives of torch.export.save, and says what a file is that is none."""

from __future__ import annotations

import logging
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch.export import ExportedProgram

from mlc.errors import CompileError
from mlc.frontend.torch_import.quiet import first_line, quiet

_WEIGHTS = (
    "a file of torch.save, which holds a state_dict or a pickled module but no program; "
    "write one with torch.export.save(torch.export.export(model, example_inputs), path)"
)
_SCRIPT = (
    "an archive of TorchScript; export the model itself with "
    "torch.export.save(torch.export.export(model, example_inputs), path)"
)


def read(path: Path) -> ExportedProgram:
    """The program in a .pt2 archive of torch.export.save. Raises CompileError when it is none."""
    with quiet(), _logged() as causes:
        try:
            return torch.export.load(str(path))
        except FileNotFoundError:
            raise CompileError("No such file or directory", where=str(path)) from None
        except Exception as error:
            told = first_line(causes[0] if causes and isinstance(error, RuntimeError) else error)
            what = _known(path) or f"not an archive of torch.export.save, or one of another torch: {told}"
            raise CompileError(what, where=str(path)) from error


def _known(path: Path) -> str | None:
    """What the file is where torch wrote it in another format."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = {name.partition("/")[2] for name in archive.namelist()}
    except (OSError, zipfile.BadZipFile):
        return None
    if "data.pkl" not in members:
        return None
    return _SCRIPT if "constants.pkl" in members else _WEIGHTS


@contextmanager
def _logged() -> Iterator[list[BaseException]]:
    """The errors that torch.export.load logs: what it raises behind one only points to the log."""
    errors: list[BaseException] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.exc_info and record.exc_info[1] is not None:
                errors.append(record.exc_info[1])

    logger, handler = logging.getLogger("torch.export"), Keep()
    logger.addHandler(handler)
    try:
        yield errors
    finally:
        logger.removeHandler(handler)
