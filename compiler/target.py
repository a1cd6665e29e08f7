"""The CPU that code is generated for: what passes and codegen may know of it.

`Target.parse` reads the `--target` option. Figures are per core, caches in bytes. Imports nothing of LLVM: the host is
read from /proc/cpuinfo and sysfs, and expressed as one of the x86-64 levels plus the extensions that matter here.
"""

from __future__ import annotations

import functools
import os
import platform
from dataclasses import dataclass, replace
from pathlib import Path

from mlc.errors import CompileError, nearest

_KIB = 1024
_V2 = ("sse3", "ssse3", "sse4.1", "sse4.2", "popcnt")
_V3 = (*_V2, "avx", "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe")
_V4 = (*_V3, "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl")
# Extensions beyond a level that kernels ask for, by their names in /proc/cpuinfo and in LLVM.
_EXTENSIONS = {"avx512_vnni": "avx512vnni", "avx512_bf16": "avx512bf16", "avx512_fp16": "avx512fp16"}

# Models by CPUID: Strix Point and Krackan; Cannon, Ice, Tiger and Rocket Lake.
_MOBILE_ZEN5 = (*range(0x20, 0x30), *range(0x60, 0x70))
_INTEL_CLIENTS = (0x66, 0x7D, 0x7E, 0x8C, 0x8D, 0xA7)


@dataclass(frozen=True)
class Target:
    """One CPU. `cpu` and `features` are LLVM's words; `register_count` counts vector registers of `vector_bytes`,
    `fmas` the multiply-adds of such vectors that a core begins in a cycle."""

    name: str
    cpu: str
    features: tuple[str, ...]
    vector_bytes: int
    register_count: int
    l1_bytes: int = 32 * _KIB
    l2_bytes: int = 512 * _KIB
    l3_bytes: int = 16 * _KIB * _KIB
    cores: int = 2
    fmas: int = 2

    @staticmethod
    def parse(text: str) -> Target:
        """The target of this name: `host`, an x86-64 level such as `x86-64-v3`, or a CPU such as `znver3`.

        Raises CompileError with the nearest names for an unknown one.
        """
        if text == "host":
            return _host()
        if text not in _NAMED:
            hint = nearest(text, target_names()) or f"; there are {', '.join(target_names())}"
            raise CompileError(f"unknown target '{text}'{hint}")
        return _NAMED[text]

    def has(self, feature: str) -> bool:
        """Whether the CPU has this instruction set extension, by LLVM's name: "fma", "f16c", "avx512f"."""
        return feature in self.features

    def lanes(self, itemsize: int) -> int:
        """Elements of this many bytes in one vector register."""
        return self.vector_bytes // itemsize

    @property
    def feature_text(self) -> str:
        """The features as LLVM's target machine takes them: "+avx2,+fma"."""
        return ",".join(f"+{f}" for f in self.features)

    def __str__(self) -> str:
        return self.name


# Kernels keep up to half of L2 on the stacks of threads, which have 8 MiB as a rule. An L2 that is larger belongs to
# several cores, or is what a virtual machine says.
_MOST_L2_BYTES = 4 * _KIB * _KIB


def target_names() -> list[str]:
    """What `Target.parse` takes."""
    return ["host", *_NAMED]


def _level(name: str, cpu: str, features: tuple[str, ...], **figures: int) -> Target:
    is_v4, is_v3 = "avx512f" in features, "avx2" in features
    width, registers = (64, 32) if is_v4 else (32, 16) if is_v3 else (16, 16)
    return Target(name, cpu, features, width, registers, **figures)


