"""One element in MLIR text: its types in memory and in registers, and what writes ops on registers.

mlc.codegen.mlir.text has the table of types, and what is written around elements.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass

import numpy as np

from mlc.codegen.registry import NoKernel
from mlc.ir import Array, DType

INDEX = "index"
# Elements up to which a constant is written as numbers.
READABLE = 16


@dataclass(frozen=True)
class Scalar:
    """A value in a region: its SSA name and its type, a dtype's register or "index"."""

    name: str
    type: str

    def __str__(self) -> str:
        return self.name

    @property
    def is_float(self) -> bool:
        """Whether arith's float ops take it."""
        return self.type in ("f32", "f64")


def memory_type(dtype: DType) -> str:
    """The element type in memory. Raises NoKernel for what MLIR cannot lower to LLVM."""
    if dtype in (DType.F16, DType.BF16, DType.F32, DType.F64):
        return str(dtype)
    if dtype.is_complex or dtype is DType.STRING:
        raise NoKernel(f"MLIR lowers no arithmetic on {dtype} to LLVM")
    return f"i{8 * dtype.itemsize}"


def register_type(dtype: DType) -> str:
    """The type of one element in a region."""
    if dtype is DType.BOOL:
        return "i1"
    return "f32" if dtype.is_float and dtype.itemsize < 4 else memory_type(dtype)


def number_text(value: float, type: str) -> str:
    """A constant as MLIR reads it back exactly."""
    if type in ("f16", "bf16", "f32", "f64"):
        if math.isfinite(value):
            return f"{value:.17e}" if type == "f64" else f"{value:.9e}"
        # What is no number is written by its bits; a bf16 has the upper ones of an f32.
        bits = struct.pack({"f16": ">e", "f64": ">d"}.get(type, ">f"), value)
        return f"0x{bits[: 2 if type == 'bf16' else None].hex().upper()}"
    if type == "i1":
        return "true" if value else "false"
    return str(int(value))


def dense(array: Array) -> str:
    """The elements attribute of an array in memory: numbers where they are few, else bytes."""
    dtype = DType.of(array.dtype)
    kind = memory_type(dtype)
    if dtype.is_float and dtype.itemsize == 1:
        array = array.view(np.uint8)
    if array.size == 0:
        return "dense<>"
    if array.size <= READABLE and (kind.startswith("i") or kind in ("f32", "f64")):
        return f"dense<{_nested([number_text(x, kind) for x in array.reshape(-1).tolist()], array.shape)}>"
    return f'dense<"0x{np.ascontiguousarray(array).tobytes().hex().upper()}">'


def _nested(texts: list[str], shape: tuple[int, ...]) -> str:
    """Row-major elements in the brackets of their shape."""
    if not shape:
        return texts[0]
    step = len(texts) // shape[0]
    return f"[{', '.join(_nested(texts[i : i + step], shape[1:]) for i in range(0, len(texts), step))}]"


def stored_number(value: float, dtype: DType) -> str:
    """A number of the dtype as it lies in memory: of an 8- or 4-bit float its bits."""
    kind = memory_type(dtype)
    if dtype.is_float and dtype.itemsize == 1:
        value = int(np.asarray(value, dtype.numpy).view(np.uint8))
    return number_text(value, kind)


class Writer:
    """Lines of ops with fresh SSA names; the common part of a stage and of a region in it."""

    def __init__(self, lines: list[str], counter: list[int], indent: str) -> None:
        self.lines, self._counter, self.indent = lines, counter, indent

    def line(self, text: str) -> None:
        """Adds a line."""
        self.lines.append(f"{self.indent}{text}")

    def fresh(self) -> str:
        """A new SSA name."""
        self._counter[0] += 1
        return f"%{self._counter[0] - 1}"

    def value(self, text: str, type: str) -> Scalar:
        """Adds an op with one result of this type."""
        name = self.fresh()
        self.line(f"{name} = {text}")
        return Scalar(name, type)

    def index(self, number: int) -> Scalar:
        """An index constant."""
        return self.value(f"arith.constant {number} : index", INDEX)

    def binary(self, mnemonic: str, x: Scalar, y: Scalar) -> Scalar:
        """`mnemonic x, y : type`, a result of the operands' type."""
        return self.value(f"{mnemonic} {x}, {y} : {x.type}", x.type)


class Arithmetic(Writer):
    """Writes ops on elements in registers."""

    def number(self, value: float, type: str) -> Scalar:
        """A constant."""
        kind = "" if type == "i1" else f" : {type}"
        return self.value(f"arith.constant {number_text(value, type)}{kind}", type)

    def like(self, value: float, x: Scalar) -> Scalar:
        """A constant of the type of x."""
        return self.number(value, x.type)

    def unary(self, mnemonic: str, x: Scalar) -> Scalar:
        """`mnemonic x : type`."""
        return self.value(f"{mnemonic} {x} : {x.type}", x.type)

    def add(self, x: Scalar, y: Scalar) -> Scalar:
        """x + y; of floats with leave to contract it with a product."""
        return self._arithmetic("add", x, y)

    def sub(self, x: Scalar, y: Scalar) -> Scalar:
        """x - y."""
        return self._arithmetic("sub", x, y)

    def mul(self, x: Scalar, y: Scalar) -> Scalar:
        """x * y."""
        return self._arithmetic("mul", x, y)

    def plain(self, mnemonic: str, x: Scalar, y: Scalar) -> Scalar:
        """An op of two floats that is not contracted with another."""
        return self.binary(mnemonic, x, y)

    def div(self, x: Scalar, y: Scalar) -> Scalar:
        """x / y of floats."""
        return self.binary("arith.divf", x, y)

    def select(self, condition: Scalar, x: Scalar, y: Scalar) -> Scalar:
        """x where the condition holds, else y."""
        return self.value(f"arith.select {condition}, {x}, {y} : {x.type}", x.type)

    def compare(self, predicate: str, x: Scalar, y: Scalar) -> Scalar:
        """An i1: `predicate` is arith.cmpf's for floats ("olt"), arith.cmpi's else ("slt")."""
        kind = "arith.cmpf" if x.is_float else "arith.cmpi"
        return self.value(f"{kind} {predicate}, {x}, {y} : {x.type}", "i1")

    def convert(self, mnemonic: str, x: Scalar, type: str) -> Scalar:
        """`mnemonic x : from to type`; x itself when it has the type."""
        return x if x.type == type else self.value(f"{mnemonic} {x} : {x.type} to {type}", type)

    def _arithmetic(self, name: str, x: Scalar, y: Scalar) -> Scalar:
        if not x.is_float:
            return self.binary(f"arith.{name}i", x, y)
        return self.value(f"arith.{name}f {x}, {y} fastmath<contract> : {x.type}", x.type)
