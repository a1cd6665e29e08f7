"""Why operators are not supported, for those where there is more to say than that nobody needed them yet."""

from __future__ import annotations

_RANDOM = "it draws random numbers, and mlc does not reproduce torch's stream; draw them outside of the model"
_STORAGE = "it reads how a tensor lies in memory, which a compiled model does not keep"

REASONS = {
    "aten.rand": _RANDOM,
    "aten.randn": _RANDOM,
    "aten.randperm": _RANDOM,
    "aten.randint": _RANDOM,
    "aten.randint.low": _RANDOM,
    "aten.rand_like": _RANDOM,
    "aten.randn_like": _RANDOM,
    "aten.randint_like": _RANDOM,
    "aten.bernoulli": _RANDOM,
    "aten.bernoulli.p": _RANDOM,
    "aten.multinomial": _RANDOM,
    "aten.normal_functional": _RANDOM,
    "aten.uniform": _RANDOM,
    "aten.native_dropout": f"{_RANDOM}; call eval() on the model to switch dropout off",
    "aten.sym_stride.int": _STORAGE,
    "aten.sym_storage_offset": _STORAGE,
}


def reason_for(name: str) -> str:
    """Why operator `name` is not supported."""
    if name.startswith("torch.ops.higher_order."):
        return "it runs a graph of its own; write the branch or loop with tensor operations such as torch.where"
    return REASONS.get(name, "no support yet")