def _named() -> dict[str, Target]:
    levels = [_level("x86-64-v2", "x86-64-v2", _V2), _level("x86-64-v3", "x86-64-v3", _V3)]
    levels.append(_level("x86-64-v4", "x86-64-v4", _V4, l1_bytes=32 * _KIB, l2_bytes=1024 * _KIB))
    for cpu in ("haswell", "skylake"):
        levels.append(_level(cpu, cpu, _V3, l2_bytes=256 * _KIB))
    for cpu in ("znver2", "znver3"):
        levels.append(_level(cpu, cpu, _V3, l3_bytes=32 * _KIB * _KIB))
    for cpu, extra in (("skylake-avx512", ()), ("cascadelake", ("avx512vnni",)), ("icelake-server", ("avx512vnni",))):
        levels.append(_level(cpu, cpu, (*_V4, *extra), l1_bytes=32 * _KIB, l2_bytes=1024 * _KIB))
    for cpu, l1, l2 in (("sapphirerapids", 48, 2048), ("znver4", 32, 1024), ("znver5", 48, 1024)):
        features = (*_V4, "avx512vnni", "avx512bf16")
        caches = {"l1_bytes": l1 * _KIB, "l2_bytes": l2 * _KIB, "l3_bytes": 32 * _KIB * _KIB}
        levels.append(_level(cpu, cpu, features, **caches, fmas=1 if cpu == "znver4" else 2))
    return {t.name: t for t in levels}


_NAMED = _named()


@functools.cache
def _host() -> Target:
    if platform.machine() not in ("x86_64", "AMD64"):
        raise CompileError(f"target 'host' is {platform.machine()}: only x86-64 is supported")
    flags = _cpu_flags()
    level: str = "x86-64-v2"
    features: tuple[str, ...] = _V2
    levels: tuple[tuple[str, tuple[str, ...]], ...] = (("x86-64-v3", _V3), ("x86-64-v4", _V4))
    for name, needed in levels:
        if flags.issuperset(_linux_name(f) for f in needed):
            level, features = name, needed
    extra = tuple(llvm for linux, llvm in _EXTENSIONS.items() if linux in flags and level == "x86-64-v4")
    found = _level("host", level, (*features, *extra))
    return replace(
        found,
        cores=len(os.sched_getaffinity(0)),
        l1_bytes=_cache_bytes(1) or found.l1_bytes,
        l2_bytes=min(_cache_bytes(2) or found.l2_bytes, _MOST_L2_BYTES),
        l3_bytes=_cache_bytes(3) or found.l3_bytes,
        fmas=fmas_of(*_cpu_model(), vector_bytes=found.vector_bytes),
    )


def fmas_of(vendor: str, family: int, model: int, *, vector_bytes: int) -> int:
    """Multiply-adds of whole vectors that a core of this CPU begins in a cycle; 2 unless it is known to be 1.

    Zen 1 cuts 256 bits in halves, Zen 4 and the mobile Zen 5 cut 512; Intel's clients with AVX-512 have one unit for it
    (Fog, The microarchitecture of Intel, AMD and VIA CPUs, 2025; AMD, Software Optimization Guide for Zen 5, 2024).
    """
    is_wide = vector_bytes == 64
    match vendor, family:
        case "AuthenticAMD", 0x17:
            return 1 if model < 0x30 else 2
        case "AuthenticAMD", 0x19:
            return 1 if is_wide else 2
        case "AuthenticAMD", 0x1A:
            return 1 if is_wide and model in _MOBILE_ZEN5 else 2
        case "GenuineIntel", 6:
            return 1 if is_wide and model in _INTEL_CLIENTS else 2
        case _:
            return 2


def _cpu_model() -> tuple[str, int, int]:
    """Vendor, family and model of the first CPU; "", 0 and 0 where the system does not tell."""
    facts = {}
    for line in Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines():
        name, _, value = line.partition(":")
        facts[name.strip()] = value.strip()
    return facts.get("vendor_id", ""), int(facts.get("cpu family", 0)), int(facts.get("model", 0))


def _cpu_flags() -> frozenset[str]:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("flags"):
            return frozenset(line.split(":", 1)[1].split())
    return frozenset()


def _linux_name(feature: str) -> str:
    """The word /proc/cpuinfo has for an LLVM feature."""
    words = {"sse3": "pni", "lzcnt": "abm", "bmi": "bmi1"}
    return words.get(feature, feature.replace("sse4.", "sse4_"))


def _cache_bytes(level: int) -> int:
    """Size of the first CPU's data or unified cache of this level; 0 where the system does not tell."""
    for index in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        try:
            kind, depth, size = ((index / part).read_text().strip() for part in ("type", "level", "size"))
        except OSError:
            continue
        if kind != "Instruction" and depth == str(level) and size.endswith("K"):
            return int(size[:-1]) * _KIB
    return 0
