"""Gathers and scatters of stablehlo against its reference interpreter."""

from __future__ import annotations

import numpy as np
import pytest
from mlir_import.calls import random, tensor
from mlir_import.reference import check

pytest.importorskip("torch_mlir")

# operand, indices, dimension numbers, slice sizes, result
GATHERS = {
    "rows": (
        (5, 4),
        [[0], [4], [9], [-2]],
        "offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1",
        (1, 4),
        (4, 4),
    ),
    "columns": (
        (5, 4),
        [3, 1],
        "offset_dims = [0], collapsed_slice_dims = [1], start_index_map = [1], index_vector_dim = 1",
        (5, 1),
        (5, 2),
    ),
    "points": (
        (5, 4),
        [[0, 1], [4, 3], [9, -1]],
        "collapsed_slice_dims = [0, 1], start_index_map = [0, 1], index_vector_dim = 1",
        (1, 1),
        (3,),
    ),
    "turned points": (
        (5, 4),
        [[0, 4, 9], [1, 3, -1]],
        "collapsed_slice_dims = [0, 1], start_index_map = [1, 0], index_vector_dim = 0",
        (1, 1),
        (3,),
    ),
    "windows": (
        (5, 6),
        [[0, 1], [4, 5], [2, 2]],
        "offset_dims = [1, 2], start_index_map = [0, 1], index_vector_dim = 1",
        (2, 3),
        (3, 2, 3),
    ),
    "windows that are cut": (
        (5, 6),
        [[1], [3]],
        "offset_dims = [0, 2], start_index_map = [0], index_vector_dim = 1",
        (3, 4),
        (3, 2, 4),
    ),
    "kept ones": (
        (5, 4),
        [[1], [3]],
        "offset_dims = [1, 2], start_index_map = [0], index_vector_dim = 1",
        (1, 4),
        (2, 1, 4),
    ),
    "by batch": (
        (3, 5, 4),
        [[1, 0], [4, 7], [2, 2]],
        "offset_dims = [2], collapsed_slice_dims = [1], operand_batching_dims = [0], start_indices_batching_dims = "
        "[0], start_index_map = [1], index_vector_dim = 2",
        (1, 1, 4),
        (3, 2, 4),
    ),
    "by the other batch": (
        (3, 5),
        [[1, 0, 2], [4, 7, 3]],
        "collapsed_slice_dims = [1], operand_batching_dims = [0], start_indices_batching_dims = [1], "
        "start_index_map = [1], index_vector_dim = 2",
        (1, 1),
        (2, 3),
    ),
    "everything": (
        (3, 4),
        [[1], [0]],
        "offset_dims = [1, 2], start_index_map = [0], index_vector_dim = 1",
        (3, 4),
        (2, 3, 4),
    ),
}


@pytest.mark.parametrize("name", GATHERS)
@pytest.mark.parametrize("is_known", [False, True])
def test_gather(name, is_known):
    shape, where, numbers, sizes, out = GATHERS[name]
    x, indices = random(18, *shape), np.array(where, np.int32)
    result = f"tensor<{''.join(f'{d}x' for d in out)}f32>"
    given = f"%b = stablehlo.constant dense<{where}> : {tensor(indices)}\n" if is_known else ""
    body = given + (
        f'%r = "stablehlo.gather"(%a, %b) <{{dimension_numbers = #stablehlo.gather<{numbers}>, '
        f"slice_sizes = array<i64: {', '.join(map(str, sizes))}>}}> : ({tensor(x)}, {tensor(indices)}) -> {result}"
    )
    check(body, *([x] if is_known else [x, indices]), result=result)


# operand, indices, updates, dimension numbers
SCATTERS = {
    "rows": (
        (5, 4),
        [[0], [4], [9], [-2]],
        (4, 4),
        "update_window_dims = [1], inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim "
        "= 1",
    ),
    "one row": (
        (5, 4),
        [2],
        (4,),
        "update_window_dims = [0], inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim "
        "= 0",
    ),
    "points": (
        (5, 4),
        [[0, 1], [4, 3], [9, 0]],
        (3,),
        "inserted_window_dims = [0, 1], scatter_dims_to_operand_dims = [0, 1], index_vector_dim = 1",
    ),
    "turned points": (
        (5, 4),
        [[0, 1], [3, 4], [0, 9]],
        (3,),
        "inserted_window_dims = [0, 1], scatter_dims_to_operand_dims = [1, 0], index_vector_dim = 1",
    ),
    "columns": (
        (5, 4),
        [3, 1],
        (5, 2),
        "update_window_dims = [0], inserted_window_dims = [1], scatter_dims_to_operand_dims = [1], index_vector_dim "
        "= 1",
    ),
    "windows": (
        (7, 6),
        [[0, 1], [4, 3], [6, 5]],
        (3, 2, 2),
        "update_window_dims = [1, 2], scatter_dims_to_operand_dims = [0, 1], index_vector_dim = 1",
    ),
    "windows from 0 on": (
        (5, 6),
        [[1], [3]],
        (2, 1, 4),
        "update_window_dims = [1, 2], scatter_dims_to_operand_dims = [0], index_vector_dim = 1",
    ),
    "by batch": (
        (3, 5, 4),
        [[1, 0], [4, 7], [2, 3]],
        (3, 2, 4),
        "update_window_dims = [2], inserted_window_dims = [1], input_batching_dims = [0], "
        "scatter_indices_batching_dims = [0], scatter_dims_to_operand_dims = [1], index_vector_dim = 2",
    ),
}


@pytest.mark.parametrize("name", SCATTERS)
@pytest.mark.parametrize("how", ["put", "add", "multiply", "maximum", "minimum"])
@pytest.mark.parametrize("is_known", [False, True])
def test_scatter(name, how, is_known):
    shape, where, given, numbers = SCATTERS[name]
    x, indices, updates = random(19, *shape), np.array(where, np.int32), random(20, *given)
    line = "" if how == "put" else f"%0 = stablehlo.{how} %x, %y : tensor<f32>\n"
    constant = f"%b = stablehlo.constant dense<{where}> : {tensor(indices)}\n" if is_known else ""
    names = "%a, %b, %c" if not is_known else "%a, %i, %b"
    body = constant.replace("%b", "%i") + (
        f'%r = "stablehlo.scatter"({names}) <{{scatter_dimension_numbers = #stablehlo.scatter<{numbers}>}}> ({{\n'
        f"^bb0(%x: tensor<f32>, %y: tensor<f32>):\n{line}stablehlo.return {'%y' if how == 'put' else '%0'} : "
        f"tensor<f32>\n"
        f"}}) : ({tensor(x)}, {tensor(indices)}, {tensor(updates)}) -> {tensor(x)}"
    )
    inputs = [x, updates] if is_known else [x, indices, updates]
    check(body, *inputs, result=tensor(x), rtol=1e-6)
