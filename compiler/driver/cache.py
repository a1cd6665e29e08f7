"""The cache on disk: object code by kernel text, artifacts by all that they depend on, what tuning has measured.

Lives in $XDG_CACHE_HOME/mlc (~/.cache/mlc), readable by its owner only. Entries are written under a temporary name and
renamed, carry a checksum, and the least recently used go when the size passes the cap. A damaged entry is removed and
counts as absent.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from mlc.errors import CompileError
from mlc.files import replace_file

KINDS = ("objects", "models", "tuning")
DEFAULT_MAX_BYTES = 2 << 30
_DIGEST_BYTES = 32


@dataclass(frozen=True)
class CacheEntry:
    """One file of the cache: its kind (of KINDS), key, size and time of last use (seconds since the epoch)."""

    kind: str
    key: str
    byte_count: int
    used_at: float


@dataclass(frozen=True)
class Cache:
    """A cache rooted at a folder; folders are made at the first write."""

    root: Path
    max_bytes: int = DEFAULT_MAX_BYTES

    @staticmethod
    def default() -> Cache:
        """The user's cache."""
        base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
        return Cache(Path(base) / "mlc")

    def get(self, kind: str, key: str) -> bytes | None:
        """The bytes stored under the key, or None; a damaged entry is removed."""
        path = self._path(kind, key)
        try:
            content = path.read_bytes()
        except OSError:
            return None
        digest, payload = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
        if hashlib.sha256(payload).digest() != digest:
            path.unlink(missing_ok=True)
            return None
        self._touch(path)
        return payload

    def put(self, kind: str, key: str, payload: bytes) -> None:
        """Stores the bytes, over the cap if need be: whoever has put all of its entries calls `prune` once.

        A cache that cannot be written is an error that says how to do without it.
        """
        content = hashlib.sha256(payload).digest() + payload
        self._write(kind, key, lambda path: replace_file(path, lambda file: file.write(content)))

    def model_path(self, key: str) -> Path | None:
        """The artifact stored under the key, or None; artifacts carry their own checksums."""
        path = self._path("models", key)
        if not path.is_file():
            return None
        self._touch(path)
        return path

    def put_model(self, key: str, save: Callable[[Path], object]) -> None:
        """Stores what `save` writes whole or not at all; an error as in `put`."""
        self._write("models", key, save)
        self.prune()

    def entries(self) -> list[CacheEntry]:
        """All entries, least recently used first."""
        found = []
        for kind in KINDS:
            for path in (self.root / kind).glob("[0-9a-f]*"):
                try:
                    status = path.stat()
                except FileNotFoundError:  # another process has just removed it
                    continue
                found.append(CacheEntry(kind, path.name, status.st_size, status.st_mtime))
        return sorted(found, key=lambda e: (e.used_at, e.kind, e.key))

    def prune(self) -> int:
        """Removes the least recently used entries until the size is under the cap; returns the bytes freed."""
        entries = self.entries()
        excess = sum(e.byte_count for e in entries) - self.max_bytes
        freed = 0
        for entry in entries:
            if freed >= excess:
                break
            self._path(entry.kind, entry.key).unlink(missing_ok=True)
            freed += entry.byte_count
        return freed

    def clear(self) -> int:
        """Removes every entry; returns the bytes freed."""
        entries = self.entries()
        for entry in entries:
            self._path(entry.kind, entry.key).unlink(missing_ok=True)
        return sum(e.byte_count for e in entries)

    def _write(self, kind: str, key: str, save: Callable[[Path], object]) -> None:
        path = self._path(kind, key)
        self._make_folder(path.parent)
        try:
            save(path)
        except OSError as error:
            raise self._unwritable(error) from error

    def _path(self, kind: str, key: str) -> Path:
        return self.root / kind / key

    def _make_folder(self, folder: Path) -> None:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.root.chmod(0o700)
        except OSError as error:
            raise self._unwritable(error) from error

    def _touch(self, path: Path) -> None:
        try:
            os.utime(path)
        except OSError:  # a read-only cache still serves; only the order of eviction suffers
            return

    def _unwritable(self, error: OSError) -> CompileError:
        return CompileError(
            f"cannot write the cache: {error.strerror}; use --no-cache or set XDG_CACHE_HOME", where=str(self.root)
        )


def digest(parts: Iterable[str | bytes]) -> str:
    """One key for a list of parts, each with its length, so that no two lists collide by joining."""
    state = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        state.update(len(data).to_bytes(8, "little"))
        state.update(data)
    return state.hexdigest()


def file_digest(path: Path) -> str:
    """The hash of a file's bytes, read in blocks."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
