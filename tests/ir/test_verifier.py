"""Each invariant in mlc.ir.verifier's docstring, broken once by hand where text can't say it; see verifier.mlir too."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mlc.errors import VerifyError
from mlc.ir import Block, DType, Function, Location, Module, Op, Region, TensorType, Value, tensor
from mlc.ir.core import link, unlink
from mlc.ir.verifier import verify
from mlc.ops import Add, Fused, Relu, Yield


class Picky(Op, dialect="test"):
    """A copy of x that must not have four elements."""

    x: Value

    def infer(self) -> TensorType:
        return self.x.tensor

    def verify(self) -> None:
        if self.x.tensor.dims == (4,):
            raise self.error("four is too many")


def group(x: Value) -> Op:
    block = Block([x.type])
    block.append(Yield([block.append(Relu(block.arguments[0], loc=Location.of("inner"))).result]))
    return Fused([x], Region(block), kind="elementwise", loc=Location.of("group"))


def module() -> Module:
    """y = fused { relu } (relu(x)) + x."""
    module = Module()
    main = module.add(Function("main", [("x", tensor(DType.F32, 4))]))
    relu = main.append(Relu(main.inputs[0], loc=Location.of("relu")))
    fused = main.append(group(relu.result))
    total = main.append(Add(fused.results[0], main.inputs[0], loc=Location.of("add")))
    main.set_outputs([("y", total.result)])
    verify(module)
    return module


def find(module: Module, kind: type[Op]) -> Op:
    return next(op for op in module.walk() if isinstance(op, kind))


def too_few_input_names(module: Module) -> None:
    module.main.input_names.clear()


def too_many_output_names(module: Module) -> None:
    module.main.output_names.append("z")


def no_terminator(module: Module) -> None:
    unlink(module.main.block.terminator)


def a_yield_ends_the_function(module: Module) -> None:
    unlink(module.main.block.terminator)
    module.main.append(Yield([module.main.inputs[0]]))


def an_empty_region(module: Module) -> None:
    block = find(module, Fused).regions[0].block
    for op in list(block):
        unlink(op)


def a_block_does_not_own_its_argument(module: Module) -> None:
    module.main.inputs[0].index = 1


def an_op_does_not_know_its_block(module: Module) -> None:
    find(module, Relu).parent = Block()


def a_region_does_not_know_its_op(module: Module) -> None:
    find(module, Fused).regions[0].op = find(module, Relu)


def a_result_does_not_know_its_op(module: Module) -> None:
    find(module, Relu).result.owner = find(module, Add)


def a_use_before_the_definition(module: Module) -> None:
    relu, add = find(module, Relu), find(module, Add)
    unlink(relu)
    link(relu, module.main.block, add.next)


def a_use_that_is_not_listed(module: Module) -> None:
    module.main.inputs[0]._uses.clear()


def a_listed_use_that_is_none(module: Module) -> None:
    module.main.inputs[0]._uses[(find(module, Add), 0)] = None


def an_attribute_of_another_kind(module: Module) -> None:
    find(module, Fused).attributes["kind"] = 3


def a_result_of_another_type(module: Module) -> None:
    find(module, Relu).result.type = tensor(DType.F32, 5)


def a_yielded_value_of_another_type(module: Module) -> None:
    fused = find(module, Fused)
    fused.regions[0].block.terminator.operands[0].type = tensor(DType.F64, 4)


def what_the_op_itself_refuses(module: Module) -> None:
    module.insert(Picky(module.main.inputs[0], loc=Location.of("picky")), before=find(module, Add))


@pytest.mark.parametrize(
    ("invariant", "spoil", "message"),
    [
        (1, too_few_input_names, "function @main has 1 inputs but 0 input names"),
        (1, too_many_output_names, "function @main returns 1 values under 2 names"),
        (2, no_terminator, "function @main has a block that does not end in a terminator"),
        (2, a_yield_ends_the_function, "func.return ends a function and nothing else does"),
        (2, an_empty_region, "node 'group': mlc.fused: a region must end in mlc.yield, got an empty block"),
        (3, a_block_does_not_own_its_argument, "block argument 0 does not belong to its block"),
        (3, an_op_does_not_know_its_block, "node 'relu': mlc.relu: the op does not know its block"),
        (3, a_region_does_not_know_its_op, "node 'group': mlc.fused: a region does not know its op"),
        (3, a_result_does_not_know_its_op, "node 'relu': mlc.relu: result 0 does not belong to its op"),
        (4, a_use_before_the_definition, "node 'group': mlc.fused: operand 0 is used before it is defined"),
        (5, a_use_that_is_not_listed, "operand 0 is missing among its value's uses"),
        (5, a_listed_use_that_is_none, "node 'add': mlc.add: operand 0 is listed as a use of a value that it is not"),
        (6, an_attribute_of_another_kind, "node 'group': mlc.fused: attribute kind must be string, got 3"),
        (7, a_result_of_another_type, "node 'relu': mlc.relu: infer gives (tensor<4xf32>), the results are"),
        (7, a_yielded_value_of_another_type, "node 'group': mlc.fused: infer gives (tensor<4xf64>), the results are"),
        (9, what_the_op_itself_refuses, "node 'picky': test.picky: four is too many"),
    ],
)
def test_a_broken_invariant_is_named_with_its_op(invariant: int, spoil: Callable[[Module], None], message: str) -> None:
    broken = module()
    spoil(broken)
    with pytest.raises(VerifyError) as caught:
        verify(broken)
    assert message in str(caught.value), invariant
