// Recurrent layers: the loops over samples and turns are written already. The products of a state with the recurrent
// weights hold a tile of the gates' columns in vector registers over the state; what combines gates runs in vectors.
//
// %columns: elements of the register tile, %width: of a vector step; both divide the number of hidden elements.
module attributes {transform.with_named_sequence} {
  transform.named_sequence @recurrent(%func: !transform.any_op {transform.readonly}, %columns: !transform.param<i64> {transform.readonly}, %width: !transform.param<i64> {transform.readonly}) {
    %products = transform.structured.match attributes {mlc.turn} in %func : (!transform.any_op) -> !transform.any_op
    transform.foreach %products : !transform.any_op {
    ^bb0(%product: !transform.any_op):
      %tile, %tiles = transform.structured.tile_using_for %product tile_sizes [%columns, 0] : (!transform.any_op, !transform.param<i64>) -> (!transform.any_op, !transform.any_op)
      %step, %steps = transform.structured.tile_using_for %tile tile_sizes [0, 1] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
      transform.structured.vectorize %step {create_named_contraction} : !transform.any_op
    }
    %points = transform.structured.match attributes {mlc.pointwise} in %func : (!transform.any_op) -> !transform.any_op
    transform.foreach %points : !transform.any_op {
    ^bb0(%point: !transform.any_op):
      %step, %steps = transform.structured.tile_using_for %point tile_sizes [%width] : (!transform.any_op, !transform.param<i64>) -> (!transform.any_op, !transform.any_op)
      transform.structured.vectorize %step : !transform.any_op
    }
    transform.apply_patterns to %func {
      transform.apply_patterns.tensor.merge_consecutive_insert_extract_slice
      transform.apply_patterns.tensor.fold_tensor_subset_ops_into_vector_transfers
      transform.apply_patterns.canonicalization
    } : !transform.any_op
    transform.apply_cse to %func : !transform.any_op
    // A tile of gates leaves the loop over the state.
    %loops = transform.structured.match ops{["scf.for"]} in %func : (!transform.any_op) -> !transform.any_op
    transform.loop.hoist_loop_invariant_subsets %loops : !transform.any_op
    transform.yield
  }
}
