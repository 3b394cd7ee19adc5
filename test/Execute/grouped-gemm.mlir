// Grouped GEMMs with given schedules, of whole numbers: the results are exact.

// DEFINE: %{type} = f32
// DEFINE: %{sum} = f32
// DEFINE: %{lanes} = %lanes32
// DEFINE: %{multiply} = fma
// DEFINE: %{depth} = 37
// DEFINE: %{case} = few
// DEFINE: %{schedule} = none
// DEFINE: %{run} = sed -e 's/SCHEDULE/%{schedule}, lanes = %{lanes}, multiply = %{multiply}/' \
// DEFINE:   -e 's/TYPE/%{type}/g' -e 's/SUM/%{sum}/g' -e 's/DEPTH/%{depth}/g' %s > %t.mlir && \
// DEFINE:   moe-run %t.mlir --input=%S/Data/grouped-gemm.%{case}.in.safetensors \
// DEFINE:   --expect=%S/Data/grouped-gemm.%{case}.out.safetensors --tolerance=0

// Packed: three blocks of inputs, the last not whole; two panels or more; groups of 3, 2 and
// 1 rows.
// REDEFINE: %{schedule} = rows = 12, columns = 32, depth = 16, stream_rows = 0, register_rows = 3, register_vectors = 1
// RUN: %{run}
// REDEFINE: %{case} = many
// RUN: %{run}
// REDEFINE: %{case} = t0
// RUN: %{run}

// Streamed: even groups of rows, in blocks of inputs; whole tiles of columns and others.
// REDEFINE: %{schedule} = rows = 12, columns = 16, depth = 16, stream_rows = 12, register_rows = 4, register_vectors = 1
// RUN: %{run}
// REDEFINE: %{case} = few
// RUN: %{run}
// REDEFINE: %{case} = many
// RUN: %{run}

// Rows in lanes: four vectors of them, and fewer, in blocks of inputs or one; tiles that are not
// full.
// REDEFINE: %{schedule} = rows = 80, columns = 32, depth = 16, stream_rows = 76, register_rows = 4, register_vectors = 1
// RUN: %{run}
// REDEFINE: %{schedule} = rows = 40, columns = 48, depth = 1024, stream_rows = 40, register_rows = 4, register_vectors = 3
// RUN: %{run}
// REDEFINE: %{case} = few
// RUN: %{run}

// Up to 5 rows are streamed, and more packed, in one block and a panel of two vectors.
// REDEFINE: %{schedule} = rows = 8, columns = 32, depth = 1024, stream_rows = 5, register_rows = 4, register_vectors = 2
// RUN: %{run}
// REDEFINE: %{type} = bf16
// RUN: %{run}
// REDEFINE: %{type} = f16
// RUN: %{run}
// REDEFINE: %{type} = f64
// REDEFINE: %{sum} = f64
// REDEFINE: %{lanes} = %lanes64
// RUN: %{run}

// Tiles of one row.
// REDEFINE: %{schedule} = rows = 1, columns = 16, depth = 8, stream_rows = 1, register_rows = 1, register_vectors = 1
// REDEFINE: %{case} = few
// RUN: %{run}

