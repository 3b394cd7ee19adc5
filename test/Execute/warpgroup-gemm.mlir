// Grouped GEMMs with given schedules for warpgroups, of whole numbers, on a simulated GPU: the
// results are exact.

// DEFINE: %{type} = bf16
// DEFINE: %{case} = many
// DEFINE: %{seed} = 0
// DEFINE: %{schedule} = none
// DEFINE: %{run} = sed -e 's/SCHEDULE/%{schedule}/' -e 's/TYPE/%{type}/g' %s > %t.mlir && \
// DEFINE:   moe-run %t.mlir --input=%S/Data/warpgroup-gemm.%{case}.in.safetensors --seed=%{seed} \
// DEFINE:   --expect=%S/Data/warpgroup-gemm.%{case}.out.safetensors --tolerance=0 --target=sim-sm_90a

// Two consumers share the rows of a tile; the ring goes round more than once.
// REDEFINE: %{schedule} = rows = 128, columns = 64, depth = 64, stages = 2, consumers = 2, consumers_per_tile = 2
// RUN: %{run}
// REDEFINE: %{case} = few
// RUN: %{run}
// REDEFINE: %{case} = t0
// RUN: %{run}
// REDEFINE: %{case} = flood
// REDEFINE: %{seed} = 1
// RUN: %{run}

// They take tiles in turn; rows are under way for several stages.
// REDEFINE: %{schedule} = rows = 64, columns = 64, depth = 64, stages = 5, consumers = 2, consumers_per_tile = 1
// RUN: %{run}
// REDEFINE: %{case} = many
// RUN: %{run}
// REDEFINE: %{schedule} = rows = 128, columns = 64, depth = 64, stages = 3, consumers = 2, consumers_per_tile = 1
// REDEFINE: %{type} = f16
// RUN: %{run}

// One consumer, of one block of rows and of two.
// REDEFINE: %{schedule} = rows = 64, columns = 64, depth = 64, stages = 4, consumers = 1, consumers_per_tile = 1
// RUN: %{run}
// REDEFINE: %{schedule} = rows = 128, columns = 64, depth = 64, stages = 3, consumers = 1, consumers_per_tile = 1
// RUN: %{run}

// Groups of rows, of which the last is smaller.
// REDEFINE: %{schedule} = rows = 64, columns = 64, depth = 64, stages = 4, consumers = 2, consumers_per_tile = 1, raster = 2
// RUN: %{run}
// REDEFINE: %{case} = flood
// REDEFINE: %{schedule} = rows = 128, columns = 64, depth = 64, stages = 3, consumers = 2, consumers_per_tile = 2, raster = 1
// RUN: %{run}

// Pairs of blocks share weights; the second may have no rows.
// REDEFINE: %{schedule} = rows = 64, columns = 128, depth = 64, stages = 3, consumers = 2, consumers_per_tile = 1, cluster = 2
// RUN: %{run}
// REDEFINE: %{case} = many
// REDEFINE: %{schedule} = rows = 128, columns = 128, depth = 64, stages = 3, consumers = 2, consumers_per_tile = 2, raster = 2, cluster = 2
// RUN: %{run}

