"""What a random ONNX graph is grown from: one function per kind of node or small pattern, drawn by weight.

Each takes a graph and adds to it, or raises Refused. Step functions (casts to integers, comparisons, arg max) read only
values without rounding; functions with poles read what `tamed` bounds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from fuzz.graphs import Graph, Known, Refused, is_f32
from onnx import helper

Layer = Callable[[Graph], None]


def tamed(g: Graph, x: Known) -> Known:
    """x, or where its numbers are large a bounded function of it."""
    if x.array.size and np.abs(x.array).max() > 6:
        return g.emit(g.choice(["Tanh", "Sigmoid", "Softsign"]), [x])[0]
    return x


# --- convolutions and pools ---


def window(g: Graph, x: Known, largest: int = 3) -> dict[str, Any]:
    """kernel_shape and the other attributes of a window on x's spatial axes."""
    rank = x.rank - 2
    kernel = [g.choice([1, 1, 3, 3, 2, largest]) for _ in range(rank)]
    if g.chance(0.6):
        kernel = [kernel[0]] * rank
    attributes: dict[str, Any] = {"kernel_shape": kernel}
    if g.chance(0.35):
        attributes["strides"] = [g.choice([1, 2, 2, 3]) for _ in range(rank)]
    if g.chance(0.2):
        attributes["dilations"] = [g.choice([1, 2, 3]) for _ in range(rank)]
    match g.integer(0, 4):
        case 0:
            attributes["auto_pad"] = g.choice(["SAME_UPPER", "SAME_LOWER", "VALID"])
        case 1:
            attributes["pads"] = [g.integer(0, k - 1) for k in kernel * 2]
        case 2 | 3:
            attributes["pads"] = [k // 2 for k in kernel * 2]
    pads, dilations = attributes.get("pads", [0] * rank * 2), attributes.get("dilations", [1] * rank)
    for axis, (size, k) in enumerate(zip(x.shape[2:], kernel, strict=True)):
        if (k - 1) * dilations[axis] + 1 > size + pads[axis] + pads[axis + rank]:
            raise Refused("a window longer than the image")
    return attributes


def image(g: Graph) -> Known:
    return g.value(lambda v: is_f32(v) and 3 <= v.rank <= 5 and v.array.size > 0 and min(v.shape) > 0)


def conv(g: Graph) -> None:
    x = tamed(g, image(g))
    channels = x.shape[1]
    attributes = window(g, x, 5)
    groups = g.choice([1, 1, 1, 1, channels, *(d for d in (2, 3, 4) if channels % d == 0)])
    filters = groups * g.choice([1, 2] if groups > 4 else [1, 3, 8, 8, 16, 17, 20, 32])
    kernel = attributes["kernel_shape"]
    assert isinstance(kernel, list)
    terms = channels // groups * int(np.prod(kernel))
    w = g.weights(filters, channels // groups, *kernel, scale=terms**-0.5)
    b = g.weights(filters) if g.chance(0.5) else None
    (y,) = g.emit("Conv", [x, w, b] if b else [x, w], group=groups, **attributes)
    if g.chance(0.3):
        (y,) = batch_normalized(g, y)
    if g.chance(0.5):
        (y,) = activated(g, y)
    if g.chance(0.3):
        residual(g, y)


def batch_normalized(g: Graph, x: Known) -> list[Known]:
    c = x.shape[1]
    vectors = [g.weights(c), g.weights(c), g.weights(c), g.positive(c)]
    return g.emit("BatchNormalization", [x, *vectors], epsilon=g.choice([1e-5, 1e-3]))


def batch_norm(g: Graph) -> None:
    batch_normalized(g, g.floats(least=2))


def residual(g: Graph, x: Known) -> None:
    other = g.value(lambda v: is_f32(v) and v.shape == x.shape)
    g.emit(g.choice(["Add", "Add", "Sub", "Mul"]), g.choice([[x, other], [other, x]]))


def conv_transpose(g: Graph) -> None:
    x = tamed(g, image(g))
    rank = x.rank - 2
    groups = g.choice([1, 1, *(d for d in (2, x.shape[1]) if x.shape[1] % d == 0)])
    kernel = [g.choice([1, 2, 3, 4]) for _ in range(rank)]
    w = g.weights(x.shape[1], g.choice([1, 3, 8]), *kernel, scale=0.2)
    strides = [g.choice([1, 2, 3]) for _ in range(rank)]
    pads = [g.integer(0, k // 2) for k in kernel * 2]
    more = {"output_padding": [s - 1 for s in strides]} if g.chance(0.2) else {}
    g.emit("ConvTranspose", [x, w], group=groups, kernel_shape=kernel, strides=strides, pads=pads, **more)


def pool(g: Graph) -> None:
    x = image(g)
    op = g.choice(["MaxPool", "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool", "LpPool"])
    if op.startswith("Global"):
        g.emit(op, [x])
        return
    attributes = window(g, x)
    if g.chance(0.2) and "auto_pad" not in attributes:
        attributes["ceil_mode"] = 1
    if op == "AveragePool":
        attributes["count_include_pad"] = g.integer(0, 1)
    if op == "MaxPool" and x.is_exact and g.chance(0.3):
        g.emit(op, [x], results=2, exact=True, **attributes)
        return
    g.emit(op, [x], exact=op == "MaxPool" and x.is_exact, **attributes)


def resize(g: Graph) -> None:
    x = g.value(lambda v: is_f32(v) and v.rank == 4 and v.array.size > 0)
    # Factors without rounding, so that no place is between two pixels in one precision and at one in another.
    scales = np.array([1, 1, g.choice([1, 2, 0.5]), g.choice([2, 3, 4])], np.float32)
    mode = g.choice(["nearest", "linear", "cubic"])
    transformation = g.choice(["half_pixel", "asymmetric", "pytorch_half_pixel"])
    g.emit("Resize", [x, None, g.constant(scales)], mode=mode, coordinate_transformation_mode=transformation)


# --- products ---


def matmul(g: Graph) -> None:
    x = tamed(g, g.floats(least=1))
    k = x.shape[-1]
    if g.is_batch(k) or k == 0:
        raise Refused("the batch is no inner dim")
    n = g.choice([1, 2, 5, 8, 16, 17, 33, 64])
    kind = g.integer(0, 5)
    if kind == 0:
        y = tamed(g, g.value(lambda v: is_f32(v) and v.rank >= 1 and v.shape[-2:][0] == k))
    elif kind == 1:  # both from the graph, one transposed
        other = tamed(g, g.value(lambda v: is_f32(v) and v.rank >= 2 and v.shape[-1] == k))
        perm = [*range(other.rank - 2), other.rank - 1, other.rank - 2]
        (y,) = g.emit("Transpose", [other], perm=perm)
    elif kind == 2 and x.rank >= 3:
        y = g.weights(*(1 if g.is_batch(d) else d for d in x.shape[:-2]), k, n, scale=k**-0.5)
    elif kind == 3:
        (y,) = g.emit("Transpose", [g.weights(n, k, scale=k**-0.5)], perm=[1, 0])
    else:
        y = g.weights(k, n, scale=k**-0.5)
    (z,) = g.emit("MatMul", [x, y])
    if z.rank and g.chance(0.5):
        (z,) = g.emit(
            "Add", g.choice([[z, b := g.weights(z.shape[-1])], [b, z]]) if not g.is_batch(z.shape[-1]) else [z, z]
        )
    if g.chance(0.4):
        activated(g, z)


def gemm(g: Graph) -> None:
    a = tamed(g, g.floats(2))
    transposed = g.integer(0, 1)
    k = a.shape[0 if transposed else 1]
    if g.is_batch(k) or k == 0:
        raise Refused("the batch is no inner dim")
    n = g.choice([1, 3, 8, 19, 32])
    is_b_transposed = g.integer(0, 1)
    b = g.weights(*((n, k) if is_b_transposed else (k, n)), scale=k**-0.5)
    c = g.choice([None, g.weights(n), g.weights(1), g.weights(1, n), g.weights()])
    scales = {"alpha": g.choice([1.0, 0.5]), "beta": g.choice([1.0, 2.0])} if g.chance(0.4) else {}
    g.emit("Gemm", [a, b, c] if c else [a, b], transA=transposed, transB=is_b_transposed, **scales)


def siblings(g: Graph) -> None:
    """Several products of one value by weights, as of queries, keys and values."""
    x = tamed(g, g.floats(least=2))
    k = x.shape[-1]
    if g.is_batch(k) or k == 0:
        raise Refused("the batch is no inner dim")
    n = g.choice([8, 16, 24])
    for _ in range(g.integer(2, 3)):
        (y,) = g.emit("MatMul", [x, g.weights(k, n, scale=k**-0.5)])
        if g.chance(0.6):
            g.emit("Add", [y, g.weights(n)])


def attention(g: Graph) -> None:
    """Heads of queries, keys and values out of one value, with or without mask and scale."""
    x = tamed(g, g.value(lambda v: is_f32(v) and v.rank == 3 and v.array.size > 0))
    length, width = x.shape[1:]
    if g.is_batch(width) or g.is_batch(length):
        raise Refused("the batch comes first")
    heads, size = g.choice([1, 2, 4]), g.choice([4, 8, 16])
    parts = []
    for part in range(3):
        (y,) = g.emit("MatMul", [x, g.weights(width, heads * size, scale=width**-0.5)])
        (y,) = g.emit("Reshape", [y, g.ints(0, -1, heads, size)])
        order = [0, 2, 3, 1] if part == 1 else [0, 2, 1, 3]
        parts.append(g.emit("Transpose", [y], perm=order)[0])
    q, k, v = parts
    if g.chance(0.3):
        (q,) = g.emit("Mul", [q, g.constant(np.array(size**-0.5, np.float32))])
    (scores,) = g.emit("MatMul", [q, k])
    if g.chance(0.6):
        (scores,) = g.emit(g.choice(["Div", "Mul"]), [scores, g.constant(np.array(size**0.5 / 2, np.float32))])
    if g.chance(0.5):
        mask = np.where(np.tri(length) > 0, 0, g.choice([-1e2, -1e3])).astype(np.float32)
        shape = g.choice([(length, length), (1, 1, length, length), (1, length, length)])
        (scores,) = g.emit("Add", [scores, g.constant(mask.reshape(shape))])
    (p,) = g.emit("Softmax", [scores], axis=g.choice([-1, -1, -1, 3, 2]))
    (y,) = g.emit("MatMul", [p, v])
    (y,) = g.emit("Transpose", [y], perm=[0, 2, 1, 3])
    g.emit("Reshape", [y, g.ints(0, 0, -1)])


def einsum(g: Graph) -> None:
    x = tamed(g, g.floats(3))
    a, _, c = x.shape
    other = g.value(lambda v: is_f32(v) and v.rank == 3 and v.shape[0] == a and v.shape[2] == c)
    g.emit("Einsum", [x, other], equation=g.choice(["bik,bjk->bij", "bik,bjk->bji", "bik,bjk->ij", "bik,bjk->b"]))


# --- norms and reductions ---


def softmax(g: Graph) -> None:
    x = tamed(g, g.floats(least=1))
    g.emit(g.choice(["Softmax", "Softmax", "LogSoftmax"]), [x], axis=g.axis(x))


def spelled_softmax(g: Graph) -> None:
    x = tamed(g, g.floats(least=1))
    axis = g.ints(g.axis(x))
    (largest,) = g.emit("ReduceMax", [x, axis], keepdims=1)
    (e,) = g.emit("Exp", g.emit("Sub", [x, largest]))
    (s,) = g.emit("ReduceSum", [e, axis], keepdims=1)
    g.emit("Div", [e, s])


def layer_norm(g: Graph) -> None:
    x = varied(g, -1)
    size = x.shape[-1]
    scale, shift = g.positive(size), g.weights(size)
    match g.integer(0, 2):
        case 0:
            g.emit("LayerNormalization", [x, scale, shift], axis=g.choice([-1, x.rank - 1]))
        case 1:
            (mean,) = g.emit("ReduceMean", [x, g.ints(-1)])
            (d,) = g.emit("Sub", [x, mean])
            square = g.choice([("Mul", [d, d]), ("Pow", [d, g.constant(np.array(2, np.float32))])])
            (variance,) = g.emit("ReduceMean", [*g.emit(*square), g.ints(-1)])
            (root,) = g.emit("Sqrt", g.emit("Add", [variance, g.constant(np.array(1e-3, np.float32))]))
            (y,) = g.emit("Div", [d, root])
            (y,) = g.emit("Mul", [y, scale])
            g.emit("Add", [y, shift])
        case 2:  # root mean square
            (m,) = g.emit("ReduceMean", [*g.emit("Mul", [x, x]), g.ints(-1)])
            (r,) = g.emit("Sqrt", g.emit("Add", [m, g.constant(np.array(1e-3, np.float32))]))
            (y,) = g.emit("Mul", [x, *g.emit("Reciprocal", [r])])
            g.emit("Mul", [scale, y])


def varied(g: Graph, axis: int) -> Known:
    """A value that varies along the axis, so that its variance has digits left."""
    return g.value(
        lambda v: (
            is_f32(v)
            and v.rank >= 2
            and v.array.size > 0
            and v.shape[axis] > 1
            and not g.is_batch(v.shape[axis])
            and float(v.array.std(axis).min()) > 0.05
        )
    )


def channel_norm(g: Graph) -> None:
    x = g.value(lambda v: is_f32(v) and v.rank >= 3 and v.array.size > 0)
    c = x.shape[1]
    if g.is_batch(c) or x.array.reshape(x.shape[0], c, -1).std(-1).min() < 0.05:
        raise Refused("no variance")
    if g.chance(0.5):
        g.emit("InstanceNormalization", [x, g.weights(c), g.weights(c)])
    else:
        groups = g.choice([d for d in (1, 2, 3, 4, c) if c % d == 0])
        g.emit("GroupNormalization", [x, g.weights(c), g.weights(c)], num_groups=groups)


def reduction(g: Graph) -> None:
    x = g.value(
        lambda v: v.array.dtype in (np.float32, np.int32, np.int64, np.float64) and v.rank >= 1 and v.array.size > 0
    )
    ops = ["ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2", "ReduceSumSquare"]
    op = g.choice(ops if is_f32(x) else ["ReduceSum", "ReduceMax", "ReduceMin"])
    axes = sorted({g.axis(x, signed=False) for _ in range(g.integer(1, 2))})
    if g.chance(0.3):
        axes = [a - x.rank for a in axes]
    exact = x.is_exact and op in ("ReduceMax", "ReduceMin")
    if g.chance(0.1) and not (g.is_symbolic and any(map(g.is_batch, x.shape))):
        g.emit(op, [x], keepdims=g.integer(0, 1), exact=exact)
    else:
        g.emit(op, [x, g.ints(*axes)], keepdims=g.integer(0, 1), exact=exact)


def arg_max(g: Graph) -> None:
    x = g.value(lambda v: v.is_exact and v.array.dtype in (np.float32, np.int32) and v.rank >= 1 and v.array.size > 0)
    op = g.choice(["ArgMax", "ArgMin", "TopK", "CumSum"])
    axis = g.axis(x)
    if op == "TopK":
        k = g.ints(g.integer(1, min(5, x.shape[axis])))
        g.emit(op, [x, k], results=2, axis=axis, largest=g.integer(0, 1), exact=True)
    elif op == "CumSum":
        flags = {"exclusive": g.integer(0, 1), "reverse": g.integer(0, 1)}
        g.emit(op, [x, g.constant(np.array(axis, np.int64))], **flags)
    else:
        g.emit(op, [x], axis=axis, keepdims=g.integer(0, 1), select_last_index=g.integer(0, 1))


# --- elementwise ---

CURVES = (
    *("Relu", "Relu", "Sigmoid", "Tanh", "Gelu", "Erf", "Elu", "LeakyRelu", "HardSigmoid", "HardSwish", "Softplus"),
    *("Softsign", "Selu", "Mish", "Celu", "Abs", "Neg", "Sin", "Cos", "Atan", "Clip", "PRelu", "Silu", "Exp"),
)


def activated(g: Graph, x: Known) -> list[Known]:
    match g.choice(CURVES):
        case "Clip":
            low, high = (g.constant(np.array(v, np.float32)) for v in (-0.5, g.choice([0.75, 6.0])))
            return g.emit("Clip", g.choice([[x, low, high], [x, low], [x, None, high]]))
        case "PRelu":
            slopes = (
                g.weights(*(1,) * 0) if x.rank < 2 or g.chance(0.3) else g.weights(x.shape[1], *(1,) * (x.rank - 2))
            )
            if x.rank >= 2 and g.is_batch(x.shape[1]):
                raise Refused("slopes for a batch")
            return g.emit("PRelu", [x, slopes])
        case "Silu":
            return g.emit("Mul", [x, *g.emit("Sigmoid", [x])])
        case "Exp":
            return g.emit("Exp", [tamed(g, x)])
        case "Gelu":
            return g.emit("Gelu", [x], approximate=g.choice(["none", "tanh"]))
        case op:
            return g.emit(op, [x])


def curve(g: Graph) -> None:
    activated(g, g.floats())


def binary(g: Graph) -> None:
    x = g.value(lambda v: v.array.dtype.kind in "fi")
    alike = [v for v in g.pool if v.array.dtype == x.array.dtype and v is not x and can_broadcast(v.shape, x.shape)]
    if alike and g.chance(0.6):
        y = g.choice(alike)
    else:
        shape = [d if g.chance(0.6) and not g.is_batch(d) else 1 for d in x.shape][g.integer(0, x.rank) :]
        if g.chance(0.1):
            shape = [1] * g.integer(0, 2) + ([1] * (x.rank - len(shape)) + shape if shape else [])
        values = g.rng.standard_normal(shape) * 2
        y = g.constant(np.asarray(values).astype(x.array.dtype))
    op = g.choice(["Add", "Sub", "Mul", "Max", "Min", "Div"])
    if op == "Div":
        if x.array.dtype.kind != "f" or (y.array.size and np.abs(y.array).min() < 0.2):
            raise Refused("a pole")
        g.emit("Div", [x, y])
        return
    g.emit(op, g.choice([[x, y], [y, x]]), exact=op in ("Max", "Min") and x.is_exact and y.is_exact)


def can_broadcast(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    return all(i == j or 1 in (i, j) for i, j in zip(reversed(a), reversed(b), strict=False))


def variadic(g: Graph) -> None:
    x = g.floats()
    others = [g.value(lambda v: is_f32(v) and can_broadcast(v.shape, x.shape)) for _ in range(g.integer(0, 3))]
    g.emit(g.choice(["Sum", "Max", "Min", "Mean"]), [x, *others])


def comparison(g: Graph) -> None:
    x = g.value(lambda v: v.is_exact and v.array.dtype != np.bool_ and v.array.dtype.itemsize >= 4)
    y = g.value(lambda v: v.is_exact and v.array.dtype == x.array.dtype and can_broadcast(v.shape, x.shape))
    (c,) = g.emit(g.choice(["Less", "Greater", "Equal", "LessOrEqual", "GreaterOrEqual"]), [x, y])
    if g.chance(0.3):
        (c,) = g.emit("Not", [c])
    if g.chance(0.6):
        a = g.value(lambda v: is_f32(v) and can_broadcast(v.shape, c.shape))
        b = g.value(lambda v: is_f32(v) and can_broadcast(v.shape, c.shape))
        g.emit("Where", [c, a, b], exact=a.is_exact and b.is_exact)


def logical(g: Graph) -> None:
    x = g.value(lambda v: v.array.dtype == np.bool_)
    y = g.value(lambda v: v.array.dtype == np.bool_ and can_broadcast(v.shape, x.shape))
    g.emit(g.choice(["And", "Or", "Xor"]), [x, y])


TYPES = (np.float32, np.float64, np.float16, np.int8, np.uint8, np.int32, np.int64, np.bool_, np.int16, np.uint16)


def cast(g: Graph) -> None:
    """To another type; what has rounding only to f64 and back."""
    x = g.value()
    kind = np.dtype(g.choice(TYPES))
    if x.array.dtype.kind == "f" and kind != np.float64 and not (kind == np.float32 and x.array.dtype == np.float64):
        if not x.is_exact:
            raise Refused("rounding before a step")
        if kind.kind in "iu":
            limits = np.iinfo(kind)
            if x.array.size and not (x.array.min() > limits.min and x.array.max() < limits.max):
                raise Refused("no defined result")
    exact = x.is_exact and (kind != np.float32 or x.array.dtype != np.float64)
    g.emit("Cast", [x], to=int(helper.np_dtype_to_tensor_dtype(kind)), exact=exact)


def integers(g: Graph) -> None:
    """Arithmetic that wraps, shifts and divides."""
    x = g.value(lambda v: v.array.dtype.kind in "iu")
    y = g.value(lambda v: v.array.dtype == x.array.dtype and can_broadcast(v.shape, x.shape))
    op = g.choice(["Add", "Sub", "Mul", "Div", "Mod", "Max", "BitwiseAnd", "BitwiseXor", "Abs", "Neg", "Pow", "Sign"])
    if op in ("Abs", "Neg", "Sign"):
        g.emit(op, [x])
    elif op in ("Div", "Mod"):
        if not y.array.all() or (x.array.dtype.kind == "i" and (y.array == -1).any()):
            raise Refused("no quotient")
        g.emit(op, [x, y])
    elif op == "Pow":
        g.emit(op, [x, g.constant(np.array(2, x.array.dtype))])
    else:
        g.emit(op, [x, y])


# --- movement ---


def transpose(g: Graph) -> None:
    x = g.value(lambda v: v.rank >= 2)
    g.emit("Transpose", [x], perm=[int(i) for i in g.rng.permutation(x.rank)], exact=x.is_exact)


def reshape(g: Graph) -> None:
    x = g.value(lambda v: v.rank >= 1 and v.array.size > 0)
    if g.is_symbolic and any(map(g.is_batch, x.shape)):
        if not g.is_batch(x.shape[0]) or any(map(g.is_batch, x.shape[1:])):
            raise Refused("the batch is not first")
        rest = factors(g, x.array.size // x.shape[0])
        dims = [0, *rest]
    else:
        dims = factors(g, x.array.size)
    if g.chance(0.4) and len(dims) > 1:
        dims[g.integer(1 if g.is_symbolic else 0, len(dims) - 1)] = -1
    g.emit("Reshape", [x, g.ints(*dims)], exact=x.is_exact)


def factors(g: Graph, size: int) -> list[int]:
    dims: list[int] = []
    while size > 1 and len(dims) < 4 and g.chance(0.8):
        divisor = g.choice([d for d in range(1, min(size, 40) + 1) if size % d == 0])
        dims.append(divisor)
        size //= divisor
    dims.insert(g.integer(0, len(dims)), size)
    return dims


def shape_like(g: Graph) -> None:
    """Reshape to the run-time shape of another value of the same size."""
    x = g.value(lambda v: v.rank >= 1 and v.array.size > 0)
    other = g.value(lambda v: v.array.size == x.array.size and v.rank >= 1)
    g.emit("Reshape", [x, *g.emit("Shape", [other])], exact=x.is_exact)


def flatten(g: Graph) -> None:
    x = g.value(lambda v: v.rank >= 1)
    match g.integer(0, 2):
        case 0:
            g.emit("Flatten", [x], axis=g.integer(0, x.rank), exact=x.is_exact)
        case 1:
            g.emit("Unsqueeze", [x, g.ints(g.choice([0, 1, -1, x.rank]))], exact=x.is_exact)
        case 2:
            ones = [i for i, d in enumerate(x.shape) if d == 1]
            g.emit("Squeeze", [x, g.ints(g.choice(ones))], exact=x.is_exact)


def concat(g: Graph) -> None:
    x = g.value(lambda v: v.rank >= 1)
    axis = g.axis(x, signed=False)

    def fits(v: Known) -> bool:
        return (
            v.rank == x.rank
            and v.array.dtype == x.array.dtype
            and all(a == b for i, (a, b) in enumerate(zip(v.shape, x.shape, strict=True)) if i != axis)
            and not g.is_batch(v.shape[axis])
        )

    parts = [x, *(g.value(fits) for _ in range(g.integer(1, 3)))]
    if g.is_symbolic and sum(p.shape[axis] for p in parts) % 7 == 0:
        raise Refused("would look like the batch")
    g.emit("Concat", parts, axis=axis - x.rank if g.chance(0.3) else axis, exact=all(p.is_exact for p in parts))


def slice_(g: Graph) -> None:
    x = g.value(lambda v: v.rank >= 1 and v.array.size > 0)
    axes = sorted({g.axis(x, signed=False) for _ in range(g.integer(1, 2))})
    starts, ends, steps = [], [], []
    for axis in axes:
        size, step = x.shape[axis], g.choice([1, 1, 1, 2, 3, -1, -2])
        if step > 0:
            start = g.integer(0, size - 1)
            end = g.choice([2**62, g.integer(start + 1, size), -1])
        else:
            start, end = g.choice([size - 1, 2**62, -1]), g.choice([-(2**62), 0])
        starts.append(start)
        ends.append(end)
        steps.append(step)
    g.emit("Slice", [x, g.ints(*starts), g.ints(*ends), g.ints(*axes), g.ints(*steps)], exact=x.is_exact)


def split(g: Graph) -> None:
    x = g.value(lambda v: v.rank >= 1 and v.array.size > 0)
    axis = g.axis(x, signed=False)
    size = x.shape[axis]
    if size < 2:
        raise Refused("nothing to split")
    if g.chance(0.5):
        count = g.integer(2, min(3, size))
        parts = g.emit("Split", [x], results=count, axis=axis, num_outputs=count, exact=x.is_exact)
    else:
        first = g.integer(0 if g.chance(0.1) else 1, size - 1)
        parts = g.emit("Split", [x, g.ints(first, size - first)], results=2, axis=axis, exact=x.is_exact)
    if is_f32(x) and g.chance(0.5):
        activated(g, g.choice(parts))


def pad(g: Graph) -> None:
    x = g.value(lambda v: v.rank >= 1 and v.array.dtype.itemsize >= 4 and v.array.size > 0)
    mode = g.choice(["constant", "constant", "reflect", "edge", "wrap"])
    low = -1 if mode == "constant" and g.chance(0.3) else 0
    pads = [0 if g.is_batch(d) else g.integer(low, min(2, d - 1)) for d in x.shape * 2]
    operands: list[Known | None] = [x, g.ints(*pads)]
    if mode == "constant" and g.chance(0.4):
        operands.append(g.constant(np.array(1, x.array.dtype)))
    g.emit("Pad", operands, mode=mode, exact=x.is_exact)


def expand(g: Graph) -> None:
    x = g.value(lambda v: v.rank >= 1 and 1 in v.shape)
    dims = [g.choice([1, 2, 5]) if d == 1 else 1 for d in x.shape]
    if g.chance(0.3):
        dims = [2, *dims]
    g.emit("Expand", [x, g.ints(*dims)], exact=x.is_exact)


def tile(g: Graph) -> None:
    x = g.value(lambda v: v.rank >= 1)
    g.emit("Tile", [x, g.ints(*(1 if g.is_batch(d) else g.choice([1, 1, 2, 3]) for d in x.shape))], exact=x.is_exact)


def gather(g: Graph) -> None:
    x = g.value(lambda v: v.rank >= 1 and v.array.size > 0)
    axis = g.axis(x)
    size = x.shape[axis]
    op = g.choice(["Gather", "Gather", "GatherElements", "GatherND", "ScatterElements", "ScatterND", "Compress"])
    kind = g.choice([np.int32, np.int64])
    if op == "Gather":
        shape = [g.integer(1, 3) for _ in range(g.integer(0, 2))]
        indices = g.constant(np.asarray(g.rng.integers(-size, size, shape), kind))
        g.emit(op, [x, indices], axis=axis, exact=x.is_exact)
        return
    if op == "Compress":
        g.emit(op, [x, g.constant(g.rng.random(size) < 0.6)], axis=axis, exact=x.is_exact)
        return
    if any(map(g.is_batch, x.shape)) or x.array.dtype.itemsize < 4:
        raise Refused("indices for a batch")
    if op == "GatherND":
        depth = g.integer(1, x.rank)
        indices_at = np.stack([g.rng.integers(-d, d, (3,)) for d in x.shape[:depth]], -1)
        g.emit(op, [x, g.constant(indices_at.astype(np.int64))], exact=x.is_exact)
    elif op == "ScatterND":
        rows = g.rng.permutation(x.shape[0])[: g.integer(1, 3), None].astype(np.int64)
        y = g.constant(g.rng.standard_normal((len(rows), *x.shape[1:])).astype(x.array.dtype))
        g.emit(op, [x, g.constant(rows), y], reduction=g.choice(["none", "add", "max"]))
    else:
        shape = list(x.shape)
        shape[axis] = g.integer(1, size)
        order = np.argsort(g.rng.random(x.shape), axis).astype(kind)
        taken = np.take(order, np.arange(shape[axis]), axis)
        if op == "GatherElements":
            g.emit(op, [x, g.constant(taken)], axis=axis, exact=x.is_exact)
        else:
            y = g.constant(g.rng.standard_normal(shape).astype(x.array.dtype))
            g.emit(op, [x, g.constant(taken), y], axis=axis, reduction=g.choice(["none", "add", "mul"]))


def depth_space(g: Graph) -> None:
    x = g.value(lambda v: is_f32(v) and v.rank == 4)
    if g.chance(0.5):
        g.emit("DepthToSpace", [x], blocksize=2, mode=g.choice(["DCR", "CRD"]), exact=x.is_exact)
    else:
        g.emit("SpaceToDepth", [x], blocksize=2, exact=x.is_exact)


def shuffle(g: Graph) -> None:
    """Channels in groups, transposed and put back."""
    x = g.value(lambda v: is_f32(v) and v.rank == 4 and v.array.size > 0 and not any(map(g.is_batch, v.shape[1:])))
    c, h, w = x.shape[1:]
    groups = g.choice([d for d in (2, 3, 4) if c % d == 0])
    (y,) = g.emit("Reshape", [x, g.ints(0, groups, c // groups, h, w)], exact=x.is_exact)
    (y,) = g.emit("Transpose", [y], perm=[0, 2, 1, 3, 4], exact=x.is_exact)
    g.emit("Reshape", [y, g.ints(0, c, h, w)], exact=x.is_exact)


def excited(g: Graph) -> None:
    """Squeeze and excitation."""
    x = image(g)
    (s,) = g.emit("GlobalAveragePool", [x])
    c = x.shape[1]
    (s,) = g.emit("Conv", [s, g.weights(c, c, *(1,) * (x.rank - 2), scale=c**-0.5)])
    (s,) = g.emit(g.choice(["Sigmoid", "HardSigmoid"]), [s])
    g.emit("Mul", g.choice([[x, s], [s, x]]))


def one_hot(g: Graph) -> None:
    x = g.value(lambda v: v.array.dtype == np.int64 and v.array.size > 0)
    (i,) = g.emit("Mod", [x, g.constant(np.array(5, np.int64))])
    match g.integer(0, 2):
        case 0:
            values = g.constant(np.array([0, 1], np.float32))
            g.emit("OneHot", [i, g.ints(5), values], axis=g.choice([-1, 0]), exact=True)
        case 1:
            g.emit("Gather", [g.weights(5, 8), i], exact=True)
        case 2:
            table = g.value(lambda v: is_f32(v) and v.rank >= 1 and v.shape[0] >= 5 and not g.is_batch(v.shape[0]))
            g.emit("Gather", [table, i], axis=0, exact=table.is_exact)


def triangle(g: Graph) -> None:
    x = g.value(lambda v: is_f32(v) and v.rank >= 2)
    g.emit("Trilu", [x, g.constant(np.array(g.integer(-2, 2), np.int64))], upper=g.integer(0, 1), exact=x.is_exact)


def quantized(g: Graph) -> None:
    """Quantize and back, around a product or not. Only of exact values: rounding before a step compares badly."""
    x = g.value(lambda v: is_f32(v) and v.is_exact and v.rank >= 1 and v.array.size > 0)
    kind = g.choice([np.int8, np.uint8])
    scale = g.constant(np.array(g.choice([0.05, 0.013, 0.25]), np.float32))
    zero = g.constant(np.array(g.integer(-5, 20) if kind is np.int8 else g.integer(100, 140), kind))
    if g.chance(0.2):
        q, scale, zero = g.emit("DynamicQuantizeLinear", [x], results=3, exact=True)
        kind = np.uint8
    else:
        (q,) = g.emit("QuantizeLinear", [x, scale, zero])
    if kind is np.uint8 and x.rank >= 2 and g.chance(0.5) and not g.is_batch(x.shape[-1]):
        w = g.constant(g.rng.integers(-128, 128, (x.shape[-1], g.choice([3, 8, 16]))).astype(np.int8))
        wz = g.constant(np.array(g.integer(-3, 3), np.int8))
        (y,) = g.emit("MatMulInteger", [q, w, zero, wz])
        g.emit("Cast", [y], to=1, exact=True)
        return
    if x.rank == 4 and g.chance(0.4) and kind is np.uint8:
        w = g.constant(g.rng.integers(-128, 128, (4, x.shape[1], 3, 3)).astype(np.int8))
        wz, ws = g.constant(np.array(0, np.int8)), g.constant(np.array(0.02, np.float32))
        ys, yz = g.constant(np.array(0.5, np.float32)), g.constant(np.array(128, np.uint8))
        (q,) = g.emit("QLinearConv", [q, scale, zero, w, ws, wz, ys, yz], pads=[1, 1, 1, 1])
        g.emit("DequantizeLinear", [q, ys, yz], exact=True)
        return
    g.emit("DequantizeLinear", [q, scale, zero], exact=True)


LAYERS: dict[Layer, int] = {
    conv: 14,
    batch_norm: 3,
    conv_transpose: 2,
    pool: 4,
    resize: 1,
    matmul: 8,
    gemm: 3,
    siblings: 2,
    attention: 3,
    einsum: 1,
    softmax: 2,
    spelled_softmax: 1,
    layer_norm: 3,
    channel_norm: 2,
    reduction: 4,
    arg_max: 2,
    curve: 6,
    binary: 8,
    variadic: 2,
    comparison: 2,
    logical: 1,
    cast: 3,
    integers: 2,
    transpose: 5,
    reshape: 4,
    shape_like: 1,
    flatten: 2,
    concat: 4,
    slice_: 4,
    split: 3,
    pad: 2,
    expand: 1,
    tile: 1,
    gather: 4,
    depth_space: 1,
    shuffle: 1,
    excited: 2,
    one_hot: 1,
    triangle: 1,
    quantized: 2,
}


def grow(seed: int) -> Graph:
    """The graph of this seed: three to thirty layers on a few inputs, one in four with a symbolic batch."""
    g = Graph(np.random.default_rng(seed))
    g.is_symbolic = g.chance(0.25)
    batch = 7 if g.is_symbolic else g.choice([1, 1, 2, 3])
    c = g.choice([1, 3, 3, 8, 12, 16, 17, 20, 32])
    h, w = (g.choice([1, 3, 5, 6, 8, 9, 10, 12, 13]) for _ in range(2))
    numbers = g.rng.standard_normal
    kinds = [
        lambda: numbers((batch, c, h, w)),
        lambda: numbers((batch, h, c)),
        lambda: numbers((batch, c)),
        lambda: numbers((c,)) if g.chance(0.7) else numbers(()),
        lambda: numbers((batch, c, h)) if g.chance(0.5) else numbers((batch, c, 2, 3, 5)),
        lambda: g.rng.integers(0, 9, (batch, h)),
        lambda: numbers((batch, 0, c)) if g.chance(0.3) else numbers((1, c, h, w)),
    ]
    for _ in range(g.integer(1, 4)):
        array = np.asarray(g.choice([kinds[0], kinds[0], *kinds])())
        g.add_input(array if array.dtype == np.int64 else array.astype(np.float32))
    layers = list(LAYERS)
    chances = np.array(list(LAYERS.values()), float)
    wanted, tries = g.integer(3, 30), 0
    while len(g.nodes) < wanted and tries < 200:
        tries += 1
        try:
            layers[int(g.rng.choice(len(layers), p=chances / chances.sum()))](g)
        except Refused:
            continue
    return g
