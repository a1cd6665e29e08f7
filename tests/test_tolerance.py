"""The comparison rule fails when it should: a rule that cannot fail would make every golden test pass."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest
from tolerance import MODEL, PRECISION_CHANGING, Array, assert_close, assert_op_close

WANT = np.linspace(-8.0, 8.0, 101, dtype=np.float32).reshape(1, 101)


def nudged(value: Array, by: float, index: int = 3) -> Array:
    """A copy of value whose element `index` is off by `by`."""
    copy = value.copy()
    copy.flat[index] += by
    return copy


def test_equal_outputs_pass_as_array_as_list_and_by_name() -> None:
    assert_close(WANT.copy(), WANT, model="m")
    assert_close([WANT.copy()], (WANT,), model="m")
    assert_close({"y": WANT.copy()}, {"y": WANT}, model="m")


def test_the_limit_is_a_ten_thousandth_of_the_largest_reference() -> None:
    assert_close(nudged(WANT, 7.9e-4), WANT, model="m")
    with pytest.raises(AssertionError, match=r"m: output 0: .* at \[0, 3\] is over the limit 0.0008; 1 of 101"):
        assert_close(nudged(WANT, 8.2e-4), WANT, model="m")


def test_a_precision_changing_pass_gets_ten_times_that_and_no_more() -> None:
    assert_close(nudged(WANT, 7.9e-3), WANT, model="m", share=PRECISION_CHANGING)
    with pytest.raises(AssertionError, match="over the limit"):
        assert_close(nudged(WANT, 8.2e-3), WANT, model="m", share=PRECISION_CHANGING)


def test_no_other_tolerance_is_accepted() -> None:
    with pytest.raises(ValueError, match="share=0.01"):
        assert_close(WANT, WANT, model="m", share=1e-2)
    assert MODEL == 1e-4


def test_each_output_is_held_to_its_own_largest_value() -> None:
    small = np.full((4,), 1e-3, np.float32)
    with pytest.raises(AssertionError, match="output 1"):
        assert_close([WANT, nudged(small, 1e-6)], [WANT, small], model="m")


def test_a_reference_of_zeros_allows_only_zeros() -> None:
    zeros = np.zeros((3,), np.float32)
    assert_close(zeros, zeros, model="m")
    with pytest.raises(AssertionError, match="over the limit 0"):
        assert_close(nudged(zeros, 1e-30, 0), zeros, model="m")


def test_shape_and_dtype_must_be_equal() -> None:
    with pytest.raises(AssertionError, match=r"shape \(101,\), expected \(1, 101\)"):
        assert_close(WANT[0], WANT, model="m")
    with pytest.raises(AssertionError, match="dtype float64, expected float32"):
        assert_close(WANT.astype(np.float64), WANT, model="m")


def test_a_missing_output_or_another_name_fails() -> None:
    with pytest.raises(AssertionError, match="1 outputs, expected 2"):
        assert_close([WANT], [WANT, WANT], model="m")
    with pytest.raises(AssertionError, match="'z'"):
        assert_close({"z": WANT}, {"y": WANT}, model="m")


def test_outputs_by_name_are_paired_by_name_not_by_order() -> None:
    other = -WANT
    assert_close({"b": other, "a": WANT}, {"a": WANT, "b": other}, model="m")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_nan_or_infinity_at_one_side_only_fails(value: float) -> None:
    odd = WANT.copy()
    odd[0, 5] = value
    assert_close(odd.copy(), odd, model="m")
    with pytest.raises(AssertionError, match=r"first difference at \[0, 5\]"):
        assert_close(odd, WANT, model="m")
    with pytest.raises(AssertionError, match=r"first difference at \[0, 5\]"):
        assert_close(WANT, odd, model="m")


def test_infinities_of_the_other_sign_fail() -> None:
    with pytest.raises(AssertionError, match="inf at"):
        assert_close(np.array([-np.inf], np.float32), np.array([np.inf], np.float32), model="m")


def test_an_infinite_reference_does_not_widen_the_limit_of_its_neighbours() -> None:
    odd = WANT.copy()
    odd[0, 5] = np.inf
    with pytest.raises(AssertionError, match="over the limit 0.0008"):
        assert_close(nudged(odd, 1e-2), odd, model="m")


@pytest.mark.parametrize("dtype", [np.int64, np.uint8, np.bool_])
def test_integers_and_booleans_are_exact(dtype: type) -> None:
    want = np.array([[1, 0, 1]], dtype)
    got = np.array([[1, 1, 1]], dtype)
    assert_close(want.copy(), want, model="m")
    with pytest.raises(AssertionError, match=r"1 of 3 .* values differ, first at \[0, 1\]"):
        assert_close(got, want, model="m")


def test_an_empty_output_still_has_a_shape_and_a_dtype() -> None:
    assert_close(np.zeros((0, 10), np.float32), np.zeros((0, 10), np.float32), model="m")
    with pytest.raises(AssertionError, match="shape"):
        assert_close(np.zeros((0, 9), np.float32), np.zeros((0, 10), np.float32), model="m")


def test_scalars_are_compared_too() -> None:
    assert_close(np.float32(2.0), np.float32(2.0), model="m")
    with pytest.raises(AssertionError, match="over the limit"):
        assert_close(np.float32(2.1), np.float32(2.0), model="m")
    with pytest.raises(AssertionError, match="1 of 1 int64"):
        assert_close(np.int64(2), np.int64(3), model="m")


def test_a_half_precision_model_has_no_rule() -> None:
    half = np.ones(3, np.float16)
    with pytest.raises(ValueError, match="float16"):
        assert_close(half, half, model="m")


def test_an_operator_is_held_to_its_accumulated_magnitude() -> None:
    # 1e8 - 1e8 + 1: the sum is 1, its terms are 1e8 large, so an error of 100 is rounding and one of 3000 is not.
    want = np.array([1.0], np.float32)
    assert_op_close(want + 100, want, magnitude=2e8, terms=3, op="sum")
    with pytest.raises(AssertionError, match="over the limit"):
        assert_op_close(want + 3000, want, magnitude=2e8, terms=3, op="sum")


def test_an_operator_gets_more_room_with_the_root_of_its_terms() -> None:
    want = np.array([1.0], np.float32)
    assert_op_close(want + np.float32(1e-4), want, magnitude=1.0, terms=10_000, op="sum")
    with pytest.raises(AssertionError, match="over the limit"):
        assert_op_close(want + np.float32(1e-4), want, magnitude=1.0, terms=1, op="sum")


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16])
def test_a_narrow_result_may_be_off_by_one_rounding(dtype: type) -> None:
    want = np.array([1.0], dtype)
    step = float(ml_dtypes.finfo(dtype).eps)
    assert_op_close((want.astype(np.float32) + step).astype(dtype), want, magnitude=1.0, op="add")
    with pytest.raises(AssertionError, match="over the limit"):
        assert_op_close((want.astype(np.float32) + 2 * step).astype(dtype), want, magnitude=1.0, op="add")
