// Windows over each channel alone in blocked layout (depthwise convolutions, pools): y[n, cb, h, w, c] from
// x[n, cb, h * s + kh, w * s + kw, c], c the lanes of one block of channels. A turn of the parallel loop is one row of pixels
// of one block; pixels are computed one by one, all their taps in registers.
module attributes {transform.with_named_sequence} {
  transform.named_sequence @taps(%func: !transform.any_op {transform.readonly}) {
    %last = transform.structured.match attributes {mlc.last} in %func : (!transform.any_op) -> !transform.any_op
    %before = transform.structured.match attributes {mlc.inner} in %func : (!transform.any_op) -> !transform.any_op
    %turn, %parallel = transform.structured.tile_using_forall %last tile_sizes [1, 1, 1, 0, 0] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    %fused, %around = transform.structured.fuse_into_containing_op %before into %parallel : (!transform.any_op, !transform.any_op) -> (!transform.any_op, !transform.any_op)
    // Extents that are data are those of operands, or the ops left outside would live on for their results' sizes.
    transform.apply_patterns to %func {
      transform.apply_patterns.memref.resolve_ranked_shaped_type_result_dims
    } : !transform.any_op
    transform.apply_dce to %func : !transform.any_op

    %windows = transform.structured.match attributes {mlc.window} in %func : (!transform.any_op) -> !transform.any_op
    %tap, %loops:3 = transform.structured.tile_using_for %windows tile_sizes [0, 0, 0, 1, 0, 1, 1] : (!transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op, !transform.any_op)
    %others = transform.structured.match attributes {mlc.pixelwise} in %func : (!transform.any_op) -> !transform.any_op
    %pixel, %pixelloops = transform.structured.tile_using_for %others tile_sizes [0, 0, 0, 1] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.apply_patterns to %func {
      transform.apply_patterns.linalg.fold_unit_extent_dims_via_slices
      transform.apply_patterns.tensor.merge_consecutive_insert_extract_slice
      transform.apply_patterns.canonicalization
    } : !transform.any_op
    %all = transform.structured.match interface{LinalgOp} in %func : (!transform.any_op) -> !transform.any_op
    transform.structured.vectorize %all : !transform.any_op
    transform.apply_patterns to %func {
      transform.apply_patterns.tensor.merge_consecutive_insert_extract_slice
      transform.apply_patterns.tensor.fold_tensor_subset_ops_into_vector_transfers
      transform.apply_patterns.canonicalization
    } : !transform.any_op
    transform.apply_cse to %func : !transform.any_op
    %all_loops = transform.structured.match ops{["scf.for"]} in %func : (!transform.any_op) -> !transform.any_op
    transform.loop.hoist_loop_invariant_subsets %all_loops : !transform.any_op
    transform.yield
  }
}
