"""docs/lowering.md: one small model through every stage of the mlir backend, with the real dumps.

python tests/lowering_page.py        # writes the page anew
"""

from __future__ import annotations

from pathlib import Path

from mlc.codegen.mlir.run import SCHEDULES
from mlc.codegen.mlir.whole import stage_texts
from mlc.driver import Options
from mlc.driver.compile import optimize
from mlc.ir.parser import parse_module
from mlc.ir.printer import print_module
from mlc.mlir import module_text
from mlc.target import Target

PAGE = Path(__file__).parent.parent / "docs" / "lowering.md"
MODEL = """module {
  func.func @main(%x: tensor<4x16xf32>, %w: tensor<16x32xf32>, %b: tensor<32xf32>) -> tensor<4x32xf32> {
    %0 = "mlc.matmul"(%x, %w) {transpose_y = false, strassen = false}
       : (tensor<4x16xf32>, tensor<16x32xf32>) -> tensor<4x32xf32>
    %1 = "mlc.add"(%0, %b) : (tensor<4x32xf32>, tensor<32xf32>) -> tensor<4x32xf32>
    %2 = "mlc.relu"(%1) : (tensor<4x32xf32>) -> tensor<4x32xf32>
    func.return %2 : tensor<4x32xf32>
  }
}
"""
# Lines shown of the stages that spell out every address.
SHOWN = 24


def page() -> str:
    """The text of docs/lowering.md."""
    module = parse_module(MODEL)
    optimize(module, Options())
    stages = stage_texts(module, Target.parse("x86-64-v4"), None, "llvm").texts
    schedule = (SCHEDULES / "matmul.mlir").read_text()
    parts = [
        "# A matrix product through MLIR",
        "For those who want to see MLIR lower a model: what `--backend mlir` does to a small one, stage by stage,\n"
        "each as `mlc compile model.mlir --backend mlir --target x86-64-v4 --emit=STAGE` prints it.\n"
        "Written by `python tests/lowering_page.py`; a test keeps it fresh.",
        "## The model",
        "A linear layer and a relu. `fuse` makes one group of the three ops; a group becomes one kernel.",
        _block(MODEL),
        "After the passes of `-O2`:",
        _block(print_module(module)),
        "## linalg: what is computed",
        "The group is one function on tensors, a stage. `linalg.fill` gives the sums their start, "
        "`linalg.matmul` is the\n"
        "product, and what is behind it is one `linalg.generic` that updates the product in place: "
        "its `outs` is the\n"
        "product itself. The destination comes as an argument, so that the stage needs no memory "
        "of its own. `@main` is for\n"
        "reading; the program has a native main instead.",
        _block(stages["linalg"]),
        "## vector: how it is computed",
        "The schedule is a text in the transform dialect, one named sequence for each family of "
        "stages. This is the one for\n"
        "products, with 4 rows and 32 columns as its register tile here (`--emit=schedule` prints "
        "the numbers):",
        _block(schedule),
        "It leaves the loop over K with the 4 x 32 sums as its only loop-carried value: they are "
        "read before the loop and\n"
        "written behind it. `vector.contract` is the step, one column of the left factor times one "
        "row of the right. All of\n"
        "it is still on tensors. That is why it comes before bufferization: here the slice of the "
        "sums has one reader and\n"
        "one writer, so moving both out of the loop is exact; on buffers MLIR would have to prove "
        "that nothing else points\n"
        "there.",
        _block(stages["vector"]),
        "## bufferized: where it lies",
        "One-shot bufferization finds that every tensor can be computed where its destination is: "
        "no allocation, no copy.",
        _block(stages["bufferized"]),
        "## llvm-dialect: addresses",
        "Memrefs become pointers, sizes and strides, loops become branches, the contraction "
        "becomes `llvm.intr.fmuladd` on\n"
        "vectors of 32. Two arguments are new: the part `[begin, end)` of the stage's parallel "
        "loop that this call runs, by\n"
        "which the runtime's `parallel_for` shares a stage among threads.",
        _block(_beginning(stages["llvm-dialect"])),
        "## llvm: text for LLVM",
        "The same as LLVM IR. mlc puts a kernel with the calling convention of all kernels before "
        "it, and llvmlite makes the\n"
        "object code. From here on nothing knows which backend a kernel came from.",
        _block(_beginning(stages["llvm"]), "llvm"),
        "## linalg-on-tensors: for other compilers",
        "The stages above are cut for our schedules and one target. What another compiler wants is "
        "the model as a whole, in\n"
        "named ops and plain layouts: `mlc compile model.mlir --emit=linalg-on-tensors` writes it, "
        "weights included, with no MLIR\n"
        "installed, and `mlc.mlir.to_module` gives it in memory. Convolutions, pools and softmax are "
        "linalg's own there, images are\n"
        "padded by `tensor.pad`, and If, Loop and Scan are `scf` on tensors; a step in Python is refused by its op's "
        "name.\nThe tests give it to IREE for every model they have, and compare the "
        "numbers. From `-O2` on\n"
        "convolutions run on blocks of channels: `--disable-pass layout` keeps them plain.",
        _block(module_text(module)),
    ]
    return "\n\n".join(parts) + "\n"


def _block(text: str, language: str = "mlir") -> str:
    return f"```{language}\n{text.strip()}\n```"


def _beginning(text: str) -> str:
    lines = text.strip().splitlines()
    mark = "//" if lines[0].startswith(("module", "#")) else ";"
    return "\n".join([*lines[:SHOWN], f"{mark} ... {len(lines) - SHOWN} more lines"])


if __name__ == "__main__":
    PAGE.write_text(page())
