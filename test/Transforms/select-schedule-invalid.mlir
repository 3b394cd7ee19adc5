// RUN: moe-opt %s --moe-select-schedule=target=x86-64-v3 --split-input-file --verify-diagnostics

func.func @lanes(%x: tensor<?x64xf32>, %w: tensor<48x64xf32>) -> tensor<?x48xf32> {
  // expected-error @below {{schedule field 'lanes' is 16, expected 8 on target x86-64-v3}}
  %y = moe.grouped_gemm %x weights(%w : tensor<48x64xf32>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>,
     schedule = #moe.schedule<rows = 256, columns = 48, depth = 1024, stream_rows = 16,
                              register_rows = 8, register_vectors = 3, lanes = 16,
                              multiply = fma>}
    : tensor<?x64xf32> -> tensor<?x48xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  return %y : tensor<?x48xf32>
}

// -----

func.func @registers(%x: tensor<?x64xf32>, %w: tensor<48x64xf32>) -> tensor<?x48xf32> {
  // expected-error @below {{schedule field 'register_rows' is 8, which with 3 register_vectors need 28 registers, expected at most 16 registers on target x86-64-v3}}
  %y = moe.grouped_gemm %x weights(%w : tensor<48x64xf32>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>,
     schedule = #moe.schedule<rows = 256, columns = 48, depth = 1024, stream_rows = 16,
                              register_rows = 8, register_vectors = 3, lanes = 8,
                              multiply = fma>}
    : tensor<?x64xf32> -> tensor<?x48xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  return %y : tensor<?x48xf32>
}

// -----

func.func @instruction(%x: tensor<?x64xbf16>, %w: tensor<48x64xbf16>) -> tensor<?x48xbf16> {
  // expected-error @below {{schedule field 'multiply' is dot_bf16, expected fma without avx512bf16 on target x86-64-v3}}
  %y = moe.grouped_gemm %x weights(%w : tensor<48x64xbf16>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>,
     schedule = #moe.schedule<rows = 240, columns = 16, depth = 1024, stream_rows = 16,
                              register_rows = 6, register_vectors = 2, lanes = 8,
                              multiply = dot_bf16>}
    : tensor<?x64xbf16> -> tensor<?x48xbf16> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  return %y : tensor<?x48xbf16>
}
