"""Functions as jax exports them: `python tests/mlir_import/jax_functions.py` writes the texts in jax/ and numbers.

The tests read what is written here, and where jax is installed what it exports today too. Weights are arguments, inputs
are seeded.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np

_LOCATION = re.compile(r" ?loc\((?:[^()\"]|\"[^\"]*\"|\([^()]*\))*\)")
HERE = Path(__file__).parent / "jax"
# The shapes of each function's arguments; (shape, limit) for integers below a limit.
ARGUMENTS: dict[str, list[Any]] = {
    "mlp": [(3, 8), (8, 16), (16,), (16, 5), (5,)],
    "cnn": [(2, 12, 12, 3), (3, 3, 3, 8), (8,), (3, 3, 1, 8), (8, 4)],
    "attention": [(2, 6, 16), (16,), (16,), (16, 48), (16, 16)],
    "recurrent": [(5, 2, 4), (4, 6), (6, 6)],
    "places": [(4, 7), ((3,), 4), ((4, 2), 7)],
    "special": [(40,)],
    "sampled": [(3, 9), ((), 5)],
    "gradient": [(1, 8, 8, 2), (3, 3, 2, 4)],
    "polymorphic": [(3, 8), (8, 8)],
}


def arguments(name: str) -> list[Any]:
    """The seeded arguments of a function."""
    random = np.random.default_rng(7)
    made = []
    for shape in ARGUMENTS[name]:
        if shape and isinstance(shape[0], tuple) or len(shape) == 2 and shape[0] == ():
            made.append(random.integers(0, shape[1], shape[0], np.int32))
        else:
            made.append(random.standard_normal(shape).astype(np.float32))
    return made


def text(name: str) -> str:
    """What jax exported for a function."""
    return (HERE / f"{name}.txt").read_text()


def results(name: str) -> list[Any]:
    """What jax computed of the arguments."""
    stored = json.loads((HERE / "results.json").read_text())[name]
    return [np.array(r["values"], r["dtype"]).reshape(r["shape"]) for r in stored]


def functions() -> dict[str, Any]:
    """The functions, over jax."""
    import jax
    import jax.numpy as jnp
    from jax import lax

    def mlp(x: Any, w: Any, b: Any, v: Any, c: Any) -> Any:
        h = jax.nn.gelu(x @ w + b, approximate=False)
        return jax.nn.softmax(h @ v + c), jax.nn.log_softmax(h @ v + c)

    def cnn(x: Any, w: Any, b: Any, d: Any, v: Any) -> Any:
        axes = ("NHWC", "HWIO", "NHWC")
        y = jax.nn.relu(lax.conv_general_dilated(x, w, (2, 2), "SAME", dimension_numbers=axes) + b)
        y = jax.nn.silu(lax.conv_general_dilated(y, d, (1, 1), "SAME", dimension_numbers=axes, feature_group_count=8))
        y = lax.reduce_window(y, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
        return y.mean((1, 2)) @ v

    def attention(x: Any, scale: Any, shift: Any, qkv: Any, out: Any) -> Any:
        mean = x.mean(-1, keepdims=True)
        h = (x - mean) * lax.rsqrt(x.var(-1, keepdims=True) + 1e-5) * scale + shift
        q, k, v = (t.reshape(2, 6, 2, 8) for t in jnp.split(h @ qkv, 3, axis=-1))
        y = jax.nn.dot_product_attention(q, k, v, is_causal=True)
        return x + y.reshape(2, 6, 16) @ out

    def recurrent(xs: Any, w: Any, u: Any) -> Any:
        def turn(h: Any, x: Any) -> Any:
            new = jnp.tanh(x @ w + h @ u)
            return new, new.sum(-1)

        return lax.scan(turn, jnp.zeros((2, 6)), xs)

    def places(x: Any, rows: Any, columns: Any) -> Any:
        top, at = lax.top_k(x, 3)
        return (
            jnp.argmax(x, 1), jnp.argmin(x, 0), jnp.sort(x, 1), jnp.argsort(x, 0), top, at, jnp.cumsum(x, 1),
            lax.cummax(x, axis=0), jnp.take(x, rows, axis=0), jnp.take_along_axis(x, columns, 1),
            x.at[rows].add(2.0), x.at[rows, 1].set(-1.0), jax.nn.one_hot(rows, 6), jnp.roll(x, 2, 1), jnp.tril(x),
            jnp.median(x, 1), jnp.searchsorted(jnp.sort(x[0]), x[1]), jnp.where(x > 0, size=9)[1],
        )  # fmt: skip

    def special(x: Any) -> Any:
        inside, positive = jnp.tanh(x), jnp.abs(x) + 0.1
        return (
            jax.scipy.special.erf(x), jax.scipy.special.erfc(x), lax.erf_inv(inside), lax.lgamma(positive),
            lax.digamma(positive), jnp.arcsin(inside), jnp.arccosh(positive + 1), jnp.sinh(x), jnp.cbrt(x),
            jnp.logaddexp(x, -x), jnp.nextafter(x, inside), lax.bessel_i1e(x), jnp.arctan2(x, inside), jnp.round(x * 4),
            jnp.std(x), jnp.linalg.norm(x),
        )  # fmt: skip

    def sampled(x: Any, which: Any) -> Any:
        chosen = lax.switch(which, [jnp.sin, jnp.cos, lambda v: v * 2.0], x)
        grown = lax.while_loop(lambda s: (s[0] ** 2).sum() < 1000, lambda s: (s[0] * 1.5, s[1] + 1), (x, 0))
        return (
            chosen,
            *grown,
            lax.dynamic_slice(x, (0, which), (3, 4)),
            lax.dynamic_update_slice(x, x[:2, :3], (1, which)),
        )

    def gradient(x: Any, w: Any) -> Any:
        def loss(x: Any, w: Any) -> Any:
            y = lax.conv_general_dilated(x, w, (2, 2), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
            pooled = lax.reduce_window(jnp.tanh(y), -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
            return (pooled**2).sum()

        return jax.grad(loss, (0, 1))(x, w)

    def polymorphic(x: Any, w: Any) -> Any:
        h = jax.nn.gelu(x @ w)
        return h - h.mean(0), h.reshape(-1), jnp.concatenate([h, x]), jax.nn.softmax(h @ h.T)

    return {f.__name__: f for f in (mlp, cnn, attention, recurrent, places, special, sampled, gradient, polymorphic)}


def lowered(name: str) -> str:
    """The text that jax exports for a function."""
    import jax
    from jax import export

    function = jax.jit(functions()[name])
    if name == "polymorphic":
        shapes = [jax.ShapeDtypeStruct(export.symbolic_shape(s), "float32") for s in ("b,8", "8,8")]
        return str(export.export(function)(*shapes).mlir_module())
    return str(function.lower(*arguments(name)).as_text())


def _write() -> None:
    import jax

    HERE.mkdir(exist_ok=True)
    stored = {}
    for name, function in functions().items():
        lines = [_LOCATION.sub("", line) for line in lowered(name).splitlines() if not line.startswith("#loc")]
        (HERE / f"{name}.txt").write_text("\n".join(lines) + "\n")
        flat = [np.asarray(r) for r in jax.tree.leaves(jax.jit(function)(*arguments(name)))]
        stored[name] = [
            {"shape": r.shape, "dtype": str(r.dtype), "values": [v.item() for v in r.reshape(-1)]} for r in flat
        ]
    (HERE / "results.json").write_text(json.dumps(stored) + "\n")


if __name__ == "__main__":
    _write()
