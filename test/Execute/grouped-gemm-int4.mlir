// Weights of four bits, whose inputs are the rows of the unit matrix: the results are the
// weights. Every code with every zero point, packed as checkpoints of several kinds have them;
// vectors must give what the definition of moe.dequantize gives for each number.

// DEFINE: %{schedule} = none
// DEFINE: %{run} = sed -e 's/SCHEDULE/%{schedule}, multiply = fma/' %s > %t.mlir && \
// DEFINE:   moe-run %t.mlir --weights=%S/Data/grouped-gemm-int4.all.in.safetensors \
// DEFINE:   --input=%S/Data/grouped-gemm-int4.all.in.safetensors \
// DEFINE:   --expect=%S/Data/grouped-gemm-int4.all.out.safetensors --tolerance=0

// Packed.
// REDEFINE: %{schedule} = rows = 16, columns = 32, depth = 16, stream_rows = 0, register_rows = 4, register_vectors = 1, lanes = %lanes32
// RUN: %{run}

// Streamed.
// REDEFINE: %{schedule} = rows = 16, columns = 32, depth = 16, stream_rows = 16, register_rows = 4, register_vectors = 1, lanes = %lanes32
// RUN: %{run}

// The definition, without rounding.
// RUN: moe-run %t.mlir --weights=%S/Data/grouped-gemm-int4.all.in.safetensors --reference \
// RUN:   --input=%S/Data/grouped-gemm-int4.all.in.safetensors \
// RUN:   --expect=%S/Data/grouped-gemm-int4.all.out.safetensors --tolerance=4e-3

#schedule = #moe.schedule<SCHEDULE>
func.func @moe_layer(
    %x: tensor<?x72xf32> {moe.name = "x"}, %offsets: tensor<3xi32> {moe.name = "offsets"},
    %symmetric: tensor<2x40x9xi32> {moe.name = "symmetric"},
    %symmetric_scales: tensor<2x40x3xbf16> {moe.name = "symmetric_scales"},
    %asymmetric: tensor<2x40x9xi32> {moe.name = "asymmetric"},
    %asymmetric_scales: tensor<2x40x3xf16> {moe.name = "asymmetric_scales"},
    %asymmetric_zeros: tensor<2x5x3xi32> {moe.name = "asymmetric_zeros"},
    %bytes: tensor<2x40x36xi8> {moe.name = "bytes"},
    %bytes_scales: tensor<2x40x9xf32> {moe.name = "bytes_scales"},
    %bytes_zeros: tensor<2x20x9xi8> {moe.name = "bytes_zeros"},
    %gptq: tensor<2x9x40xi32> {moe.name = "gptq"},
    %gptq_scales: tensor<2x3x40xf16> {moe.name = "gptq_scales"},
    %gptq_zeros: tensor<2x3x5xi32> {moe.name = "gptq_zeros"},
    %awq: tensor<2x72x5xi32> {moe.name = "awq"},
    %awq_scales: tensor<2x2x40xf16> {moe.name = "awq_scales"},
    %awq_zeros: tensor<2x2x5xi32> {moe.name = "awq_zeros"})
    -> (tensor<?x40xf32> {moe.name = "symmetric"},
        tensor<?x40xf32> {moe.name = "asymmetric"},
        tensor<?x40xf32> {moe.name = "bytes"},
        tensor<?x40xf32> {moe.name = "gptq"},
        tensor<?x40xf32> {moe.name = "awq"}) {
  %w_symmetric = moe.dequantize int4 %symmetric, %symmetric_scales
    {block_shape = array<i64: 1, 1, 32>}
    : tensor<2x40x9xi32>, tensor<2x40x3xbf16> -> tensor<2x40x72xbf16>
  %y_symmetric = moe.grouped_gemm %x offsets(%offsets : tensor<3xi32>) weights(%w_symmetric : tensor<2x40x72xbf16>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>,
     schedule = #schedule} : tensor<?x72xf32> -> tensor<?x40xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  %w_asymmetric = moe.dequantize int4 %asymmetric, %asymmetric_scales zero_points(%asymmetric_zeros : tensor<2x5x3xi32>)
    {block_shape = array<i64: 1, 1, 32>}
    : tensor<2x40x9xi32>, tensor<2x40x3xf16> -> tensor<2x40x72xf16>
  %y_asymmetric = moe.grouped_gemm %x offsets(%offsets : tensor<3xi32>) weights(%w_asymmetric : tensor<2x40x72xf16>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>,
     schedule = #schedule} : tensor<?x72xf32> -> tensor<?x40xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  %w_bytes = moe.dequantize int4 %bytes, %bytes_scales zero_points(%bytes_zeros : tensor<2x20x9xi8>)
    {block_shape = array<i64: 1, 1, 8>}
    : tensor<2x40x36xi8>, tensor<2x40x9xf32> -> tensor<2x40x72xf32>
  %y_bytes = moe.grouped_gemm %x offsets(%offsets : tensor<3xi32>) weights(%w_bytes : tensor<2x40x72xf32>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>,
     schedule = #schedule} : tensor<?x72xf32> -> tensor<?x40xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  %w_gptq = moe.dequantize int4 %gptq, %gptq_scales zero_points(%gptq_zeros : tensor<2x3x5xi32>)
    {block_shape = array<i64: 1, 32, 1>, zero_offset = 1 : i64}
    : tensor<2x9x40xi32>, tensor<2x3x40xf16> -> tensor<2x72x40xf32>
  %y_gptq = moe.grouped_gemm %x offsets(%offsets : tensor<3xi32>) weights(%w_gptq : tensor<2x72x40xf32>)
    {layouts = [#moe.matrix_layout<in_out>], starts = array<i64: 0>, strides = array<i64: 1>,
     schedule = #schedule} : tensor<?x72xf32> -> tensor<?x40xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  %w_awq = moe.dequantize int4 %awq, %awq_scales zero_points(%awq_zeros : tensor<2x2x5xi32>)
    {block_shape = array<i64: 1, 64, 1>, order = #moe.nibble_order<even_first>}
    : tensor<2x72x5xi32>, tensor<2x2x40xf16> -> tensor<2x72x40xf16>
  %y_awq = moe.grouped_gemm %x offsets(%offsets : tensor<3xi32>) weights(%w_awq : tensor<2x72x40xf16>)
    {layouts = [#moe.matrix_layout<in_out>], starts = array<i64: 0>, strides = array<i64: 1>,
     schedule = #schedule} : tensor<?x72xf32> -> tensor<?x40xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  return %y_symmetric, %y_asymmetric, %y_bytes, %y_gptq, %y_awq
    : tensor<?x40xf32>, tensor<?x40xf32>, tensor<?x40xf32>, tensor<?x40xf32>, tensor<?x40xf32>
}
