"""Why operators are not supported, for those where there is more to say than that nobody needed them yet."""

from __future__ import annotations

_RANDOM = "it draws random numbers, and mlc does not reproduce torch's stream; draw them outside of the model"
_STORAGE = "it reads how a tensor lies in memory, which a compiled model does not keep"
COMPLEX = "it works on complex numbers, which have no kernels; write it with real and imaginary parts"

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
    "aten.sym_is_contiguous": _STORAGE,
    "aten.resize_": "it gives a tensor memory that its own values do not fill; make a new tensor",
    "aten.as_strided": f"{_STORAGE}, unless sizes and strides are known numbers over an input as it was given",
    "aten._fft_c2r": COMPLEX,
    "aten._fft_r2c": COMPLEX,
    "aten._fft_c2c": COMPLEX,
    "aten.complex": COMPLEX,
    "aten.view_as_complex": COMPLEX,
    "aten.view_as_real": COMPLEX,
    "aten.real": COMPLEX,
    "aten.imag": COMPLEX,
    "aten.sym_storage_offset": _STORAGE,
}


def reason_for(name: str) -> str:
    """Why operator `name` is not supported."""
    if name.startswith("torch.ops.higher_order."):
        return "it runs a graph of its own; write the branch or loop with tensor operations such as torch.where"
    return REASONS.get(name, "no support yet")
