"""The functions of a module, and the one that is the model."""

from __future__ import annotations

from typing import Any

from torch_mlir import ir

from mlc.errors import CompileError, nearest


def functions_of(module: Any) -> dict[str, Any]:
    """The functions with a body, in the module and the modules in it, by name, in order."""
    found: dict[str, Any] = {}
    for operation in module.regions[0].blocks[0].operations:
        operation = operation.operation
        if operation.name == "builtin.module":
            found |= functions_of(operation)
        elif operation.name == "func.func" and operation.regions[0].blocks:
            found[ir.StringAttr(operation.attributes["sym_name"]).value] = operation
    return found


def entry_of(functions: dict[str, Any], wanted: str | None) -> Any:
    """The function called `wanted`, or the only public one. Raises CompileError that lists what there is."""
    if wanted is not None:
        if wanted not in functions:
            hint = nearest(wanted, list(functions)) or f"; there are {_listed(functions)}"
            raise CompileError(f"there is no function @{wanted}{hint}")
        return functions[wanted]
    public = {name: operation for name, operation in functions.items() if _is_public(operation)}
    if not public:
        raise CompileError(
            f"no function is public; say which is the model as --entry, of {_listed(functions)}"
            if functions
            else "there is no function with a body"
        )
    if len(public) > 1:
        raise CompileError(f"{len(public)} functions are public; say which is the model as --entry: {_listed(public)}")
    return next(iter(public.values()))


def _is_public(operation: Any) -> bool:
    if "sym_visibility" not in operation.attributes:
        return True
    return bool(ir.StringAttr(operation.attributes["sym_visibility"]).value == "public")


def _listed(functions: dict[str, Any]) -> str:
    return ", ".join(f"@{name}" for name in functions)
