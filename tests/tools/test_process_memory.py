"""Memory figures of a process against memory that is known."""

from __future__ import annotations

import mmap
import subprocess
import sys
from pathlib import Path

import numpy as np

from mlc.tools.process_memory import Memory, process_memory

MIB = 1 << 20


def test_memory_that_is_written_to_counts_as_private_and_resident() -> None:
    before = process_memory()
    block = np.ones(64 * MIB, np.uint8)
    grown = process_memory().above(before)
    assert 60 * MIB <= grown.private <= 80 * MIB
    assert 60 * MIB <= grown.resident <= 80 * MIB
    assert block[-1] == 1


def test_what_is_freed_stays_in_the_peak() -> None:
    script = (
        "import numpy as np; from mlc.tools.process_memory import process_memory as m; b = m();"
        "x = np.ones(64 << 20, np.uint8); del x; print(m().above(b).peak, m().above(b).resident)"
    )
    peak, resident = map(int, subprocess.check_output([sys.executable, "-c", script], text=True).split())
    assert peak >= 60 * MIB > resident


def test_a_mapped_file_counts_by_the_pages_that_were_read(tmp_path: Path) -> None:
    path = tmp_path / "weights.bin"
    path.write_bytes(bytes(64 * MIB))
    with open(path, "rb") as file:
        mapped = np.frombuffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), np.uint8)
    before = process_memory()
    assert mapped[: 32 * MIB].sum() == 0
    assert 30 * MIB <= process_memory().above(before).private <= 48 * MIB


def test_above_takes_the_peak_from_what_was_resident() -> None:
    assert Memory(10, 20, 50).above(Memory(4, 15, 40)) == Memory(6, 5, 35)
