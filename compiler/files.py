"""Files written whole or not at all: whatever mlc writes for its user goes through here."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO


def replace_file(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Lets `write` fill a temporary file beside `path`, then renames it; on failure `path` stays as it was.

    A symbolic link stays one: its target is replaced. What is no regular file (a device, a pipe) is written into, since
    a rename would put a file in its place. Raises OSError.
    """
    replace_files({path: write})


def replace_files(writes: Mapping[Path, Callable[[IO[bytes]], object]]) -> None:
    """`replace_file` for files that belong together: in their order, and none before all of them are written."""
    temporary: dict[Path, Path] = {}
    try:
        for path, write in writes.items():
            if path.exists() and not path.is_file():
                _write_into(path, write)
                continue
            path = Path(os.path.realpath(path))
            temporary[path] = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
            with _named_in_errors(path), open(temporary[path], "xb") as file:
                write(file)
        for path, written in temporary.items():
            os.replace(written, path)
    finally:
        for written in temporary.values():
            written.unlink(missing_ok=True)


@contextmanager
def _named_in_errors(path: Path) -> Iterator[None]:
    """An OSError of the block names this file, not the temporary one beside it."""
    try:
        yield
    except OSError as error:
        if error.filename is not None:
            error.filename = str(path)
        raise


def _write_into(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    # By way of a file: a pipe cannot be seeked in, and gets all or nothing too.
    with open(path, "wb") as device, tempfile.TemporaryFile() as whole:
        write(whole)
        whole.seek(0)
        shutil.copyfileobj(whole, device)
