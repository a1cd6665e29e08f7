"""What `emit` returns: plain data that the driver turns into an artifact, without LLVM or the runtime."""

from __future__ import annotations

from dataclasses import dataclass

from mlc.ir import Array, Dim, Location, Op, Type


@dataclass(frozen=True)
class CodeUnit:
    """One LLVM module: its text, its object code for the target, and the source node it was first written for."""

    name: str
    text: str
    code: bytes = b""
    where: str = ""


@dataclass(frozen=True)
class Port:
    """An input or output of the model. `is_native` ports are buffers of mlc_call, others belong to host steps.

    `is_sized` outputs have a size that follows from the input symbols: the caller brings the buffer.
    """

    name: str
    type: Type
    is_native: bool
    is_sized: bool
    object_slot: int = -1


@dataclass(frozen=True, eq=False)
class Weight:
    """A constant's dense bytes at a 64-byte aligned offset of the weights; `is_looked_up` says that a call reads a few
    rows of it."""

    offset: int
    array: Array
    name: str
    is_looked_up: bool = False


@dataclass(frozen=True)
class HostValue:
    """An operand or result of a host step: a tensor in `mlc_call.values[slot]`, or an object the host keeps."""

    slot: int
    type: Type
    is_native: bool


@dataclass(frozen=True, eq=False)
class HostStep:
    """An op that runs its `evaluate`: why, what it reads and what it leaves.

    `operands` are the op's own and what its regions capture, each value once.
    """

    op: Op
    reason: str
    operands: tuple[HostValue, ...]
    results: tuple[HostValue, ...]

    @property
    def summary(self) -> str:
        """One line for the compile summary."""
        return f"{self.op.name} at {self.op.loc.title}: {self.reason}"


def literal(text: str) -> str:
    """A template that gives the text, whatever braces are in it."""
    return text.replace("{", "{{").replace("}", "}}")


@dataclass(frozen=True)
class ErrorText:
    """What a nonzero result of mlc_main means: a template for str.format, of error_args."""

    message: str
    where: str

    @property
    def template(self) -> str:
        """All of it, where it is said too."""
        return f"{literal(self.where)}: {self.message}" if self.where else self.message


@dataclass(frozen=True)
class Alternatives:
    """A choice that could have been made otherwise: the labels of all candidates, best first by the cost model.

    The first is the model's own choice; `chosen` is another where tuning has found it faster.
    """

    name: str
    chosen: str
    candidates: tuple[str, ...]


@dataclass(frozen=True)
class ScheduleRow:
    """How one group runs: its kernel family, launches and every choice made for it, in the order they were made.

    `key` stands for what the group computes: groups of one key run alike, in any model.
    """

    title: str
    family: str
    loc: Location
    kernels: tuple[str, ...]
    choices: tuple[tuple[str, str], ...]
    key: str = ""
    alternatives: tuple[Alternatives, ...] = ()

    def __str__(self) -> str:
        choices = ", ".join(f"{name} {value}" for name, value in self.choices)
        return f"{self.family:<14} {self.title}  [{self.loc.title}]  {choices}".rstrip()


@dataclass(frozen=True)
class ProfileRow:
    """What one entry of mlc_call.profile times: a kernel or host step by name, what it does, and its source nodes.

    `key` is the schedule row's. FLOPs and bytes (each operand and result once) of a group stand at its last kernel.
    """

    kernel: str
    title: str
    sources: tuple[str, ...]
    key: str = ""
    flops: Dim = 0
    byte_count: Dim = 0


@dataclass(frozen=True, eq=False)
class Program:
    """A compiled module.

    `symbols` name the entries of mlc_call.symbols, the first `input_symbol_count` of which the caller sets.
    `slot_count` is the length of mlc_call.values and shapes; `profile` names the rows of mlc_call.profile; error number
    n of mlc_main is errors[n - 1]. `object_inputs` are input numbers whose value the host keeps.
    """

    units: tuple[CodeUnit, ...]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    symbols: tuple[str, ...]
    input_symbol_count: int
    weights: tuple[Weight, ...]
    weight_bytes: int
    host_steps: tuple[HostStep, ...]
    slot_count: int
    errors: tuple[ErrorText, ...]
    profile: tuple[ProfileRow, ...]
    schedule: tuple[ScheduleRow, ...]
    workspace_text: str
    workspace_bytes: Dim

    @property
    def schedule_text(self) -> str:
        """The schedule and the memory plan, for `--emit=schedule`."""
        return "\n".join([*(str(row) for row in self.schedule), self.workspace_text])
