"""Rows for the ops of mlc.ops.sequence."""

from __future__ import annotations

import numpy as np

from cases import Case, normal
from mlc.ir import DType, OptionalType, SequenceType, TensorType, symbol, tensor
from mlc.ops import (
    ConcatFromSequence,
    OptionalConstruct,
    OptionalGet,
    OptionalHas,
    SequenceAt,
    SequenceConstruct,
    SequenceErase,
    SequenceInsert,
    SequenceLength,
    SplitToSequence,
)

ANY = TensorType(DType.F32, None)
LIST = [normal(2), normal(3), normal(1)]
SEQUENCE = SequenceType(ANY)
OPTIONAL = OptionalType(ANY)
INDEX = tensor(DType.I64)
KNOWN = tensor(DType.F32, symbol("K"))

CASES = [
    Case("sequence_construct", lambda *v: SequenceConstruct(v, ANY), (normal(2), normal(3, 1))),
    Case("sequence_empty", lambda: SequenceConstruct([], ANY), ()),
    Case("sequence_insert", lambda s, x: SequenceInsert(s, x), (LIST, normal(4)), (SEQUENCE, tensor(DType.F32, 4))),
    Case(
        "sequence_insert_at", SequenceInsert, (LIST, normal(4), np.array(-2)), (SEQUENCE, tensor(DType.F32, 4), INDEX)
    ),
    Case("sequence_erase", lambda s: SequenceErase(s), (LIST,), (SEQUENCE,)),
    Case("sequence_erase_at", SequenceErase, (LIST, np.array(0)), (SEQUENCE, INDEX)),
    Case("sequence_at", lambda s, i: SequenceAt(s, i, KNOWN), (LIST, np.array(1)), (SEQUENCE, INDEX)),
    Case("sequence_at_from_the_end", lambda s, i: SequenceAt(s, i, KNOWN), (LIST, np.array(-1)), (SEQUENCE, INDEX)),
    Case("sequence_length", SequenceLength, (LIST,), (SEQUENCE,)),
    Case("split_to_sequence", lambda x: SplitToSequence(x, axis=1), (normal(2, 3),)),
    Case("split_to_sequence_drops_the_axis", lambda x: SplitToSequence(x, keep_dims=False), (normal(3, 2),)),
    Case("split_to_sequence_of_size", lambda *v: SplitToSequence(*v, axis=1), (normal(2, 5), np.array(2))),
    Case("split_to_sequence_of_sizes", lambda *v: SplitToSequence(*v, axis=1), (normal(2, 5), np.array([1, 4]))),
    Case(
        "concat_from_sequence",
        lambda s: ConcatFromSequence(s, 0, dims=(symbol("K"),)),
        (LIST,),
        (SEQUENCE,),
    ),
    Case(
        "concat_from_sequence_stacked",
        lambda s: ConcatFromSequence(s, -1, is_stacked=True, dims=(2, symbol("K"))),
        ([normal(2), normal(2)],),
        (SEQUENCE,),
    ),
    Case("optional_of_a_value", lambda x: OptionalConstruct(x, element=ANY), (normal(2),)),
    Case("optional_of_nothing", lambda: OptionalConstruct(element=ANY), ()),
    Case("optional_has", OptionalHas, (normal(2),), (OPTIONAL,)),
    Case("optional_has_nothing", OptionalHas, (None,), (OPTIONAL,)),
    Case("optional_get", OptionalGet, (normal(2),), (OPTIONAL,)),
    Case("optional_get_sequence", OptionalGet, (LIST,), (OptionalType(SEQUENCE),)),
]
