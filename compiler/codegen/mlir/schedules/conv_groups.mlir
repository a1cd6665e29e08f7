// Convolutions of several groups in blocked layout, y[n, g, ob, h, w, o] += x[n, g, ib, h + kh, w + kw, i] *
// f[g, ob, ib, kh, kw, i, o]: as conv, a group of each image in every turn of the parallel loop.
//
// %pixels: the register tile, a divisor of the row.
module attributes {transform.with_named_sequence} {
  transform.named_sequence @conv_groups(%func: !transform.any_op {transform.readonly}, %pixels: !transform.param<i64> {transform.readonly}) {
    %last = transform.structured.match attributes {mlc.last} in %func : (!transform.any_op) -> !transform.any_op
    %before = transform.structured.match attributes {mlc.inner} in %func : (!transform.any_op) -> !transform.any_op
    %turn, %parallel = transform.structured.tile_using_forall %last tile_sizes [1, 1, 1, 1, 0, 0] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    %fused, %around = transform.structured.fuse_into_containing_op %before into %parallel : (!transform.any_op, !transform.any_op) -> (!transform.any_op, !transform.any_op)
    // Extents that are data are those of operands, or the ops left outside would live on for their results' sizes.
    transform.apply_patterns to %func {
      transform.apply_patterns.memref.resolve_ranked_shaped_type_result_dims
    } : !transform.any_op
    transform.apply_dce to %func : !transform.any_op

    %product = transform.structured.match attributes {mlc.contraction} in %func : (!transform.any_op) -> !transform.any_op
    transform.foreach %product : !transform.any_op {
    ^bb0(%one: !transform.any_op):
      %tap, %loops:4 = transform.structured.tile_using_for %one tile_sizes [0, 0, 0, 0, %pixels, 0, 1, 1, 1, 0] : (!transform.any_op, !transform.param<i64>) -> (!transform.any_op, !transform.any_op, !transform.any_op, !transform.any_op, !transform.any_op)
    }
    %others = transform.structured.match attributes {mlc.pixelwise} in %func : (!transform.any_op) -> !transform.any_op
    %pixel, %pixelloops = transform.structured.tile_using_for %others tile_sizes [0, 0, 0, 0, 1] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    // Dims of 1 go: at one tap a tile is a matrix product, y[w, o] += x[w, i] * f[i, o].
    transform.apply_patterns to %func {
      transform.apply_patterns.linalg.fold_unit_extent_dims_via_slices
      transform.apply_patterns.tensor.merge_consecutive_insert_extract_slice
      transform.apply_patterns.canonicalization
    } : !transform.any_op
    %matmul = transform.structured.match attributes {iterator_types = [#linalg.iterator_type<parallel>, #linalg.iterator_type<parallel>, #linalg.iterator_type<reduction>]} in %func : (!transform.any_op) -> !transform.any_op
    %step, %steps = transform.structured.tile_using_for %matmul tile_sizes [0, 0, 1] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    %all = transform.structured.match interface{LinalgOp} in %func : (!transform.any_op) -> !transform.any_op
    transform.structured.vectorize %all : !transform.any_op
    transform.apply_patterns to %func {
      transform.apply_patterns.vector.reduction_to_contract
    } : !transform.any_op
    transform.apply_patterns to %func {
      transform.apply_patterns.vector.reduction_to_contract
      transform.apply_patterns.vector.transfer_permutation_patterns
    } : !transform.any_op
    transform.apply_patterns to %func {
      transform.apply_patterns.tensor.merge_consecutive_insert_extract_slice
      transform.apply_patterns.tensor.fold_tensor_subset_ops_into_vector_transfers
      transform.apply_patterns.canonicalization
    } : !transform.any_op
    transform.apply_cse to %func : !transform.any_op
    // The accumulators leave the loops over i, kw, kh and ib, from the innermost outwards.
    %all_loops = transform.structured.match ops{["scf.for"]} in %func : (!transform.any_op) -> !transform.any_op
    transform.loop.hoist_loop_invariant_subsets %all_loops : !transform.any_op
    transform.yield
  }
}
