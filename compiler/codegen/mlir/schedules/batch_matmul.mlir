// Products of a batch of matrices [B, M, K] x [B, K, N]: as matmul, a matrix of the batch in each turn.
module attributes {transform.with_named_sequence} {
  transform.named_sequence @batch_matmul(%func: !transform.any_op {transform.readonly}, %rows: !transform.param<i64> {transform.readonly}, %columns: !transform.param<i64> {transform.readonly}, %block: !transform.param<i64> {transform.readonly}, %depth: !transform.param<i64> {transform.readonly}) {
    %last = transform.structured.match attributes {mlc.last} in %func : (!transform.any_op) -> !transform.any_op
    %before = transform.structured.match attributes {mlc.inner} in %func : (!transform.any_op) -> !transform.any_op
    %turn, %parallel = transform.structured.tile_using_forall %last tile_sizes [1, %block, %columns] : (!transform.any_op, !transform.param<i64>, !transform.param<i64>) -> (!transform.any_op, !transform.any_op)
    %fused, %around = transform.structured.fuse_into_containing_op %before into %parallel : (!transform.any_op, !transform.any_op) -> (!transform.any_op, !transform.any_op)
    // Extents that are data are those of operands, or the ops left outside would live on for their results' sizes.
    transform.apply_patterns to %func {
      transform.apply_patterns.memref.resolve_ranked_shaped_type_result_dims
    } : !transform.any_op
    transform.apply_dce to %func : !transform.any_op

    %product = transform.structured.match attributes {mlc.contraction} in %func : (!transform.any_op) -> !transform.any_op
    %part, %parts = transform.structured.tile_using_for %product tile_sizes [0, 0, 0, %depth] : (!transform.any_op, !transform.param<i64>) -> (!transform.any_op, !transform.any_op)
    %tile, %tiles = transform.structured.tile_using_for %part tile_sizes [0, %rows, 0, 0] : (!transform.any_op, !transform.param<i64>) -> (!transform.any_op, !transform.any_op)
    %step, %steps = transform.structured.tile_using_for %tile tile_sizes [0, 0, 0, 1] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.structured.vectorize %step vector_sizes [1, %rows, %columns, 1] {create_named_contraction} : !transform.any_op, !transform.param<i64>, !transform.param<i64>

    %others = transform.structured.match interface{LinalgOp} in %func : (!transform.any_op) -> !transform.any_op
    %row, %rowloops = transform.structured.tile_using_for %others tile_sizes [0, 1, 0] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.structured.vectorize %row vector_sizes [1, 1, %columns] : !transform.any_op, !transform.param<i64>
    // The accumulators are read before the loop over K and written behind it.
    %loops = transform.structured.match ops{["scf.for"]} in %func : (!transform.any_op) -> !transform.any_op
    transform.loop.hoist_loop_invariant_subsets %loops : !transform.any_op
    transform.apply_patterns to %func {
      transform.apply_patterns.tensor.merge_consecutive_insert_extract_slice
      transform.apply_patterns.tensor.fold_tensor_subset_ops_into_vector_transfers
      transform.apply_patterns.canonicalization
    } : !transform.any_op
    transform.apply_cse to %func : !transform.any_op
    %around_tiles = transform.structured.match ops{["scf.for"]} in %func : (!transform.any_op) -> !transform.any_op
    transform.apply_licm to %around_tiles : !transform.any_op
    transform.loop.hoist_loop_invariant_subsets %around_tiles : !transform.any_op
    transform.yield
  }
}
