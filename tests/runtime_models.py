"""Tiny artifacts for the tests of the runtime, their code written as LLVM IR by hand."""

from __future__ import annotations

import functools

import numpy as np

from mlc.runtime import Artifact, CodeUnit, HostStep, StepValue, TensorSpec
from mlc.runtime.artifact import OBJECT, aligned_bytes

# %call's fields by number, as in mlc_runtime.h.
INPUTS, OUTPUTS, WEIGHTS, WORKSPACE, SYMBOLS, ARENA, HOST_STEP, HOST_CTX, VALUES, SHAPES, PROFILE, ERROR_ARGS = range(
    12
)

PROLOGUE = """
%call = type { ptr, ptr, ptr, ptr, ptr, ptr, ptr, ptr, ptr, ptr, ptr, [4 x i64] }
declare void @mlc_parallel_for(ptr, ptr, i64, i64)
declare ptr @mlc_arena_alloc(ptr, i64)
declare i64 @mlc_now_ns()
define private ptr @field(ptr %c, i32 %i) {
  %p = getelementptr ptr, ptr %c, i32 %i
  %v = load ptr, ptr %p
  ret ptr %v
}
define private ptr @entry(ptr %c, i32 %i, i64 %k) {
  %table = call ptr @field(ptr %c, i32 %i)
  %p = getelementptr ptr, ptr %table, i64 %k
  %v = load ptr, ptr %p
  ret ptr %v
}
"""

NO_WORKSPACE = "define i64 @mlc_workspace_bytes(ptr %symbols) {\n  ret i64 0\n}\n"


@functools.cache
def assemble(text: str) -> bytes:
    """The object code of LLVM IR text, for this machine."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine(opt=1, reloc="pic", codemodel="small")
    module = llvm.parse_assembly(text)
    module.verify()
    return bytes(machine.emit_object(module))


def unit(name: str, text: str) -> CodeUnit:
    return CodeUnit(name, assemble(text))


def scale_and_shift() -> Artifact:
    """y[N,4] = 2 * x[N,4] + w[4]: doubles in parallel into the workspace, then adds the weights; two object files."""
    kernel = unit(
        "double",
        """
define void @double_rows(ptr %args, i64 %begin, i64 %end) {
entry:
  %xp = load ptr, ptr %args
  %args1 = getelementptr ptr, ptr %args, i64 1
  %tp = load ptr, ptr %args1
  %first = mul i64 %begin, 4
  %last = mul i64 %end, 4
  br label %loop
loop:
  %i = phi i64 [ %first, %entry ], [ %next, %body ]
  %more = icmp slt i64 %i, %last
  br i1 %more, label %body, label %done
body:
  %xi = getelementptr float, ptr %xp, i64 %i
  %x = load float, ptr %xi
  %t = fmul float %x, 2.0
  %ti = getelementptr float, ptr %tp, i64 %i
  store float %t, ptr %ti
  %next = add i64 %i, 1
  br label %loop
done:
  ret void
}
""",
    )
    main = unit(
        "main",
        PROLOGUE
        + f"""
declare void @double_rows(ptr, i64, i64)
define i64 @mlc_workspace_bytes(ptr %symbols) {{
  %n = load i64, ptr %symbols
  %bytes = mul i64 %n, 16
  ret i64 %bytes
}}
define i64 @mlc_main(ptr %c) {{
entry:
  %symbols = call ptr @field(ptr %c, i32 {SYMBOLS})
  %n = load i64, ptr %symbols
  %args = alloca [2 x ptr]
  %x = call ptr @entry(ptr %c, i32 {INPUTS}, i64 0)
  store ptr %x, ptr %args
  %t = call ptr @field(ptr %c, i32 {WORKSPACE})
  %args1 = getelementptr ptr, ptr %args, i64 1
  store ptr %t, ptr %args1
  call void @mlc_parallel_for(ptr @double_rows, ptr %args, i64 %n, i64 1)
  %y = call ptr @entry(ptr %c, i32 {OUTPUTS}, i64 0)
  %w = call ptr @field(ptr %c, i32 {WEIGHTS})
  %last = mul i64 %n, 4
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %body ]
  %more = icmp slt i64 %i, %last
  br i1 %more, label %body, label %done
body:
  %ti = getelementptr float, ptr %t, i64 %i
  %tv = load float, ptr %ti
  %k = urem i64 %i, 4
  %wk = getelementptr float, ptr %w, i64 %k
  %wv = load float, ptr %wk
  %sum = fadd float %tv, %wv
  %yi = getelementptr float, ptr %y, i64 %i
  store float %sum, ptr %yi
  %next = add i64 %i, 1
  br label %loop
done:
  ret i64 0
}}
""",
    )
    weights = aligned_bytes(16)
    weights[:] = np.array([1, 2, 3, 4], np.float32).view(np.uint8)
    return Artifact(
        inputs=(TensorSpec("x", "float32", ("N", "4")),),
        outputs=(TensorSpec("y", "float32", ("N", "4")),),
        code=(kernel, main),
        weights=weights,
        symbols=("N",),
        ir='module {} loc("scale")\n',
    )


def through_host_steps() -> Artifact:
    """positive[K] = step 0 of x[N]: its shape depends on data. Step 1 turns it into a list, an output of its own."""
    main = (
        PROLOGUE
        + NO_WORKSPACE
        + f"""
