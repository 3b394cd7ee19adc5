// Weights of which each column has one that is not zero, and inputs of one: the results are
// the weights. All codes of all formats, whose infinities, NaNs, smallest and largest numbers
// are among them, times scales of any size, rounded to bf16; vectors must give what the
// definition of moe.dequantize gives for each number.

// DEFINE: %{schedule} = none
// DEFINE: %{run} = sed -e 's/SCHEDULE/%{schedule}, lanes = %lanes32, multiply = fma/' %s > %t.mlir && \
// DEFINE:   moe-run %t.mlir --weights=%S/Data/grouped-gemm-codes.all.in.safetensors \
// DEFINE:   --input=%S/Data/grouped-gemm-codes.all.in.safetensors \
// DEFINE:   --expect=%S/Data/grouped-gemm-codes.all.out.safetensors --tolerance=0

// Packed.
// REDEFINE: %{schedule} = rows = 4, columns = 32, depth = 16, stream_rows = 0, register_rows = 4, register_vectors = 1
// RUN: %{run}

// Streamed.
// REDEFINE: %{schedule} = rows = 4, columns = 32, depth = 16, stream_rows = 4, register_rows = 4, register_vectors = 1
// RUN: %{run}

#schedule = #moe.schedule<SCHEDULE>
func.func @moe_layer(
    %x: tensor<?x32xf32> {moe.name = "x"}, %offsets: tensor<2xi32> {moe.name = "offsets"},
    %e4m3: tensor<1x256x32xf8E4M3FN> {moe.name = "e4m3"},
    %e5m2: tensor<1x256x32xf8E5M2> {moe.name = "e5m2"},
    %i8: tensor<1x256x32xi8> {moe.name = "i8"},
    %e4m3_in_out: tensor<1x32x256xf8E4M3FN> {moe.name = "e4m3_in_out"},
    %i8_in_out: tensor<1x32x256xi8> {moe.name = "i8_in_out"},
    %scales: tensor<1x256x1xf32> {moe.name = "scales"},
    %scales_in_out: tensor<1x1x256xf32> {moe.name = "scales_in_out"},
    %block_scales: tensor<1x32x1xf32> {moe.name = "block_scales"},
    %block_scales_in_out: tensor<1x1x32xf32> {moe.name = "block_scales_in_out"},
    %mxfp4: tensor<1x224x1x16xi8> {moe.name = "mxfp4"},
    %mxfp4_scales: tensor<1x224x1xi8> {moe.name = "mxfp4_scales"})
    -> (tensor<?x256xf32> {moe.name = "e4m3"}, tensor<?x256xf32> {moe.name = "e5m2"},
        tensor<?x256xf32> {moe.name = "i8"}, tensor<?x256xf32> {moe.name = "e4m3_in_out"},
        tensor<?x256xf32> {moe.name = "i8_in_out"}, tensor<?x224xf32> {moe.name = "mxfp4"}) {
  %w_e4m3 = moe.dequantize block %e4m3, %block_scales {block_shape = array<i64: 1, 8, 32>}
    : tensor<1x256x32xf8E4M3FN>, tensor<1x32x1xf32> -> tensor<1x256x32xbf16>
  %y_e4m3 = moe.grouped_gemm %x offsets(%offsets : tensor<2xi32>) weights(%w_e4m3 : tensor<1x256x32xbf16>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>,
     schedule = #schedule} : tensor<?x32xf32> -> tensor<?x256xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  %w_e5m2 = moe.dequantize block %e5m2, %block_scales {block_shape = array<i64: 1, 8, 32>}
    : tensor<1x256x32xf8E5M2>, tensor<1x32x1xf32> -> tensor<1x256x32xbf16>
  %y_e5m2 = moe.grouped_gemm %x offsets(%offsets : tensor<2xi32>) weights(%w_e5m2 : tensor<1x256x32xbf16>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>,
     schedule = #schedule} : tensor<?x32xf32> -> tensor<?x256xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  %w_i8 = moe.dequantize block %i8, %scales {block_shape = array<i64: 1, 1, 32>}
    : tensor<1x256x32xi8>, tensor<1x256x1xf32> -> tensor<1x256x32xbf16>
  %y_i8 = moe.grouped_gemm %x offsets(%offsets : tensor<2xi32>) weights(%w_i8 : tensor<1x256x32xbf16>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>,
     schedule = #schedule} : tensor<?x32xf32> -> tensor<?x256xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  %w_e4m3_in_out = moe.dequantize block %e4m3_in_out, %block_scales_in_out {block_shape = array<i64: 1, 32, 8>}
    : tensor<1x32x256xf8E4M3FN>, tensor<1x1x32xf32> -> tensor<1x32x256xbf16>
  %y_e4m3_in_out = moe.grouped_gemm %x offsets(%offsets : tensor<2xi32>) weights(%w_e4m3_in_out : tensor<1x32x256xbf16>)
    {layouts = [#moe.matrix_layout<in_out>], starts = array<i64: 0>, strides = array<i64: 1>,
     schedule = #schedule} : tensor<?x32xf32> -> tensor<?x256xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  %w_i8_in_out = moe.dequantize block %i8_in_out, %scales_in_out {block_shape = array<i64: 1, 32, 1>}
    : tensor<1x32x256xi8>, tensor<1x1x256xf32> -> tensor<1x32x256xbf16>
  %y_i8_in_out = moe.grouped_gemm %x offsets(%offsets : tensor<2xi32>) weights(%w_i8_in_out : tensor<1x32x256xbf16>)
    {layouts = [#moe.matrix_layout<in_out>], starts = array<i64: 0>, strides = array<i64: 1>,
     schedule = #schedule} : tensor<?x32xf32> -> tensor<?x256xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  %w_mxfp4 = moe.dequantize mxfp4 %mxfp4, %mxfp4_scales
    : tensor<1x224x1x16xi8>, tensor<1x224x1xi8> -> tensor<1x224x32xbf16>
  %y_mxfp4 = moe.grouped_gemm %x offsets(%offsets : tensor<2xi32>) weights(%w_mxfp4 : tensor<1x224x32xbf16>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>,
     schedule = #schedule} : tensor<?x32xf32> -> tensor<?x224xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  return %y_e4m3, %y_e5m2, %y_i8, %y_e4m3_in_out, %y_i8_in_out, %y_mxfp4
    : tensor<?x256xf32>, tensor<?x256xf32>, tensor<?x256xf32>, tensor<?x256xf32>, tensor<?x256xf32>, tensor<?x224xf32>
}
