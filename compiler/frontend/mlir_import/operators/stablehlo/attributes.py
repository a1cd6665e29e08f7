"""StableHLO's own attributes as Python: dimension numbers by torch-mlir's bindings, and single words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch_mlir._mlir_libs import _stablehlo


def word(text: str) -> str:
    """The value of an enum attribute, which is spelled with its kind: `comparison_direction LT`."""
    return text.rpartition(" ")[2]


@dataclass(frozen=True)
class Dot:
    """Axes of both factors that are shared, and axes that are summed over."""

    lhs_batch: tuple[int, ...]
    rhs_batch: tuple[int, ...]
    lhs_contracting: tuple[int, ...]
    rhs_contracting: tuple[int, ...]

    @staticmethod
    def of(attribute: Any) -> Dot:
        """Of a #stablehlo.dot attribute."""
        a = _stablehlo.DotDimensionNumbers(attribute)
        return Dot(
            tuple(a.lhs_batching_dimensions),
            tuple(a.rhs_batching_dimensions),
            tuple(a.lhs_contracting_dimensions),
            tuple(a.rhs_contracting_dimensions),
        )


@dataclass(frozen=True)
class ConvAxes:
    """The orders that put image and filters as [N, C, spatial...] and [O, I, spatial...], and the result back."""

    image: tuple[int, ...]
    filters: tuple[int, ...]
    result: tuple[int, ...]

    @staticmethod
    def of(attribute: Any) -> ConvAxes:
        """Of a #stablehlo.conv attribute."""
        a = _stablehlo.ConvDimensionNumbers(attribute)
        image = (a.input_batch_dimension, a.input_feature_dimension, *a.input_spatial_dimensions)
        filters = (a.kernel_output_feature_dimension, a.kernel_input_feature_dimension, *a.kernel_spatial_dimensions)
        result = (a.output_batch_dimension, a.output_feature_dimension, *a.output_spatial_dimensions)
        return ConvAxes(image, filters, result)


@dataclass(frozen=True)
class Gathering:
    """Which axes of operand, indices and result (or updates) of a gather or scatter belong together."""

    window: tuple[int, ...]  # of the result, or of the updates: those that a slice of the operand fills
    dropped: tuple[int, ...]  # of the operand: extents of 1 that the slice does without
    operand_batch: tuple[int, ...]
    index_batch: tuple[int, ...]
    indexed: tuple[int, ...]  # of the operand, one for each entry of an index
    vector: int  # of the indices: where the entries of an index are

    @staticmethod
    def of_gather(attribute: Any) -> Gathering:
        """Of a #stablehlo.gather attribute."""
        a = _stablehlo.GatherDimensionNumbers(attribute)
        return Gathering(
            tuple(a.offset_dims),
            tuple(a.collapsed_slice_dims),
            tuple(a.operand_batching_dims),
            tuple(a.start_indices_batching_dims),
            tuple(a.start_index_map),
            a.index_vector_dim,
        )

    @staticmethod
    def of_scatter(attribute: Any) -> Gathering:
        """Of a #stablehlo.scatter attribute."""
        a = _stablehlo.ScatterDimensionNumbers(attribute)
        return Gathering(
            tuple(a.update_window_dims),
            tuple(a.inserted_window_dims),
            tuple(a.input_batching_dims),
            tuple(a.scatter_indices_batching_dims),
            tuple(a.scattered_dims_to_operand_dims),
            a.index_vector_dim,
        )
