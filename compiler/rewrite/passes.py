"""What a pass is: a frozen dataclass whose fields are its options.

    @dataclass(frozen=True)
    class DropDoubleRelu(Pass):
        '''relu(relu(x)) -> relu(x).'''

        rules = (drop_double_relu,)

`rules` is run by the one driver; a pass that needs more overrides `run(module)`. The name in pipelines is the class
name in kebab case: `drop-double-relu`. An option that takes only some values says so: `size: int = option(8, least=1)`.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from mlc.errors import CompileError, nearest
from mlc.ir import Module
from mlc.rewrite.rules import Rule, apply_rules

NumericClass = Literal["exact", "reassociating", "precision-changing"]


def option(default: Any, *, least: float | None = None, of: tuple[Any, ...] = ()) -> Any:
    """A pass's field that takes numbers from `least` on, or only the values `of` a tuple; others raise CompileError."""
    return dataclasses.field(default=default, metadata={"least": least, "of": of})


@dataclass(frozen=True)
class Pass:
    """Base of all passes. The docstring is the pass's help: before -> after, and what stays unchanged.

    `numerics` says how results may differ: not at all, by the order of operations, or by more (then it is printed).
    """

    rules: ClassVar[tuple[Rule, ...]] = ()
    numerics: ClassVar[NumericClass] = "exact"

    def __post_init__(self) -> None:
        for name, field in type(self).options().items():
            value, least, of = getattr(self, field.name), field.metadata.get("least"), field.metadata.get("of", ())
            wanted = f"{least} or more" if least is not None and value < least else ""
            if of and value not in of:
                wanted = f"one of {', '.join(map(str, of))}"
            if wanted:
                raise CompileError(f"pass {self.pass_name()}: option {name} takes {wanted}, got {value}")

    def run(self, module: Module) -> None:
        """Rewrites the module in place. The module must verify afterwards and mean the same."""
        apply_rules(module, self.rules, pass_name=type(self).pass_name())

    def for_target(self, target: str, backend: str = "llvm") -> Pass:
        """This pass for code that `backend` makes for `target`: options of those names, left at their defaults, are
        set."""
        options = type(self).options()
        given = {"target": target, "backend": backend}
        left = {name: text for name, text in given.items() if name in options}
        left = {name: text for name, text in left.items() if getattr(self, name) == options[name].default}
        return dataclasses.replace(self, **left) if left else self

    @classmethod
    def pass_name(cls) -> str:
        """The name in pipelines: FoldBatchnorm is fold-batchnorm."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", cls.__name__).lower()

    @classmethod
    def options(cls) -> dict[str, dataclasses.Field[Any]]:
        """The options by the names that pipelines use: max-bytes for the field max_bytes."""
        return {f.name.replace("_", "-"): f for f in dataclasses.fields(cls)}

    @classmethod
    def help(cls) -> str:
        """The docstring without its indentation."""
        return inspect.cleandoc(cls.__doc__ or "")

    @classmethod
    def from_options(cls, texts: dict[str, str]) -> Pass:
        """An instance with options given as text. Raises CompileError for an unknown option or an unfit value."""
        options = cls.options()
        values: dict[str, Any] = {}
        for name, text in texts.items():
            if name not in options:
                known = f"; it has {', '.join(options)}" if options else "; it has none"
                raise CompileError(
                    f"pass {cls.pass_name()} has no option {name!r}{nearest(name, list(options)) or known}"
                )
            values[options[name].name] = _value(cls, name, options[name].type, text)
        return cls(**values)

    def __str__(self) -> str:
        """The text that makes this pass in a pipeline; options at their default are left out."""
        parts = []
        for name, option in type(self).options().items():
            value = getattr(self, option.name)
            if value != option.default:
                parts.append(f"{name}={str(value).lower() if isinstance(value, bool) else value}")
        return type(self).pass_name() + (f"{{{' '.join(parts)}}}" if parts else "")


def _value(cls: type[Pass], name: str, kind: Any, text: str) -> Any:
    word = kind if isinstance(kind, str) else kind.__name__
    try:
        match word:
            case "bool":
                return {"true": True, "false": False}[text]
            case "int":
                return int(text)
            case "float":
                return float(text)
            case "str":
                return text
    except (KeyError, ValueError):
        raise CompileError(f"pass {cls.pass_name()}: option {name} takes {_article(word)}, got {text!r}") from None
    raise AssertionError(f"{cls.__name__}.{name}: options are bool, int, float or str, not {word}")


def _article(word: str) -> str:
    return {"bool": "true or false", "int": "an integer", "float": "a number", "str": "text"}[word]
