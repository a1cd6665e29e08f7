"""Write a ResNet-18 with seeded random weights: `python examples/write_resnet.py resnet18.onnx [image size]`.

He, Zhang, Ren, Sun, Deep Residual Learning for Image Recognition (2016), table 1, 18 layers; He-scaled weights.
"""

from __future__ import annotations

import sys

import numpy as np
from onnx import NodeProto, TensorProto, helper, numpy_helper, save

RNG, NODES, WEIGHTS = np.random.default_rng(0), list[NodeProto](), list[TensorProto]()


def node(op: str, name: str, *inputs: str, **attributes: object) -> str:
    NODES.append(helper.make_node(op, list(inputs), [name], name=name, **attributes))
    return name


def weight(name: str, array: np.ndarray) -> str:
    WEIGHTS.append(numpy_helper.from_array(array.astype(np.float32), name))
    return name


def conv_bn(x: str, name: str, channels: int, filters: int, kernel: int, stride: int = 1) -> str:
    """A convolution without bias, then batch normalization with statistics of its own."""
    scale = np.sqrt(2 / (channels * kernel * kernel))
    w = weight(f"{name}.w", RNG.normal(0, scale, (filters, channels, kernel, kernel)))
    y = node("Conv", name, x, w, kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[kernel // 2] * 4)
    statistics = {"scale": (0.5, 1.5), "bias": (-0.1, 0.1), "mean": (-0.1, 0.1), "var": (0.5, 1.5)}
    names = [weight(f"{name}.{k}", RNG.uniform(low, high, filters)) for k, (low, high) in statistics.items()]
    return node("BatchNormalization", f"{name}.bn", y, *names)


def block(x: str, name: str, channels: int, filters: int, stride: int) -> str:
    """relu(bn(conv(relu(bn(conv(x))))) + x), the shortcut projected where the shape changes."""
    y = node("Relu", f"{name}.relu1", conv_bn(x, f"{name}.conv1", channels, filters, 3, stride))
    y = conv_bn(y, f"{name}.conv2", filters, filters, 3)
    shortcut = x if stride == 1 and channels == filters else conv_bn(x, f"{name}.down", channels, filters, 1, stride)
    return node("Relu", f"{name}.relu2", node("Add", f"{name}.add", y, shortcut))


def main(path: str, size: int = 224) -> None:
    x = node("Relu", "relu", conv_bn("image", "conv1", 3, 64, 7, 2))
    x, channels = node("MaxPool", "pool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4), 64
    for stage, filters in enumerate((64, 128, 256, 512), start=1):
        x = block(x, f"layer{stage}.0", channels, filters, 1 if stage == 1 else 2)
        x, channels = block(x, f"layer{stage}.1", filters, filters, 1), filters
    fc = weight("fc.w", RNG.normal(0, 0.05, (1000, 512))), weight("fc.b", RNG.normal(0, 0.05, 1000))
    node("Gemm", "logits", node("Flatten", "features", node("GlobalAveragePool", "mean", x)), *fc, transB=1)
    ends = [("image", [1, 3, size, size]), ("logits", [1, 1000])]
    inputs, outputs = ([helper.make_tensor_value_info(n, TensorProto.FLOAT, s)] for n, s in ends)
    graph = helper.make_graph(NODES, "resnet18", inputs, outputs, WEIGHTS)
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)]), path)


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
