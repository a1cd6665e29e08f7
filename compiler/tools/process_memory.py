"""What a process has in memory, as Linux counts it; in bytes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Memory:
    """`private` counts the pages of everything but shared libraries: heap, stacks, and mapped files such as weights,
    also where another process maps the same; `resident` counts all pages and `peak` the most there ever were."""

    private: int
    resident: int
    peak: int

    def above(self, base: Memory) -> Memory:
        """What came on top of `base`, which was measured earlier in the same process."""
        return Memory(self.private - base.private, self.resident - base.resident, self.peak - base.resident)

    @staticmethod
    def most(a: Memory, b: Memory) -> Memory:
        """The larger of each figure."""
        return Memory(max(a.private, b.private), max(a.resident, b.resident), max(a.peak, b.peak))


def process_memory() -> Memory:
    """This process's memory now."""
    status = Path("/proc/self/status").read_text()
    peak, resident = (_kib(status, name) for name in ("VmHWM", "VmRSS"))
    return Memory(_private_bytes(Path("/proc/self/smaps").read_text()), resident, peak)


def _private_bytes(smaps: str) -> int:
    """The pages in memory of each mapping that is no shared library: those a system has once for all processes."""
    total, is_library = 0, False
    for line in smaps.splitlines():
        if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
            is_library = re.search(r"\.so(\.[\d.]+)?$", line) is not None
        elif line.startswith("Rss:") and not is_library:
            total += int(line.split()[1]) << 10
    return total


def _kib(status: str, name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+) kB$", status, re.MULTILINE)
    assert found is not None, name
    return int(found[1]) << 10
