"""A program that does nothing but multiply and add: the measured peak that kernels are judged by.

It runs like a model (`mlc_main` over the thread pool, one chunk a thread), so that its figure holds for the same
machine, clock and threads as the kernels measured beside it. Nothing is loaded or stored in its loop.
"""

from __future__ import annotations

from dataclasses import dataclass

from llvmlite import ir

from mlc.codegen.builder import F32, I64, POINTER, Builder, Lanes
from mlc.codegen.objects import MAIN
from mlc.codegen.program import CodeUnit
from mlc.codegen.units import KERNEL_TYPE, new_module
from mlc.target import Target

# Of one chunk: about 2 ms on a core with 512-bit registers.
_FLOPS_PER_CHUNK = 1 << 28
# Of mlc_call: the second field holds the outputs.
_OUTPUTS_FIELD = 1
_KERNEL = "mlc_peak"


@dataclass(frozen=True)
class PeakProgram:
    """Units of a main without inputs, the FLOPs of a run, and the f32 elements of its one output."""

    units: tuple[CodeUnit, ...]
    flops: int
    output_count: int


def fma_peak(target: Target, chunks: int) -> PeakProgram:
    """The program for this many chunks, one for each thread that is to be kept busy.

    A chunk keeps three quarters of the vector registers as independent sums: more than latency times throughput of the
    multiply-add of any x86-64 CPU (4 cycles, 2 a cycle), and room for the two factors.
    """
    lanes, sums = target.lanes(4), target.register_count * 3 // 4
    rounds = _FLOPS_PER_CHUNK // (2 * lanes * sums)
    units = (_kernel(target, lanes, sums, rounds), _main(target, chunks))
    return PeakProgram(units, 2 * lanes * sums * rounds * chunks, chunks * lanes)


def _kernel(target: Target, lanes: int, sums: int, rounds: int) -> CodeUnit:
    module = new_module(target)
    function = ir.Function(module, KERNEL_TYPE, _KERNEL)
    function.attributes.add("nounwind")
    args, begin, end = function.args
    k = Builder(function, target)
    half, one = (k.splat(ir.Constant(F32, value), lanes) for value in (0.5, 1.0))
    output = k.load(args, POINTER)
    with k.loop(begin, end) as chunk:
        # Each starts elsewhere, and none at 2, where LLVM would see that nothing changes.
        variables = [k.variable(k.splat(ir.Constant(F32, 3.0 + number), lanes)) for number in range(sums)]
        with k.loop(0, rounds):
            for variable in variables:  # x / 2 + 1 goes to 2: no overflow, no subnormal
                variable.set(k.fma(variable.get(), half, one))
        total = variables[0].get()
        for variable in variables[1:]:
            total = k.ir.fadd(total, variable.get())
        k.store(output, total, Lanes(k.mul(chunk, lanes), 1, lanes))
    k.finish()
    return CodeUnit(_KERNEL, str(module))


def _main(target: Target, chunks: int) -> CodeUnit:
    module = new_module(target)
    size = ir.Function(module, ir.FunctionType(I64, [POINTER]), "mlc_workspace_bytes")
    Builder(size, target).finish(ir.Constant(I64, 0))
    kernel = ir.Function(module, KERNEL_TYPE, _KERNEL)
    launch_type = ir.FunctionType(ir.VoidType(), [POINTER, POINTER, I64, I64])
    launch = ir.Function(module, launch_type, "mlc_parallel_for")
    main = ir.Function(module, ir.FunctionType(I64, [POINTER]), MAIN)
    k = Builder(main, target)
    outputs = k.load(main.args[0], POINTER, _OUTPUTS_FIELD)  # its first entry is the buffer: a kernel's only argument
    k.ir.call(launch, [kernel, outputs, ir.Constant(I64, chunks), ir.Constant(I64, 1)])
    k.finish(ir.Constant(I64, 0))
    return CodeUnit(MAIN, str(module))
