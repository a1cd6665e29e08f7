"""Compiles a math function into a native loop over arrays, and measures errors in ULP. For tests only."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir

from mlc.codegen.math.lanes import declare_features

Array = np.ndarray[Any, Any]
Emit = Callable[..., ir.Value]

FMA_TARGET = ("x86-64-v3", ("fma", "f16c"))
AVX512_TARGET = ("x86-64-v4", ("avx512f", "f16c", "fma"))
PORTABLE_TARGET = ("x86-64-v2", ())

_IR_TYPES: dict[str, ir.Type] = {
    "float32": ir.FloatType(),
    "float64": ir.DoubleType(),
    "uint8": ir.IntType(8),
    "uint16": ir.IntType(16),
    "uint32": ir.IntType(32),
    "int32": ir.IntType(32),
}


def ir_type(dtype: Any) -> ir.Type:
    """The LLVM type the elements of a numpy array of this dtype have in memory."""
    return _IR_TYPES[np.dtype(dtype).name]


@dataclass(frozen=True)
class Loop:
    """out[i] = f(inputs[i], ...) for n elements, as native code."""

    address: int
    result: np.dtype[Any]
    engine: Any

    def __call__(self, *inputs: Array) -> Array:
        out = np.empty(inputs[0].shape, self.result)
        pointers = [a.ctypes.data_as(ctypes.c_void_p) for a in (out, *inputs)]
        signature = ctypes.CFUNCTYPE(None, ctypes.c_int64, *[ctypes.c_void_p] * len(pointers))
        signature(self.address)(inputs[0].size, *pointers)
        return out


@dataclass(frozen=True)
class Kernel:
    """A function to be applied to arrays of the dtypes in inputs."""

    emit: Emit
    inputs: Sequence[Any]
    result: Any


def compile_loop(
    emit: Emit,
    inputs: Sequence[Any],
    result: Any,
    lanes: int | None,
    target: tuple[str, Sequence[str]] = FMA_TARGET,
) -> Loop:
    """A loop that applies emit to lanes elements at a time (None: to scalars); whole vectors only."""
    parsed, machine = _optimized([Kernel(emit, inputs, result)], lanes, target)
    engine = llvm.create_mcjit_compiler(parsed, machine)
    engine.finalize_object()
    return Loop(engine.get_function_address("loop0"), np.dtype(result), engine)


def object_code(kernels: Sequence[Kernel], lanes: int | None, target: tuple[str, Sequence[str]]) -> bytes:
    """The object file of one module with a loop for each kernel."""
    parsed, machine = _optimized(kernels, lanes, target)
    code: bytes = machine.emit_object(parsed)
    return code


def _optimized(kernels: Sequence[Kernel], lanes: int | None, target: tuple[str, Sequence[str]]) -> tuple[Any, Any]:
    cpu, features = target
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    triple = llvm.get_process_triple()
    machine = llvm.Target.from_triple(triple).create_target_machine(cpu=cpu, opt=2, reloc="pic", codemodel="small")
    module = ir.Module("loops")
    module.triple = triple
    declare_features(module, features)
    for i, kernel in enumerate(kernels):
        _emit_loop(module, f"loop{i}", kernel, lanes)
    parsed = llvm.parse_assembly(str(module))
    parsed.verify()
    passes = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=2))
    passes.getModulePassManager().run(parsed, passes)
    return parsed, machine


def _emit_loop(module: ir.Module, name: str, kernel: Kernel, lanes: int | None) -> None:
    inputs, result = [ir_type(d) for d in kernel.inputs], ir_type(kernel.result)
    i64, pointer = ir.IntType(64), ir.PointerType()
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), [i64] + [pointer] * (1 + len(inputs))), name)
    b = ir.IRBuilder(function.append_basic_block("entry"))
    count, out, *sources = function.args
    step = ir.Constant(i64, lanes or 1)
    head, body, done = (function.append_basic_block(name) for name in ("head", "body", "done"))
    b.branch(head)
    entry = b.block
    b.position_at_end(head)
    index = b.phi(i64)
    index.add_incoming(ir.Constant(i64, 0), entry)
    following = b.add(index, step)
    b.cbranch(b.icmp_signed("<=", following, count), body, done)
    b.position_at_end(body)
    args = []
    for source, ty in zip(sources, inputs, strict=True):
        address = b.gep(source, [index], source_etype=ty)
        args.append(b.load(address, typ=ty if lanes is None else ir.VectorType(ty, lanes), align=1))
    address = b.gep(out, [index], source_etype=result)
    b.store(kernel.emit(b, *args), address, align=1)
    index.add_incoming(following, b.block)
    b.branch(head)
    b.position_at_end(done)
    b.ret_void()


def ulp_errors(got: Array, reference: Array) -> Array:
    """|got - reference| in units of the last place of got's format, 0 where both are NaN or the same infinity.

    reference has a wider format; where exactly one of the two is NaN or infinite the error is inf, except
    that a reference past the largest finite number plus half a unit counts as infinite.
    """
    fmt = np.finfo(got.dtype)
    wide = reference.dtype.type
    with np.errstate(all="ignore"):
        overflow = wide(fmt.max) + np.ldexp(wide(1), fmt.maxexp - fmt.nmant - 2)
        reference = np.where(np.abs(reference) >= overflow, np.copysign(wide(np.inf), reference), reference)
        _, exponent = np.frexp(reference)
        exponent = np.maximum(exponent - 1, fmt.minexp) - fmt.nmant
        error = np.abs(got.astype(reference.dtype) - reference)
        error = np.where(error == 0, 0, np.ldexp(error, -exponent)).astype(np.float64)
        same = (got == reference) | (np.isnan(got) & np.isnan(reference))
        comparable = np.isfinite(got) & np.isfinite(reference)
    return np.where(same, 0.0, np.where(comparable, error, np.inf))
