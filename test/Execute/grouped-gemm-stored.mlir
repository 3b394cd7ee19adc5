// Weights that lie expert by expert, and quantised weights, of whole numbers times powers of
// two: the results are exact.

// DEFINE: %{schedule} = none
// DEFINE: %{run} = sed -e 's/SCHEDULE/%{schedule}, lanes = %lanes32, multiply = fma/' %s > %t.mlir && \
// DEFINE:   moe-run %t.mlir --weights=%S/Data/grouped-gemm-stored.all.in.safetensors \
// DEFINE:   --input=%S/Data/grouped-gemm-stored.all.in.safetensors \
// DEFINE:   --expect=%S/Data/grouped-gemm-stored.all.out.safetensors --tolerance=0

// Packed.
// REDEFINE: %{schedule} = rows = 8, columns = 32, depth = 16, stream_rows = 0, register_rows = 4, register_vectors = 1
// RUN: %{run}

// Streamed.
// REDEFINE: %{schedule} = rows = 12, columns = 32, depth = 16, stream_rows = 12, register_rows = 4, register_vectors = 1
// RUN: %{run}

#schedule = #moe.schedule<SCHEDULE>
func.func @moe_layer(
    %x: tensor<?x64xf32> {moe.name = "x"}, %offsets: tensor<5xi32> {moe.name = "offsets"},
    %table: tensor<4x19x64xf32, #moe.per_expert> {moe.name = "table.{expert}"},
    %bias: tensor<4x19xf32, #moe.per_expert> {moe.name = "bias.{expert}"},
    %fp8: tensor<4x19x64xf8E4M3FN> {moe.name = "fp8"},
    %scales: tensor<2x3x3xf32> {moe.name = "scales"},
    %fp8_in_out: tensor<4x64x19xf8E4M3FN> {moe.name = "fp8_in_out"},
    %scales_in_out: tensor<2x3x3xf32> {moe.name = "scales_in_out"},
    %mxfp4: tensor<4x19x2x16xi8> {moe.name = "mxfp4"},
    %mxfp4_scales: tensor<4x19x2xi8> {moe.name = "mxfp4_scales"})
    -> (tensor<?x19xf32> {moe.name = "table"}, tensor<?x19xf32> {moe.name = "block"},
        tensor<?x19xf32> {moe.name = "block_in_out"}, tensor<?x19xf32> {moe.name = "mxfp4"}) {
  %x_bf16 = arith.truncf %x : tensor<?x64xf32> to tensor<?x64xbf16>
  %from_table = moe.grouped_gemm %x_bf16 offsets(%offsets : tensor<5xi32>)
    weights(%table : tensor<4x19x64xf32, #moe.per_expert>)
    columns(%bias : tensor<4x19xf32, #moe.per_expert>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>,
     schedule = #schedule}
    : tensor<?x64xbf16> -> tensor<?x19xf32> {
  ^bb0(%sum: f32, %b: f32):
    %y = arith.addf %sum, %b : f32
    moe.yield %y : f32
  }
  %w = moe.dequantize block %fp8, %scales {block_shape = array<i64: 2, 8, 24>}
    : tensor<4x19x64xf8E4M3FN>, tensor<2x3x3xf32> -> tensor<4x19x64xbf16>
  %block = moe.grouped_gemm %x_bf16 offsets(%offsets : tensor<5xi32>)
    weights(%w : tensor<4x19x64xbf16>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>,
     schedule = #schedule}
    : tensor<?x64xbf16> -> tensor<?x19xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  %w_in_out = moe.dequantize block %fp8_in_out, %scales_in_out {block_shape = array<i64: 2, 24, 8>}
    : tensor<4x64x19xf8E4M3FN>, tensor<2x3x3xf32> -> tensor<4x64x19xbf16>
  %block_in_out = moe.grouped_gemm %x_bf16 offsets(%offsets : tensor<5xi32>)
    weights(%w_in_out : tensor<4x64x19xbf16>)
    {layouts = [#moe.matrix_layout<in_out>], starts = array<i64: 0>, strides = array<i64: 1>,
     schedule = #schedule}
    : tensor<?x64xbf16> -> tensor<?x19xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  %four_bits = moe.dequantize mxfp4 %mxfp4, %mxfp4_scales
    : tensor<4x19x2x16xi8>, tensor<4x19x2xi8> -> tensor<4x19x64xbf16>
  %fp4 = moe.grouped_gemm %x_bf16 offsets(%offsets : tensor<5xi32>)
    weights(%four_bits : tensor<4x19x64xbf16>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>,
     schedule = #schedule}
    : tensor<?x64xbf16> -> tensor<?x19xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  return %from_table, %block, %block_in_out, %fp4
    : tensor<?x19xf32>, tensor<?x19xf32>, tensor<?x19xf32>, tensor<?x19xf32>
}