define private i64 @step(ptr %c, i64 %number) {{
  %f = call ptr @field(ptr %c, i32 {HOST_STEP})
  %ctx = call ptr @field(ptr %c, i32 {HOST_CTX})
  %r = call i64 %f(ptr %ctx, i64 %number, ptr %c)
  ret i64 %r
}}
define i64 @mlc_main(ptr %c) {{
  %x = call ptr @entry(ptr %c, i32 {INPUTS}, i64 0)
  %symbols = call ptr @field(ptr %c, i32 {SYMBOLS})
  %values = call ptr @field(ptr %c, i32 {VALUES})
  %shapes = call ptr @field(ptr %c, i32 {SHAPES})
  store ptr %x, ptr %values
  store ptr %symbols, ptr %shapes
  %r0 = call i64 @step(ptr %c, i64 0)
  %failed = icmp ne i64 %r0, 0
  br i1 %failed, label %stop, label %go
stop:
  ret i64 %r0
go:
  %found = call ptr @entry(ptr %c, i32 {VALUES}, i64 1)
  %dims = call ptr @entry(ptr %c, i32 {SHAPES}, i64 1)
  %k = load i64, ptr %dims
  %kp = getelementptr i64, ptr %symbols, i64 1
  store i64 %k, ptr %kp
  %outputs = call ptr @field(ptr %c, i32 {OUTPUTS})
  store ptr %found, ptr %outputs
  %r1 = call i64 @step(ptr %c, i64 1)
  ret i64 %r1
}}
"""
    )
    found = StepValue(1, "int32", rank=1, is_dynamic=True)
    operand = StepValue(1, "int32", rank=1)
    return Artifact(
        inputs=(TensorSpec("x", "int32", ("N",)),),
        outputs=(TensorSpec("positive", "int32", ("K",)), TensorSpec("list", OBJECT, (), slot=2)),
        code=(unit("main", main),),
        symbols=("N", "K"),
        steps=(
            HostStep("Positive 'p'", "positive", (StepValue(0, "int32", rank=1),), (found,)),
            HostStep("ToList 'l'", "to_list", (operand,), (StepValue(2, OBJECT),)),
        ),
        slot_count=3,
    )


def doubling_in_place() -> Artifact:
    """y[N] = step 0 of x[N], written straight into the output's buffer: a result with a planned place."""
    main = (
        PROLOGUE
        + NO_WORKSPACE
        + f"""
define i64 @mlc_main(ptr %c) {{
  %x = call ptr @entry(ptr %c, i32 {INPUTS}, i64 0)
  %y = call ptr @entry(ptr %c, i32 {OUTPUTS}, i64 0)
  %symbols = call ptr @field(ptr %c, i32 {SYMBOLS})
  %values = call ptr @field(ptr %c, i32 {VALUES})
  %shapes = call ptr @field(ptr %c, i32 {SHAPES})
  store ptr %x, ptr %values
  store ptr %symbols, ptr %shapes
  %values1 = getelementptr ptr, ptr %values, i64 1
  %shapes1 = getelementptr ptr, ptr %shapes, i64 1
  store ptr %y, ptr %values1
  store ptr %symbols, ptr %shapes1
  %f = call ptr @field(ptr %c, i32 {HOST_STEP})
  %ctx = call ptr @field(ptr %c, i32 {HOST_CTX})
  %r = call i64 %f(ptr %ctx, i64 0, ptr %c)
  ret i64 %r
}}
"""
    )
    return Artifact(
        inputs=(TensorSpec("x", "float64", ("N",)),),
        outputs=(TensorSpec("y", "float64", ("N",)),),
        code=(unit("main", main),),
        symbols=("N",),
        steps=(HostStep("Double 'd'", "", (StepValue(0, "float64", 1),), (StepValue(1, "float64", 1),)),),
        slot_count=2,
    )


def answering(inputs: tuple[TensorSpec, ...], result: int = 0, **fields: object) -> Artifact:
    """A model without outputs whose main stores 7 and 9 as error arguments and returns result."""
    main = (
        PROLOGUE
        + NO_WORKSPACE
        + f"""
define i64 @mlc_main(ptr %c) {{
  %a0 = getelementptr %call, ptr %c, i32 0, i32 {ERROR_ARGS}, i64 0
  store i64 7, ptr %a0
  %a1 = getelementptr %call, ptr %c, i32 0, i32 {ERROR_ARGS}, i64 1
  store i64 9, ptr %a1
  %profile = call ptr @field(ptr %c, i32 {PROFILE})
  %measured = icmp ne ptr %profile, null
  br i1 %measured, label %mark, label %done
mark:
  store i64 1234, ptr %profile
  br label %done
done:
  ret i64 {result}
}}
"""
    )
    return Artifact(inputs=inputs, outputs=(), code=(unit("main", main),), **fields)  # type: ignore[arg-type]