#schedule = #moe.schedule<SCHEDULE>
func.func @moe_layer(
    %x_i8: tensor<?xDEPTHxi8> {moe.name = "x"},
    %w_i8: tensor<7x42xDEPTHxi8> {moe.name = "w"},
    %w_in_out_i8: tensor<7xDEPTHx42xi8> {moe.name = "w_in_out"},
    %one_i8: tensor<1xDEPTHx41xi8> {moe.name = "one"},
    %last_i8: tensor<42xDEPTHxi8> {moe.name = "last"},
    %last_in_out_i8: tensor<DEPTHx42xi8> {moe.name = "last_in_out"},
    %bias_i8: tensor<7x21xi8> {moe.name = "bias"},
    %row_weights_i8: tensor<?xi8> {moe.name = "row_weights"},
    %offsets: tensor<8xi32> {moe.name = "offsets"},
    %one_offsets: tensor<2xi32> {moe.name = "one_offsets"},
    %sources: tensor<?xi32> {moe.name = "sources"}) -> (
    tensor<?x21xf32> {moe.name = "interleaved_out_in"},
    tensor<?x21xf32> {moe.name = "interleaved_in_out"},
    tensor<?x21xf32> {moe.name = "halves_out_in"},
    tensor<?x21xf32> {moe.name = "halves_in_out"},
    tensor<?x21xf32> {moe.name = "odd_outputs"},
    tensor<?x42xf32> {moe.name = "plain_out_in"},
    tensor<?x42xf32> {moe.name = "plain_in_out"}) {
  %x = arith.sitofp %x_i8 : tensor<?xDEPTHxi8> to tensor<?xDEPTHxTYPE>
  %w = arith.sitofp %w_i8 : tensor<7x42xDEPTHxi8> to tensor<7x42xDEPTHxTYPE>
  %w_in_out = arith.sitofp %w_in_out_i8 : tensor<7xDEPTHx42xi8> to tensor<7xDEPTHx42xTYPE>
  %one = arith.sitofp %one_i8 : tensor<1xDEPTHx41xi8> to tensor<1xDEPTHx41xTYPE>
  %last = arith.sitofp %last_i8 : tensor<42xDEPTHxi8> to tensor<42xDEPTHxTYPE>
  %last_in_out = arith.sitofp %last_in_out_i8 : tensor<DEPTHx42xi8> to tensor<DEPTHx42xTYPE>
  %bias = arith.sitofp %bias_i8 : tensor<7x21xi8> to tensor<7x21xTYPE>
  %row_weights = arith.sitofp %row_weights_i8 : tensor<?xi8> to tensor<?xTYPE>

  %interleaved_out_in = moe.grouped_gemm %x sources(%sources : tensor<?xi32>)
    offsets(%offsets : tensor<8xi32>)
    weights(%w, %w : tensor<7x42xDEPTHxTYPE>, tensor<7x42xDEPTHxTYPE>)
    columns(%bias : tensor<7x21xTYPE>) rows(%row_weights : tensor<?xTYPE>)
    {layouts = [#moe.matrix_layout<out_in>, #moe.matrix_layout<out_in>],
     starts = array<i64: 1, 0>, strides = array<i64: 2, 2>, schedule = #schedule}
    : tensor<?xDEPTHxTYPE> -> tensor<?x21xf32> {
  ^bb0(%up: SUM, %gate: SUM, %b: SUM, %weight: SUM):
    %biased = arith.addf %up, %b : SUM
    %product = arith.mulf %biased, %gate : SUM
    %weighted = arith.mulf %product, %weight : SUM
    moe.yield %weighted : SUM
  }
  %interleaved_in_out = moe.grouped_gemm %x sources(%sources : tensor<?xi32>)
    offsets(%offsets : tensor<8xi32>)
    weights(%w_in_out, %w_in_out : tensor<7xDEPTHx42xTYPE>, tensor<7xDEPTHx42xTYPE>)
    columns(%bias : tensor<7x21xTYPE>) rows(%row_weights : tensor<?xTYPE>)
    {layouts = [#moe.matrix_layout<in_out>, #moe.matrix_layout<in_out>],
     starts = array<i64: 1, 0>, strides = array<i64: 2, 2>, schedule = #schedule}
    : tensor<?xDEPTHxTYPE> -> tensor<?x21xf32> {
  ^bb0(%up: SUM, %gate: SUM, %b: SUM, %weight: SUM):
    %biased = arith.addf %up, %b : SUM
    %product = arith.mulf %biased, %gate : SUM
    %weighted = arith.mulf %product, %weight : SUM
    moe.yield %weighted : SUM
  }
  %halves_out_in = moe.grouped_gemm %x sources(%sources : tensor<?xi32>)
    offsets(%offsets : tensor<8xi32>)
    weights(%w, %w : tensor<7x42xDEPTHxTYPE>, tensor<7x42xDEPTHxTYPE>)
    columns(%bias : tensor<7x21xTYPE>) rows(%row_weights : tensor<?xTYPE>)
    {layouts = [#moe.matrix_layout<out_in>, #moe.matrix_layout<out_in>],
     starts = array<i64: 21, 0>, strides = array<i64: 1, 1>, schedule = #schedule}
    : tensor<?xDEPTHxTYPE> -> tensor<?x21xf32> {
  ^bb0(%up: SUM, %gate: SUM, %b: SUM, %weight: SUM):
    %biased = arith.addf %up, %b : SUM
    %product = arith.mulf %biased, %gate : SUM
    %weighted = arith.mulf %product, %weight : SUM
    moe.yield %weighted : SUM
  }
  %halves_in_out = moe.grouped_gemm %x sources(%sources : tensor<?xi32>)
    offsets(%offsets : tensor<8xi32>)
    weights(%w_in_out, %w_in_out : tensor<7xDEPTHx42xTYPE>, tensor<7xDEPTHx42xTYPE>)
    columns(%bias : tensor<7x21xTYPE>) rows(%row_weights : tensor<?xTYPE>)
    {layouts = [#moe.matrix_layout<in_out>, #moe.matrix_layout<in_out>],
     starts = array<i64: 21, 0>, strides = array<i64: 1, 1>, schedule = #schedule}
    : tensor<?xDEPTHxTYPE> -> tensor<?x21xf32> {
  ^bb0(%up: SUM, %gate: SUM, %b: SUM, %weight: SUM):
    %biased = arith.addf %up, %b : SUM
    %product = arith.mulf %biased, %gate : SUM
    %weighted = arith.mulf %product, %weight : SUM
    moe.yield %weighted : SUM
  }

  // One expert; the last output ends its row.
  %odd_outputs = moe.grouped_gemm %x sources(%sources : tensor<?xi32>)
    offsets(%one_offsets : tensor<2xi32>) weights(%one : tensor<1xDEPTHx41xTYPE>)
    {layouts = [#moe.matrix_layout<in_out>], starts = array<i64: 0>, strides = array<i64: 2>,
     schedule = #schedule}
    : tensor<?xDEPTHxTYPE> -> tensor<?x21xf32> {
  ^bb0(%sum: SUM):
    moe.yield %sum : SUM
  }

  // No experts: all rows.
  %plain_out_in = moe.grouped_gemm %x weights(%last : tensor<42xDEPTHxTYPE>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>,
     schedule = #schedule}
    : tensor<?xDEPTHxTYPE> -> tensor<?x42xf32> {
  ^bb0(%sum: SUM):
    moe.yield %sum : SUM
  }
  %plain_in_out = moe.grouped_gemm %x weights(%last_in_out : tensor<DEPTHx42xTYPE>)
    {layouts = [#moe.matrix_layout<in_out>], starts = array<i64: 0>, strides = array<i64: 1>,
     schedule = #schedule}
    : tensor<?xDEPTHxTYPE> -> tensor<?x42xf32> {
  ^bb0(%sum: SUM):
    moe.yield %sum : SUM
  }
  return %interleaved_out_in, %interleaved_in_out, %halves_out_in, %halves_in_out, %odd_outputs, %plain_out_in, %plain_in_out
    : tensor<?x21xf32>, tensor<?x21xf32>, tensor<?x21xf32>, tensor<?x21xf32>, tensor<?x21xf32>, tensor<?x42xf32>, tensor<?x42xf32>
}
