"""The container of an artifact: a ZIP whose members are stored, start on 64-byte boundaries and never carry a date.

Any unzip program opens it; a member can be mapped into memory and used where it lies; the same members give the same
bytes. It knows nothing of what the members mean.
"""

from __future__ import annotations

import mmap
import os
import struct
import zipfile
import zlib
from collections.abc import Container, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from mlc.files import replace_file
from mlc.runtime.native import ALIGNMENT

Bytes = npt.NDArray[np.uint8]
Range = tuple[int, int]  # start and stop, in bytes

_LOCAL_HEADER_BYTES = 30
_ZIP64_EXTRA_BYTES = 20
# The private field id that Android's zipalign pads with; readers skip fields they do not know.
_PADDING_ID = 0xD935
# As much as Linux maps at once in any case, around the page that is read.
_PIECE_BYTES = 64 << 10
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first date a ZIP can hold


def write_archive(
    path: Path, members: Mapping[str, bytes | memoryview], looked_up: Mapping[str, Sequence[Range]] = {}
) -> None:
    """Writes the members in their order; when anything fails, path is what it was before.

    Of the `looked_up` ranges of a member few and distant places will be read. They are written in small pieces: Linux
    keeps what one write brings in pages as large as it, and maps all of a page into memory where one byte is read.
    """

    def write(file: IO[bytes]) -> None:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            for name, content in members.items():
                _write_member(archive, name, content, looked_up.get(name, ()))

    replace_file(path, write)


def _write_member(archive: zipfile.ZipFile, name: str, content: bytes | memoryview, looked_up: Sequence[Range]) -> None:
    member = zipfile.ZipInfo(name, date_time=_EPOCH)
    member.create_system = 3  # Unix, on every system
    member.external_attr = 0o644 << 16
    member.file_size = len(content)
    is_large = len(content) >= zipfile.ZIP64_LIMIT // 2
    assert archive.fp is not None
    start = archive.fp.tell() + _LOCAL_HEADER_BYTES + len(name.encode()) + (_ZIP64_EXTRA_BYTES if is_large else 0)
    member.extra = _padding(-start % ALIGNMENT)
    with archive.open(member, "w", force_zip64=is_large) as target:
        for start, stop in _pieces(len(content), looked_up):
            target.write(content[start:stop])


def _pieces(size: int, looked_up: Sequence[Range]) -> Iterator[Range]:
    """Consecutive parts of `size` bytes: short ones in the ranges that are looked up, which are in order."""
    at = 0
    for start, stop in looked_up:
        if at < start:
            yield at, start
        yield from ((begin, min(begin + _PIECE_BYTES, stop)) for begin in range(start, stop, _PIECE_BYTES))
        at = stop
    if at < size:
        yield at, size


def _padding(byte_count: int) -> bytes:
    """An extra field of byte_count bytes, or one alignment more where its own header of 4 does not fit."""
    if byte_count == 0:
        return b""
    if byte_count < 4:
        byte_count += ALIGNMENT
    return struct.pack("<HH", _PADDING_ID, byte_count - 4) + bytes(byte_count - 4)


def map_archive(path: Path, verified: Container[str] = ()) -> dict[str, Bytes]:
    """The members of the archive by name, mapped and not read; they stay valid when the file is replaced.

    Members named in verified are read and compared with their CRC-32. Raises OSError when the file cannot be opened and
    ValueError when it is no such archive, was cut short, or a verified member is damaged.
    """
    with open(path, "rb") as file:
        if os.fstat(file.fileno()).st_size == 0:
            raise ValueError("the file is empty")
        mapped = np.frombuffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), np.uint8)
        try:
            with zipfile.ZipFile(file) as archive:
                directory = archive.infolist()
        except (zipfile.BadZipFile, struct.error, NotImplementedError) as error:  # the last for a later format of ZIP
            raise ValueError(str(error)) from None
    members = {member.filename: _member(mapped, member) for member in directory}
    for member in directory:
        if member.filename in verified and zlib.crc32(members[member.filename].data) != member.CRC:
            raise ValueError(f"{member.filename} is damaged")
    return members


def _member(mapped: Bytes, member: zipfile.ZipInfo) -> Bytes:
    if member.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"{member.filename} is compressed")
    header = mapped[member.header_offset : member.header_offset + _LOCAL_HEADER_BYTES].tobytes()
    if not header.startswith(b"PK\x03\x04"):
        raise ValueError(f"{member.filename} is not where the directory says")
    name_bytes, extra_bytes = struct.unpack_from("<HH", header, 26)
    start = member.header_offset + _LOCAL_HEADER_BYTES + name_bytes + extra_bytes
    content = mapped[start : start + member.file_size]
    if len(content) != member.file_size:
        raise ValueError(f"{member.filename} is cut short")
    return content
