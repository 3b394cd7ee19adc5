// RUN: moe-opt %s --split-input-file --verify-diagnostics

func.func @grouped_gemm_c1(%x: tensor<?x64xf32>, %w: tensor<48x64xf32>) {
  // expected-error @below {{number of strides is 2, expected 1}}
  %y = moe.grouped_gemm %x weights(%w : tensor<48x64xf32>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1, 1>}
    : tensor<?x64xf32> -> tensor<?x48xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  return
}

// -----

func.func @grouped_gemm_c1_stride(%x: tensor<?x64xf32>, %w: tensor<48x64xf32>) {
  // expected-error @below {{stride is 0, expected at least 1}}
  %y = moe.grouped_gemm %x weights(%w : tensor<48x64xf32>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 0>}
    : tensor<?x64xf32> -> tensor<?x48xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  return
}

// -----

func.func @grouped_gemm_c2(%x: tensor<?x64xf32>, %w: tensor<8x48x64xf32>) {
  // expected-error @below {{rank of a weight is 3, expected 2}}
  %y = moe.grouped_gemm %x weights(%w : tensor<8x48x64xf32>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>}
    : tensor<?x64xf32> -> tensor<?x48xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  return
}

// -----

func.func @grouped_gemm_c2_offsets(%x: tensor<?x64xf32>, %o: tensor<8xi32>,
                                   %w: tensor<8x48x64xf32>) {
  // expected-error @below {{length of the offsets is 8, expected 9}}
  %y = moe.grouped_gemm %x offsets(%o : tensor<8xi32>) weights(%w : tensor<8x48x64xf32>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>}
    : tensor<?x64xf32> -> tensor<?x48xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  return
}

// -----

func.func @grouped_gemm_c3(%x: tensor<?x64xf32>, %w: tensor<64x48xf32>) {
  // expected-error @below {{input width of a weight is 48, expected 64}}
  %y = moe.grouped_gemm %x weights(%w : tensor<64x48xf32>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>}
    : tensor<?x64xf32> -> tensor<?x48xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  return
}

// -----

func.func @grouped_gemm_c4(%x: tensor<?x64xf32>, %w: tensor<48x64xf32>) {
  // expected-error @below {{last output of weight 0 is 49, expected less than 48}}
  %y = moe.grouped_gemm %x weights(%w : tensor<48x64xf32>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 3>, strides = array<i64: 2>}
    : tensor<?x64xf32> -> tensor<?x24xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  return
}

// -----

func.func @grouped_gemm_c4_dynamic(%x: tensor<?x64xf32>, %w: tensor<?x64xf32>) {
  // expected-error @below {{weight 0 is 'tensor<?x64xf32>', expected a static shape}}
  %y = moe.grouped_gemm %x weights(%w : tensor<?x64xf32>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>}
    : tensor<?x64xf32> -> tensor<?x48xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  return
}

// -----

func.func @grouped_gemm_c4_width(%x: tensor<?x64xf32>, %w: tensor<48x64xf32>) {
  // expected-error @below {{width of the result is dynamic, expected a static width}}
  %y = moe.grouped_gemm %x weights(%w : tensor<48x64xf32>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>}
    : tensor<?x64xf32> -> tensor<?x?xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  return
}

// -----

func.func @grouped_gemm_c5(%x: tensor<?x64xf32>, %w: tensor<48x64xf32>, %b: tensor<47xf32>) {
  // expected-error @below {{width of a column input is 47, expected 48}}
  %y = moe.grouped_gemm %x weights(%w : tensor<48x64xf32>) columns(%b : tensor<47xf32>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>}
    : tensor<?x64xf32> -> tensor<?x48xf32> {
  ^bb0(%sum: f32, %bias: f32):
    moe.yield %sum : f32
  }
  return
}

// -----

func.func @grouped_gemm_c5_rows(%x: tensor<5x64xf32>, %w: tensor<48x64xf32>, %r: tensor<4xf32>) {
  // expected-error @below {{length of a row input is 4, expected 5}}
  %y = moe.grouped_gemm %x weights(%w : tensor<48x64xf32>) rows(%r : tensor<4xf32>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>}
    : tensor<5x64xf32> -> tensor<5x48xf32> {
  ^bb0(%sum: f32, %weight: f32):
    moe.yield %sum : f32
  }
  return
}

// -----

func.func @grouped_gemm_c5_sources(%x: tensor<5x64xf32>, %s: tensor<7xi32>, %w: tensor<48x64xf32>) {
  // expected-error @below {{row count is 5, expected 7}}
  %y = moe.grouped_gemm %x sources(%s : tensor<7xi32>) weights(%w : tensor<48x64xf32>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>}
    : tensor<5x64xf32> -> tensor<5x48xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  return
}

// -----

func.func @grouped_gemm_c6(%x: tensor<?x64xf32>, %w: tensor<48x64xf32>) {
  // expected-error @below {{number of epilogue arguments is 2, expected 1}}
  %y = moe.grouped_gemm %x weights(%w : tensor<48x64xf32>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>}
    : tensor<?x64xf32> -> tensor<?x48xf32> {
  ^bb0(%sum: f32, %other: f32):
    moe.yield %sum : f32
  }
  return
}

