"""The nine `light_*` networks of the onnx package, with weights that make their outputs worth comparing.

As published, every weight is ConstantOfShape(0.02) and every output one constant, whatever the input is. Here each
weight becomes an initializer of seeded random numbers, scaled so that signals keep their size through all layers, and
the last layer is rescaled so that its softmax is neither flat nor one-hot. The graphs stay as they were: opset 9,
IR version 3 with initializers listed as inputs, scales of channels as Unsqueeze + Mul + Add.

A `side` below the published 224 gives the same network on a smaller image: the AveragePool that covers the whole of
its input, the targets of Reshape and the first Gemm are fitted to the new extents. All nine work at SMALL_SIDE.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import NodeProto, TensorProto, helper, numpy_helper, shape_inference

from models.reference import (
    Array,
    graph_inputs,
    run_onnxruntime,
    seeded_normal,
    shape_of,
)
from models.store import Case

NAMES = (
    "bvlc_alexnet",
    "densenet121",
    "inception_v1",
    "inception_v2",
    "resnet50",
    "shufflenet",
    "squeezenet",
    "vgg19",
    "zfnet512",
)
FULL_SIDE = 224
SMALL_SIDE = 64  # at 32 the pools of alexnet and zfnet512 have no pixel left

# What the input of a node is to it. Weights of a product are He-scaled: variance 2 / fan-in keeps the variance of
# what flows through a Relu (He et al., Delving Deep into Rectifiers, 2015, section 2.2).
ROLES = {
    ("Conv", 1): "product",
    ("Conv", 2): "shift",
    ("Gemm", 1): "product",
    ("Gemm", 2): "shift",
    ("BatchNormalization", 1): "scale",
    ("BatchNormalization", 2): "shift",
    ("BatchNormalization", 3): "shift",
    ("BatchNormalization", 4): "scale",
    ("Mul", 1): "scale",
    ("Add", 1): "shift",
}
LOGIT_DEVIATION = 2.0  # standard deviation before the softmax: the largest of 1,000 classes then gets some 10 %


def build(name: str, folder: Path, side: int = FULL_SIDE, seed: int = 0) -> list[Case]:
    """Write folder/model.onnx for network `name` on images [1, 3, side, side]; its reference is ONNX Runtime."""
    model = onnx.load(published_path(name))
    shapes = take_out_weights(model)
    if side != FULL_SIDE:
        resize(model, shapes, side)
    weights = random_weights(model, shapes, seed)
    image = graph_inputs(model)[-1]
    inputs = {image.name: random_image(seed + 1, side)}
    scale_logits(model, weights, inputs, folder / "model.onnx")
    onnx.checker.check_model(folder / "model.onnx", full_check=True)
    return [Case(inputs, run_onnxruntime(folder / "model.onnx", inputs))]


def random_image(seed: int, side: int) -> Array:
    """Noise over an 8 x 8 grid of random colours [1, 3, side, side]: noise alone would average out in the pools."""
    colours = seeded_normal(seed, [1, 3, 8, 8]).repeat(side // 8, 2).repeat(side // 8, 3)
    return colours + seeded_normal(seed + 1, [1, 3, side, side]) / 2


def published_path(name: str) -> Path:
    """Where the onnx package keeps light_<name>.onnx."""
    return Path(onnx.__file__).parent / "backend" / "test" / "data" / "light" / f"light_{name}.onnx"


def take_out_weights(model: onnx.ModelProto) -> dict[str, list[int]]:
    """Remove every constant weight, node or initializer, and return the shapes; each stays as a declared input."""
    graph = model.graph
    integers = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer if tensor.data_type != 1}
    shapes = {tensor.name: list(tensor.dims) for tensor in graph.initializer if tensor.data_type == 1}
    for node in [node for node in graph.node if node.op_type == "ConstantOfShape"]:
        shapes[node.output[0]] = [int(extent) for extent in integers.pop(node.input[0])]
        graph.node.remove(node)
    used = {name for node in graph.node for name in node.input}
    shapes = {name: shape for name, shape in shapes.items() if name in used}
    tensors = [numpy_helper.from_array(value, name) for name, value in integers.items() if name in used]
    _replace(graph.initializer, tensors)
    _replace(graph.input, [value for value in graph.input if value.name in used and value.name not in shapes])
    declared = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()]
    _replace(graph.input, [*declared, *graph.input])
    return shapes


def resize(model: onnx.ModelProto, shapes: dict[str, list[int]], side: int) -> None:
    """Make the network take images [1, 3, side, side], by changing extents only."""
    before = value_shapes(model)
    image = graph_inputs(model)[-1]
    for dim in image.type.tensor_type.shape.dim[2:]:
        dim.dim_value = side
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "AveragePool" and before[node.output[0]][2:] == [1, 1]:
            _cover_input(node, value_shapes(model)[node.input[0]])
        elif node.op_type == "Reshape" and node.input[0] not in shapes:
            _reshape_to(constants[node.input[1]], value_shapes(model)[node.input[0]])
        elif node.op_type == "Gemm" and node.input[1] in shapes:
            shape = shapes[node.input[1]]
            shape[1 if _attribute(node, "transB", 0) else 0] = value_shapes(model)[node.input[0]][1]
            declared = next(value for value in model.graph.input if value.name == node.input[1])
            declared.CopyFrom(helper.make_tensor_value_info(declared.name, TensorProto.FLOAT, shape))
    del model.graph.value_info[:]


def _cover_input(pool: NodeProto, extents: list[int]) -> None:
    """Give a pool the kernel that makes one pixel of its input[N,C,H,W]."""
    pads = _attribute(pool, "pads", [0, 0, 0, 0])
    kernel = next(attribute for attribute in pool.attribute if attribute.name == "kernel_shape")
    kernel.ints[:] = [extents[axis + 2] + pads[axis] + pads[axis + 2] for axis in (0, 1)]


def _reshape_to(target: TensorProto, extents: list[int]) -> None:
    """Fit the constant target of a Reshape to its input: [N, C*H*W], or channels in groups over the same H, W."""
    wanted = numpy_helper.to_array(target).copy()
    if wanted.size == 2:
        wanted[1] = np.prod(extents[1:])
    else:
        wanted[-2:] = extents[-2:]
    target.CopyFrom(numpy_helper.from_array(wanted, target.name))


def value_shapes(model: onnx.ModelProto) -> dict[str, list[int]]:
    """The static shape of each value that shape inference reaches."""
    bare = onnx.ModelProto()
    bare.CopyFrom(model)
    del bare.graph.value_info[:]
    graph = shape_inference.infer_shapes(bare).graph
    return {value.name: shape_of(value) for value in [*graph.input, *graph.value_info, *graph.output]}


def random_weights(model: onnx.ModelProto, shapes: dict[str, list[int]], seed: int) -> dict[str, Array]:
    """A seeded value for each weight, by what it is to the node that reads it."""
    readers = {name: (node, index) for node in model.graph.node for index, name in enumerate(node.input)}
    generator = np.random.default_rng(seed)
    weights = {}
    for name, shape in shapes.items():
        node, index = readers[name]
        if node.op_type in ("Unsqueeze", "Reshape"):  # a weight given other dims before it is used
            node, index = readers[node.output[0]]
        weights[name] = _random(generator, ROLES[node.op_type, index], shape, node)
    return weights


def _random(generator: np.random.Generator, role: str, shape: list[int], node: NodeProto) -> Array:
    match role:
        case "product":
            fan_in = (
                np.prod(shape[1:]) if node.op_type == "Conv" else shape[-1 if _attribute(node, "transB", 0) else -2]
            )
            return generator.standard_normal(shape, np.float32) * np.float32(np.sqrt(2 / fan_in))
        case "shift":
            return generator.standard_normal(shape, np.float32) * np.float32(0.1)
        case "scale":
            return generator.uniform(0.5, 1.5, shape).astype(np.float32)
        case _:
            raise AssertionError(role)


def scale_logits(model: onnx.ModelProto, weights: dict[str, Array], inputs: dict[str, Array], path: Path) -> None:
    """Write the model with its weights, the last product scaled so that the softmax sees LOGIT_DEVIATION."""
    softmax = model.graph.node[-1]
    if softmax.op_type == "Softmax":
        probe = onnx.ModelProto()
        probe.CopyFrom(model)
        probe.graph.output.append(helper.make_tensor_value_info(softmax.input[0], TensorProto.FLOAT, None))
        save(probe, weights, path)
        deviation = run_onnxruntime(path, inputs)[softmax.input[0]].std()
        last = next(node for node in reversed(model.graph.node) if node.op_type in ("Conv", "Gemm"))
        producers = {node.output[0]: node for node in model.graph.node}
        for name in last.input[1:]:  # weight and bias: only Relu and means follow, which scale along
            while name not in weights:
                name = producers[name].input[0]
            weights[name] = weights[name] * np.float32(LOGIT_DEVIATION / deviation)
    save(model, weights, path)


def save(model: onnx.ModelProto, weights: dict[str, Array], path: Path) -> None:
    """One file, weights inside."""
    full = onnx.ModelProto()
    full.CopyFrom(model)
    full.graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in weights.items())
    onnx.save(full, path)


def _attribute(node: NodeProto, name: str, default: Any) -> Any:
    return next((helper.get_attribute_value(item) for item in node.attribute if item.name == name), default)


def _replace(field, values) -> None:  # type: ignore[no-untyped-def]  # protobuf's containers have no common type
    kept = list(values)
    del field[:]
    field.extend(kept)
