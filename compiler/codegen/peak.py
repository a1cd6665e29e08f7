"""Programs that do one thing as fast as the machine can, multiply and add or read memory: what kernels are judged by.

They run like models (`mlc_main` over the thread pool, one chunk a thread), so that their figures hold for the same
machine, clock and threads as the kernels measured beside them.
"""

from __future__ import annotations

from dataclasses import dataclass

from llvmlite import ir

from mlc.codegen.builder import F32, I64, POINTER, Builder, Lanes, Num, Variable
from mlc.codegen.objects import MAIN
from mlc.codegen.program import CodeUnit
from mlc.codegen.units import KERNEL_TYPE, new_module
from mlc.target import Target

# Of one chunk: about 2 ms on a core with 512-bit registers.
_FLOPS_PER_CHUNK = 1 << 28
# Of mlc_call.
_INPUTS_FIELD, _OUTPUTS_FIELD = 0, 1
_KERNEL = "mlc_peak"


@dataclass(frozen=True)
class PeakProgram:
    """The units, the FLOPs or bytes of a run, and the f32 elements of the one input (0: there is none) and output."""

    units: tuple[CodeUnit, ...]
    work: int
    input_count: int
    output_count: int


def fma_peak(target: Target, chunks: int) -> PeakProgram:
    """Multiply-adds in this many chunks, one for each thread that is to be kept busy; nothing is loaded in the loop.

    A chunk keeps three quarters of the vector registers as independent sums: more than latency times throughput of the
    multiply-add of any x86-64 CPU (4 cycles, 2 a cycle), and room for the two factors.
    """
    lanes, sums = target.lanes(4), target.register_count * 3 // 4
    rounds = _FLOPS_PER_CHUNK // (2 * lanes * sums)
    units = (_multiply(target, lanes, sums, rounds), _main(target, chunks, _OUTPUTS_FIELD))
    return PeakProgram(units, 2 * lanes * sums * rounds * chunks, 0, chunks * lanes)


def read_peak(target: Target, chunks: int, byte_count: int) -> PeakProgram:
    """Reads of about so many bytes, each once, by vector loads into independent sums; each chunk reads its share."""
    lanes, sums = target.lanes(4), target.register_count // 2
    rounds = byte_count // (4 * lanes * sums * chunks)
    input_count = rounds * lanes * sums * chunks
    units = (_read(target, lanes, sums, rounds), _main(target, chunks, _INPUTS_FIELD, _OUTPUTS_FIELD))
    return PeakProgram(units, 4 * input_count, input_count, chunks * lanes)


def _multiply(target: Target, lanes: int, sums: int, rounds: int) -> CodeUnit:
    k, module = _begun(target)
    args, begin, end = k.function.args
    half, one = (k.splat(ir.Constant(F32, value), lanes) for value in (0.5, 1.0))
    output = k.load(args, POINTER)
    with k.loop(begin, end) as chunk:
        # Each starts elsewhere, and none at 2, where LLVM would see that nothing changes.
        variables = [k.variable(k.splat(ir.Constant(F32, 3.0 + number), lanes)) for number in range(sums)]
        with k.loop(0, rounds):
            for variable in variables:  # x / 2 + 1 goes to 2: no overflow, no subnormal
                variable.set(k.fma(variable.get(), half, one))
        _store_sum(k, output, variables, chunk, lanes)
    k.finish()
    return CodeUnit(_KERNEL, str(module))


def _read(target: Target, lanes: int, sums: int, rounds: int) -> CodeUnit:
    k, module = _begun(target)
    args, begin, end = k.function.args
    source, output = k.load(args, POINTER, 0), k.load(args, POINTER, 1)
    with k.loop(begin, end) as chunk:
        variables = [k.variable(k.splat(ir.Constant(F32, 0.0), lanes)) for _ in range(sums)]
        with k.loop(k.mul(chunk, rounds), k.mul(k.add(chunk, 1), rounds)) as turn:
            for number, variable in enumerate(variables):
                at = k.add(k.mul(turn, sums * lanes), number * lanes)
                variable.set(k.ir.fadd(variable.get(), k.load(source, F32, Lanes(at, 1, lanes))))
        _store_sum(k, output, variables, chunk, lanes)
    k.finish()
    return CodeUnit(_KERNEL, str(module))


def _begun(target: Target) -> tuple[Builder, ir.Module]:
    module = new_module(target)
    function = ir.Function(module, KERNEL_TYPE, _KERNEL)
    function.attributes.add("nounwind")
    return Builder(function, target), module


def _store_sum(k: Builder, output: ir.Value, variables: list[Variable], chunk: Num, lanes: int) -> None:
    total = variables[0].get()
    for variable in variables[1:]:
        total = k.ir.fadd(total, variable.get())
    k.store(output, total, Lanes(k.mul(chunk, lanes), 1, lanes))


def _main(target: Target, chunks: int, *fields: int) -> CodeUnit:
    """A main that gives the kernel the first buffer of each of these fields of mlc_call."""
    module = new_module(target)
    size = ir.Function(module, ir.FunctionType(I64, [POINTER]), "mlc_workspace_bytes")
    Builder(size, target).finish(ir.Constant(I64, 0))
    kernel = ir.Function(module, KERNEL_TYPE, _KERNEL)
    launch_type = ir.FunctionType(ir.VoidType(), [POINTER, POINTER, I64, I64])
    launch = ir.Function(module, launch_type, "mlc_parallel_for")
    main = ir.Function(module, ir.FunctionType(I64, [POINTER]), MAIN)
    k = Builder(main, target)
    args = k.stack(I64, len(fields))
    for number, field in enumerate(fields):
        k.ir.store(k.load(k.load(main.args[0], POINTER, field), POINTER), k.at(args, I64, number))
    k.ir.call(launch, [kernel, args, ir.Constant(I64, chunks), ir.Constant(I64, 1)])
    k.finish(ir.Constant(I64, 0))
    return CodeUnit(MAIN, str(module))
