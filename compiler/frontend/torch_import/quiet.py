"""Keeps torch's talk about its own insides off the user's screen while it traces: one error says what went wrong.

Who asked torch for it, by the environment variable TORCH_LOGS, gets all of it.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
import warnings
from collections.abc import Iterator


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Without torch's warnings, which no user can act on, and without what it logs of an error that it raises too."""
    if "TORCH_LOGS" in os.environ:
        yield
        return
    names = [name for name in logging.root.manager.loggerDict if name.split(".")[0] == "torch"]
    handlers = {handler for name in names for handler in logging.getLogger(name).handlers}
    for handler in handlers:
        handler.addFilter(_nothing)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for handler in handlers:
            handler.removeFilter(_nothing)


@contextlib.contextmanager
def without_partial_graph() -> Iterator[None]:
    """Without the graph that torch.export writes to stderr when it fails; what the model itself writes there comes."""
    written = io.StringIO()
    graph = ""
    try:
        with contextlib.redirect_stderr(written):
            yield
    except Exception as error:
        graph = str(getattr(error, "partial_fx_graph", ""))
        raise
    finally:
        if rest := written.getvalue().replace(f"{graph}\n", "") if graph else written.getvalue():
            sys.stderr.write(rest)


def first_line(error: BaseException) -> str:
    """What an error of torch's says first, or its name where it says nothing."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _nothing(record: logging.LogRecord) -> bool:
    return False
