// Elementwise regions: every outer index is a turn of the parallel loop, the innermost dim runs in vectors.
//
// %tile: elements of one turn, one number for each dim of the region (1, ..., 1, innermost); %width: lanes of a step,
// a divisor of the innermost tile.
module attributes {transform.with_named_sequence} {
  transform.named_sequence @elementwise(%func: !transform.any_op {transform.readonly}, %tile: !transform.param<i64> {transform.readonly}, %width: !transform.param<i64> {transform.readonly}) {
    %region = transform.structured.match attributes {mlc.last} in %func : (!transform.any_op) -> !transform.any_op
    %turn, %parallel = transform.structured.tile_using_forall %region tile_sizes *(%tile) : (!transform.any_op, !transform.param<i64>) -> (!transform.any_op, !transform.any_op)
    // One row is left of each operand: dims of 1 go, and the region is one-dimensional.
    transform.apply_patterns to %func {
      transform.apply_patterns.linalg.fold_unit_extent_dims_via_slices
      transform.apply_patterns.tensor.merge_consecutive_insert_extract_slice
      transform.apply_patterns.canonicalization
    } : !transform.any_op
    %row = transform.structured.match interface{LinalgOp} in %func : (!transform.any_op) -> !transform.any_op
    // None is left of a region that turned out to copy.
    transform.foreach %row : !transform.any_op {
    ^bb0(%one: !transform.any_op):
      %step, %loop = transform.structured.tile_using_for %one tile_sizes [%width] : (!transform.any_op, !transform.param<i64>) -> (!transform.any_op, !transform.any_op)
      transform.structured.vectorize %step : !transform.any_op
    }
    transform.apply_patterns to %func {
      transform.apply_patterns.tensor.merge_consecutive_insert_extract_slice
      transform.apply_patterns.tensor.fold_tensor_subset_ops_into_vector_transfers
      transform.apply_patterns.canonicalization
    } : !transform.any_op
    transform.apply_cse to %func : !transform.any_op
    transform.yield
  }
}