// -----

func.func @grouped_gemm_c6_type(%x: tensor<?x64xbf16>, %w: tensor<48x64xbf16>) {
  // expected-error @below {{epilogue computes with 'bf16', expected 'f32'}}
  %y = moe.grouped_gemm %x weights(%w : tensor<48x64xbf16>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>}
    : tensor<?x64xbf16> -> tensor<?x48xbf16> {
  ^bb0(%sum: bf16):
    moe.yield %sum : bf16
  }
  return
}

// -----

func.func @row_weights_c1(%w: tensor<?x2xf32>, %p: tensor<?x3xi32>, %s: tensor<?xi32>) {
  // expected-error @below {{dimension 1 of positions is 3, expected 2}}
  %r = moe.row_weights %w, %p, %s : tensor<?x2xf32>, tensor<?x3xi32>, tensor<?xi32> -> tensor<?xf32>
  return
}

// -----

func.func @grouped_gemm_c7_rows(%x: tensor<?x64xf32>, %w: tensor<48x64xf32>) {
  // expected-error @below {{schedule field 'multiply' is dot_bf16, expected fma for rows of f32}}
  %y = moe.grouped_gemm %x weights(%w : tensor<48x64xf32>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>,
     schedule = #moe.schedule<rows = 256, columns = 48, depth = 1024, stream_rows = 16,
                              register_rows = 8, register_vectors = 3, lanes = 16,
                              multiply = dot_bf16>}
    : tensor<?x64xf32> -> tensor<?x48xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  return
}

// -----

func.func @grouped_gemm_c7_weights(%x: tensor<?x64xbf16>, %w: tensor<48x64xf16>) {
  // expected-error @below {{schedule field 'multiply' is dot_bf16, expected fma for weights of f16}}
  %y = moe.grouped_gemm %x weights(%w : tensor<48x64xf16>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>,
     schedule = #moe.schedule<rows = 256, columns = 48, depth = 1024, stream_rows = 16,
                              register_rows = 8, register_vectors = 3, lanes = 16,
                              multiply = dot_bf16>}
    : tensor<?x64xbf16> -> tensor<?x48xbf16> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  return
}

// -----

func.func @grouped_gemm_c7_f64(%x: tensor<?x64xbf16>, %w: tensor<48x64xf64>) {
  // expected-error @below {{schedule field 'multiply' is dot_bf16, expected fma for sums in f64}}
  %y = moe.grouped_gemm %x weights(%w : tensor<48x64xf64>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>,
     schedule = #moe.schedule<rows = 256, columns = 48, depth = 1024, stream_rows = 16,
                              register_rows = 8, register_vectors = 3, lanes = 16,
                              multiply = dot_bf16>}
    : tensor<?x64xbf16> -> tensor<?x48xbf16> {
  ^bb0(%sum: f64):
    moe.yield %sum : f64
  }
  return
}

// -----

func.func @grouped_gemm_c7_panel(%x: tensor<?x8192xf32>, %w: tensor<48x8192xf32>) {
  // expected-error @below {{schedule field 'depth' is 8192, for which panels take 1572864 bytes, expected at most 1048576 bytes}}
  %y = moe.grouped_gemm %x weights(%w : tensor<48x8192xf32>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>,
     schedule = #moe.schedule<rows = 256, columns = 48, depth = 8192, stream_rows = 16,
                              register_rows = 8, register_vectors = 3, lanes = 16,
                              multiply = fma>}
    : tensor<?x8192xf32> -> tensor<?x48xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  return
}

// -----

func.func @grouped_gemm_c7_sums(%x: tensor<?x64xf32>, %w: tensor<48x64xf32>) {
  // expected-error @below {{schedule field 'rows' is 6000, for which sums take 1536000 bytes, expected at most 1036288 bytes}}
  %y = moe.grouped_gemm %x weights(%w : tensor<48x64xf32>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>,
     schedule = #moe.schedule<rows = 6000, columns = 48, depth = 1024, stream_rows = 16,
                              register_rows = 8, register_vectors = 3, lanes = 16,
                              multiply = fma>}
    : tensor<?x64xf32> -> tensor<?x48xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  return
}

// -----

func.func @grouped_gemm_c7_streamed_sums(%x: tensor<?x64xf32>, %w: tensor<48x64xf32>) {
  // expected-error @below {{schedule field 'rows' is 6000, for which sums take 1536000 bytes, expected at most 1048576 bytes}}
  %y = moe.grouped_gemm %x weights(%w : tensor<48x64xf32>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>,
     schedule = #moe.schedule<rows = 6000, columns = 48, depth = 1024, stream_rows = 6000,
                              register_rows = 8, register_vectors = 3, lanes = 16,
                              multiply = fma>}
    : tensor<?x64xf32> -> tensor<?x48xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  return
}
