"""Constants are the same bits in MLIR: each dtype, as dense<...> and as dense_resource<...>, through its bindings.

MLIR keeps one attribute for equal ones, so two texts are the same constant when they are the same object there. The
text that is compared with is the array's bytes in hexadecimal.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from mlc.errors import ParseError
from mlc.ir import Array, DType, Function, Module
from mlc.ir.dense import dense_text, handle, is_elided, resources_text
from mlc.ir.parser import parse_module
from mlc.ir.printer import print_module
from mlc.ir.types import type_of
from mlc.ops import Constant

ir = pytest.importorskip("torch_mlir.ir", reason="MLIR comes with torch-mlir")

DTYPES = [d for d in DType if d is not DType.STRING]
# Dtypes of which LLVM has constants: what MLIR computes with a resource can be seen there.
LOWERED = [d for d in DTYPES if not d.is_complex and d.bits >= 8]


def patterns(dtype: DType) -> Array:
    """Every bit pattern of a dtype up to 8 bits; 1,024 of a wider one, the floats that texts get wrong among them."""
    generator = np.random.default_rng(7)
    if dtype is DType.BOOL:
        return generator.integers(0, 2, 256).astype(np.bool_)
    if dtype.bits < 8:
        codes = np.resize(np.arange(1 << dtype.bits), 256).astype(np.int8)
        low = 1 << (dtype.bits - 1)
        if dtype.is_float:
            return codes.view(np.uint8).view(dtype.numpy)
        return (codes - (low if dtype.is_signed else 0)).astype(dtype.numpy)
    bits = generator.integers(0, 256, 1024 * dtype.itemsize, dtype=np.uint8)
    found = np.arange(256, dtype=np.uint8).view(dtype.numpy) if dtype.bits == 8 else bits.view(dtype.numpy).copy()
    if dtype.is_float and dtype.bits > 8:
        special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, 0.1, 1e-45, 5e-324, 6e-8], np.float64)
        with np.errstate(over="ignore", under="ignore"):
            found[: len(special)] = special.astype(dtype.numpy)
        one = found[:1].view(f"u{dtype.itemsize}").dtype.type
        payload = np.array([np.inf], dtype.numpy).view(one) + one(3)  # a NaN with a payload of its own
        found[len(special)] = payload.view(dtype.numpy)[0]
    return found


def shapes(array: Array) -> list[Array]:
    """Long and short, of two dims, a single element without dims, equal elements, none."""
    middle = array.size // 2
    return [
        array,
        array.reshape(2, -1),
        array[middle : middle + 6].reshape(2, 3),
        array[:12].reshape(3, 2, 2),
        np.array(array[10]).reshape(()),
        np.full((5, 40), array[10], array.dtype),
        np.full((3,), array[1], array.dtype),
        array[:0].reshape(0, 3),
    ]


def hexadecimal(array: Array, dtype: DType) -> str:
    """The array as MLIR takes bytes."""
    if array.size == 0:
        return f"dense<> : {type_of(array)}"
    return f'dense<"0x{bits_of(array, dtype).hex().upper()}"> : {type_of(array)}'


def constant_in_mlir(text: str) -> str:
    """What MLIR prints of a constant; its bindings have no class for attributes of complex numbers."""
    return str(ir.Module.parse(f'"test.op"() {{value = {text}}} : () -> ()'))


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_dense_text_is_the_same_bits_in_mlir(dtype: DType) -> None:
    read = constant_in_mlir if dtype.is_complex else ir.Attribute.parse
    with ir.Context() as context, ir.Location.unknown():
        context.allow_unregistered_dialects = True
        for array in shapes(patterns(dtype)):
            assert read(dense_text(array, elide=False)) == read(hexadecimal(array, dtype)), array


def constant_module(array: Array) -> Module:
    function = Function("main", [])
    function.set_outputs([("y", function.append(Constant(array)).result)])
    module = Module("test")
    module.add(function)
    return module


def value_in(module: Module) -> Array:
    [constant] = [op for op in module.walk() if isinstance(op, Constant)]
    return constant.value


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("resources", [False, True], ids=["dense", "dense_resource"])
def test_what_mlir_prints_of_a_constant_is_the_same_bits_to_us(dtype: DType, resources: bool) -> None:
    for array in [np.resize(patterns(dtype), 8192), *shapes(patterns(dtype))]:
        text = print_module(constant_module(array), elide=resources, resources=resources)
        assert ("dense_resource" in text) == (resources and is_elided(array))
        with ir.Context() as context, ir.Location.unknown():
            context.allow_unregistered_dialects = True
            printed = str(ir.Module.parse(text))
        for back in (value_in(parse_module(text)), value_in(parse_module(printed))):
            assert back.dtype == array.dtype and back.shape == array.shape
            assert bits_of(back, dtype) == bits_of(array, dtype)


def bits_of(array: Array, dtype: DType) -> bytes:
    """The bytes, of narrow types the bits that count."""
    raw = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    return bytes(raw & ((1 << dtype.bits) - 1)) if dtype.bits < 8 else bytes(raw)


@pytest.mark.parametrize("dtype", LOWERED, ids=str)
def test_a_resource_is_the_numbers_that_mlir_computes_with(dtype: DType) -> None:
    """As constants of LLVM IR, a dense text and a resource are one and the same."""
    array = np.resize(patterns(dtype), 8192)
    name = handle(array)
    texts = [
        lowered(hexadecimal(array, dtype), dtype, array.size),
        lowered(f"dense_resource<{name}> : {type_of(array)}", dtype, array.size, resources_text({name: array})),
    ]
    assert texts[0] == texts[1] and "constant [8192 x" in texts[0]


def lowered(attribute: str, dtype: DType, count: int, resources: str = "") -> str:
    """The line of LLVM IR that a constant becomes."""
    from torch_mlir.dialects import llvm

    is_native = not dtype.is_float or dtype.bits > 8
    element = f"i{dtype.bits}" if not dtype.is_float or not is_native else str(dtype)
    with ir.Context(), ir.Location.unknown():
        module = ir.Module.parse(
            f"module {{ llvm.mlir.global constant @g({attribute}) : !llvm.array<{count} x {element}> }}\n{resources}"
        )
        text = str(llvm.translate_module_to_llvmir(module.operation))
    return re.findall(r"@g = .*", text)[0]


def test_a_resource_that_is_damaged_or_missing_is_said() -> None:
    text = print_module(constant_module(np.arange(4096, dtype=np.int32)), resources=True)
    short: Any = re.sub(r'"0x40000000\w{8}', '"0x40000000', text)
    with pytest.raises(ParseError, match=r"has 16380 bytes, tensor<4096xi32> needs 16384"):
        parse_module(short)
    with pytest.raises(ParseError, match="a resource behind the module is damaged"):
        parse_module(text.replace('"0x40000000', '"0x4000000'))
    with pytest.raises(ParseError, match="are not in this text"):
        parse_module(text.partition("\n{-#")[0])
