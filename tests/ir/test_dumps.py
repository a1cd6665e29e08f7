"""The dump behind every pass of every golden model: MLIR reads it under the IRDL, and prints the same module.

Both directions: our text is read by MLIR, MLIR's text by us, locations too. What IRDL cannot express goes by as ops of
a dialect that MLIR does not know, so that all others are checked wherever they stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from models import catalog

from mlc.driver.compile import load
from mlc.ir import Array, Module, Op
from mlc.ir.irdl import inexpressible, irdl_text
from mlc.ir.parser import parse_module
from mlc.ir.printer import elided_constants, print_module
from mlc.passes.table import level_passes
from mlc.rewrite import RunOptions, run_passes

ir = pytest.importorskip("torch_mlir.ir", reason="MLIR comes with torch-mlir")

IRDL = irdl_text()
_LEFT_OUT = "|".join(
    n.removeprefix("mlc.") for n, c in Op.registry.items() if n.startswith("mlc.") and inexpressible(c)
)
UNCHECKED = re.compile(rf'"mlc\.({_LEFT_OUT})"\(')


@pytest.mark.slow
@pytest.mark.parametrize("name", (*catalog.SMALL, *catalog.SYMBOLIC))
def test_mlir_takes_the_dump_behind_every_pass_of_a_model_and_gives_it_back(
    name: str, pytestconfig: pytest.Config
) -> None:
    assert pytestconfig.cache is not None
    if catalog.needs_torch(name):
        pytest.importorskip("torch", reason="exported models are written by torch")
    module = load(Path(catalog.fetch(name, pytestconfig.cache.mkdir("models")).path))
    weights: dict[str, Array] = {}
    count = 0
    for text in dumps(module):
        if not weights.keys() >= set(re.findall(r"dense_resource<(\w+)>", text)):
            weights |= elided_constants(module)
        back = parse_module(through_mlir(text, aliases=count % 2 == 0), weights=weights)
        assert print_module(back) == text
        count += 1
    assert count > 1


def dumps(module: Module) -> Iterator[str]:
    """The text as imported, and behind each pass of -O3 that changes it."""
    last = print_module(module)
    yield last
    for item in level_passes(3):
        run_passes(module, [item], RunOptions())
        if (text := print_module(module)) != last:
            yield (last := text)


def through_mlir(text: str, *, aliases: bool) -> str:
    """What MLIR prints of a text that it read under the IRDL; locations by `aliases` or in place.

    A context of its own: in one that has a resource of a name MLIR gives the next another name.
    """
    from torch_mlir.dialects import irdl

    with ir.Context() as context, ir.Location.unknown():
        irdl.load_dialects(ir.Module.parse(IRDL))
        context.allow_unregistered_dialects = True
        module: Any = ir.Module.parse(UNCHECKED.sub(r'"unchecked.\1"(', text))
        assert module.operation.verify()
        printed = str(module.operation.get_asm(enable_debug_info=True, use_local_scope=not aliases))
    return printed.replace('"unchecked.', '"mlc.')


def test_what_is_checked_is_checked_inside_of_regions_too() -> None:
    text = """module {
      func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
        %y = "mlc.fused"(%x) ({
        ^bb0(%a: tensor<4xf32>):
          %b = "mlc.leaky_relu"(%a) {slope = 1.0e-02 : f64} : (tensor<4xf32>) -> tensor<4xf32>
          "mlc.yield"(%b) : (tensor<4xf32>) -> ()
        }) {kind = "elementwise"} : (tensor<4xf32>) -> tensor<4xf32>
        func.return %y : tensor<4xf32>
      }
    }"""
    assert '"mlc.leaky_relu"' in through_mlir(text, aliases=True)
    with pytest.raises(ir.MLIRError, match="slope"):
        through_mlir(text.replace("slope", "slant"), aliases=True)


def test_a_file_location_is_no_source_node_and_an_alias_is_what_it_stands_for() -> None:
    text = """#loc1 = loc("conv1")
#loc2 = loc("m.py":7:3)
module {
  func.func @main(%x: tensor<4xf32> loc("t":1:1)) -> tensor<4xf32> {
    %0 = "mlc.relu"(%x) : (tensor<4xf32>) -> tensor<4xf32> loc(#loc1)
    %1 = "mlc.relu"(%0) : (tensor<4xf32>) -> tensor<4xf32> loc("t":3:1)
    %2 = "mlc.relu"(%1) : (tensor<4xf32>) -> tensor<4xf32> loc(#loc4)
    func.return %2 : tensor<4xf32> loc(#loc)
  } loc(#loc)
} loc(#loc)
#loc = loc(unknown)
#loc3 = loc("bn1"(#loc2))
#loc4 = loc(fused[#loc1, #loc3])
"""
    titles = [str(op.loc) for op in parse_module(text).main.block]
    assert titles == ['loc("conv1")', "loc(unknown)", 'loc(fused["conv1", "bn1"("m.py":7:0)])', "loc(unknown)"]
    with pytest.raises(Exception, match="there is no location #loc4"):
        parse_module(text.replace("#loc4 = ", "#loc5 = "))
    with pytest.raises(Exception, match="there is no location #loc3"):
        parse_module(text.replace('loc("bn1"(#loc2))', 'loc("bn1"(#loc3))'))


def test_many_booleans_come_back_from_mlir() -> None:
    bits = ", ".join("true" if i % 3 else "false" for i in range(200))
    text = (
        "module {\n  func.func @main() -> tensor<200xi1> {\n"
        f'    %0 = "mlc.constant"() {{value = dense<[{bits}]> : tensor<200xi1>}} : () -> tensor<200xi1>\n'
        "    func.return %0 : tensor<200xi1>\n  }\n}\n"
    )
    printed = through_mlir(text, aliases=False)
    assert 'dense<"0x' in printed
    assert print_module(parse_module(printed)) == print_module(parse_module(text))