#schedule = #moe.warpgroup_schedule<SCHEDULE>
#narrow = #moe.warpgroup_schedule<rows = 64, columns = 24, depth = 64, stages = 3, consumers = 2, consumers_per_tile = 1>
func.func @moe_layer(
    %x_i8: tensor<?x136xi8> {moe.name = "x"},
    %w_i8: tensor<7x80x136xi8> {moe.name = "w"},
    %w_in_out_i8: tensor<7x136x80xi8> {moe.name = "w_in_out"},
    %last_i8: tensor<80x136xi8> {moe.name = "last"},
    %last_in_out_i8: tensor<136x80xi8> {moe.name = "last_in_out"},
    %bias_i8: tensor<7x40xi8> {moe.name = "bias"},
    %row_weights_i8: tensor<?xi8> {moe.name = "row_weights"},
    %offsets: tensor<8xi32> {moe.name = "offsets"},
    %sources: tensor<?xi32> {moe.name = "sources"},
    %targets: tensor<?xi32> {moe.name = "targets"}) -> (
    tensor<?x40xf32> {moe.name = "interleaved_out_in"},
    tensor<?x40xf32> {moe.name = "interleaved_in_out"},
    tensor<?x40xf32> {moe.name = "halves_out_in"},
    tensor<?x40xf32> {moe.name = "halves_in_out"},
    tensor<?x80xf32> {moe.name = "in_order"},
    tensor<?x80xf32> {moe.name = "moved"},
    tensor<?x80xf32> {moe.name = "plain_out_in"},
    tensor<?x80xf32> {moe.name = "plain_in_out"},
    tensor<?x80xTYPE> {moe.name = "plain_narrow"}) {
  %x = arith.sitofp %x_i8 : tensor<?x136xi8> to tensor<?x136xTYPE>
  %w = arith.sitofp %w_i8 : tensor<7x80x136xi8> to tensor<7x80x136xTYPE>
  %w_in_out = arith.sitofp %w_in_out_i8 : tensor<7x136x80xi8> to tensor<7x136x80xTYPE>
  %last = arith.sitofp %last_i8 : tensor<80x136xi8> to tensor<80x136xTYPE>
  %last_in_out = arith.sitofp %last_in_out_i8 : tensor<136x80xi8> to tensor<136x80xTYPE>
  %bias = arith.sitofp %bias_i8 : tensor<7x40xi8> to tensor<7x40xTYPE>
  %row_weights = arith.sitofp %row_weights_i8 : tensor<?xi8> to tensor<?xTYPE>

  %interleaved_out_in = moe.grouped_gemm %x sources(%sources : tensor<?xi32>)
    offsets(%offsets : tensor<8xi32>)
    weights(%w, %w : tensor<7x80x136xTYPE>, tensor<7x80x136xTYPE>)
    columns(%bias : tensor<7x40xTYPE>) rows(%row_weights : tensor<?xTYPE>)
    {layouts = [#moe.matrix_layout<out_in>, #moe.matrix_layout<out_in>],
     starts = array<i64: 1, 0>, strides = array<i64: 2, 2>, schedule = #schedule}
    : tensor<?x136xTYPE> -> tensor<?x40xf32> {
  ^bb0(%up: f32, %gate: f32, %b: f32, %weight: f32):
    %biased = arith.addf %up, %b : f32
    %product = arith.mulf %biased, %gate : f32
    %weighted = arith.mulf %product, %weight : f32
    moe.yield %weighted : f32
  }

  %interleaved_in_out = moe.grouped_gemm %x sources(%sources : tensor<?xi32>)
    offsets(%offsets : tensor<8xi32>)
    weights(%w_in_out, %w_in_out : tensor<7x136x80xTYPE>, tensor<7x136x80xTYPE>)
    columns(%bias : tensor<7x40xTYPE>) rows(%row_weights : tensor<?xTYPE>)
    {layouts = [#moe.matrix_layout<in_out>, #moe.matrix_layout<in_out>],
     starts = array<i64: 1, 0>, strides = array<i64: 2, 2>, schedule = #schedule}
    : tensor<?x136xTYPE> -> tensor<?x40xf32> {
  ^bb0(%up: f32, %gate: f32, %b: f32, %weight: f32):
    %biased = arith.addf %up, %b : f32
    %product = arith.mulf %biased, %gate : f32
    %weighted = arith.mulf %product, %weight : f32
    moe.yield %weighted : f32
  }

  %halves_out_in = moe.grouped_gemm %x sources(%sources : tensor<?xi32>)
    offsets(%offsets : tensor<8xi32>)
    weights(%w, %w : tensor<7x80x136xTYPE>, tensor<7x80x136xTYPE>)
    columns(%bias : tensor<7x40xTYPE>) rows(%row_weights : tensor<?xTYPE>)
    {layouts = [#moe.matrix_layout<out_in>, #moe.matrix_layout<out_in>],
     starts = array<i64: 40, 0>, strides = array<i64: 1, 1>, schedule = #schedule}
    : tensor<?x136xTYPE> -> tensor<?x40xf32> {
  ^bb0(%up: f32, %gate: f32, %b: f32, %weight: f32):
    %biased = arith.addf %up, %b : f32
    %product = arith.mulf %biased, %gate : f32
    %weighted = arith.mulf %product, %weight : f32
    moe.yield %weighted : f32
  }

  %halves_in_out = moe.grouped_gemm %x sources(%sources : tensor<?xi32>)
    offsets(%offsets : tensor<8xi32>)
    weights(%w_in_out, %w_in_out : tensor<7x136x80xTYPE>, tensor<7x136x80xTYPE>)
    columns(%bias : tensor<7x40xTYPE>) rows(%row_weights : tensor<?xTYPE>)
    {layouts = [#moe.matrix_layout<in_out>, #moe.matrix_layout<in_out>],
     starts = array<i64: 40, 0>, strides = array<i64: 1, 1>, schedule = #schedule}
    : tensor<?x136xTYPE> -> tensor<?x40xf32> {
  ^bb0(%up: f32, %gate: f32, %b: f32, %weight: f32):
    %biased = arith.addf %up, %b : f32
    %product = arith.mulf %biased, %gate : f32
    %weighted = arith.mulf %product, %weight : f32
    moe.yield %weighted : f32
  }

  // Rows in order are copied through a map.
  %in_order = moe.grouped_gemm %x offsets(%offsets : tensor<8xi32>)
    weights(%w : tensor<7x80x136xTYPE>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>,
     schedule = #schedule}
    : tensor<?x136xTYPE> -> tensor<?x80xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }

  // And may go elsewhere.
  %c0 = arith.constant 0 : index
  %rows = tensor.dim %x, %c0 : tensor<?x136xTYPE>
  %moved = moe.grouped_gemm %x offsets(%offsets : tensor<8xi32>)
    weights(%w : tensor<7x80x136xTYPE>) targets(%targets : tensor<?xi32>) of %rows
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>,
     schedule = #schedule}
    : tensor<?x136xTYPE> -> tensor<?x80xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }

  // All rows have the same weights.
  %plain_out_in = moe.grouped_gemm %x weights(%last : tensor<80x136xTYPE>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>,
     schedule = #schedule}
    : tensor<?x136xTYPE> -> tensor<?x80xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  %plain_in_out = moe.grouped_gemm %x weights(%last_in_out : tensor<136x80xTYPE>)
    {layouts = [#moe.matrix_layout<in_out>], starts = array<i64: 0>, strides = array<i64: 1>,
     schedule = #schedule}
    : tensor<?x136xTYPE> -> tensor<?x80xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  // Results of 16 bits are put in order as matrices: of 24 columns two, then one.
  %plain_narrow = moe.grouped_gemm %x weights(%last : tensor<80x136xTYPE>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>,
     schedule = #narrow}
    : tensor<?x136xTYPE> -> tensor<?x80xTYPE> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  return %interleaved_out_in, %interleaved_in_out, %halves_out_in, %halves_in_out, %in_order, %moved, %plain_out_in, %plain_in_out, %plain_narrow
    : tensor<?x40xf32>, tensor<?x40xf32>, tensor<?x40xf32>, tensor<?x40xf32>, tensor<?x80xf32>, tensor<?x80xf32>, tensor<?x80xf32>, tensor<?x80xf32>, tensor<?x80xTYPE>
}
