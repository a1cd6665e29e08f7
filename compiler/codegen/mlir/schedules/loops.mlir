// What has no vectors of its own: the outer indices are turns of the parallel loop, the rest plain loops that LLVM may
// still vectorize. Whatever leads to the last op of a stage (the initial value of a reduction, the reduction) is computed
// in the same turn.
//
// %tile: elements of one turn, one number for each parallel dim of the last op; 0 is all of it.
module attributes {transform.with_named_sequence} {
  transform.named_sequence @loops(%func: !transform.any_op {transform.readonly}, %tile: !transform.param<i64> {transform.readonly}) {
    %last = transform.structured.match attributes {mlc.last} in %func : (!transform.any_op) -> !transform.any_op
    %before = transform.structured.match attributes {mlc.inner} in %func : (!transform.any_op) -> !transform.any_op
    %turn, %parallel = transform.structured.tile_using_forall %last tile_sizes *(%tile) : (!transform.any_op, !transform.param<i64>) -> (!transform.any_op, !transform.any_op)
    %fused, %around = transform.structured.fuse_into_containing_op %before into %parallel : (!transform.any_op, !transform.any_op) -> (!transform.any_op, !transform.any_op)
    // Extents that are data are those of operands, or the ops left outside would live on for their results' sizes.
    transform.apply_patterns to %func {
      transform.apply_patterns.memref.resolve_ranked_shaped_type_result_dims
    } : !transform.any_op
    transform.apply_dce to %func : !transform.any_op
    transform.apply_patterns to %func {
      transform.apply_patterns.tensor.merge_consecutive_insert_extract_slice
      transform.apply_patterns.canonicalization
    } : !transform.any_op
    transform.apply_cse to %func : !transform.any_op
    transform.yield
  }
}
