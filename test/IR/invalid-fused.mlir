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
  // expected-error @below {{schedule field 'depth' is 8192, for which packs take 2100608 bytes, expected at most 1048576 bytes}}
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
  // expected-error @below {{schedule field 'rows' is 6000, for which sums take 1536000 bytes, expected at most 1028736 bytes}}
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

func.func @grouped_gemm_c7_streamed_sums(%x: tensor<?x64xf32>, %w: tensor<64x48xf32>) {
  // expected-error @below {{schedule field 'rows' is 6000, for which sums take 1536000 bytes, expected at most 1048576 bytes}}
  %y = moe.grouped_gemm %x weights(%w : tensor<64x48xf32>)
    {layouts = [#moe.matrix_layout<in_out>], starts = array<i64: 0>, strides = array<i64: 1>,
     schedule = #moe.schedule<rows = 6000, columns = 48, depth = 1024, stream_rows = 6000,
                              register_rows = 8, register_vectors = 3, lanes = 16,
                              multiply = fma>}
    : tensor<?x64xf32> -> tensor<?x48xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  return
}

// -----

func.func @grouped_gemm_c6_two_elements(%x: tensor<?x64xf32>, %w: tensor<48x64xf32>) {
  // expected-error @below {{number of elements that the epilogue yields is 2, expected 1}}
  %y = moe.grouped_gemm %x weights(%w : tensor<48x64xf32>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>}
    : tensor<?x64xf32> -> tensor<?x48xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum, %sum : f32, f32
  }
  return
}

// -----

func.func @route_c1(%s: tensor<?x8xf32>) {
  // expected-error @below {{number of body arguments is 0, expected 1}}
  %i = moe.route %s : (tensor<?x8xf32>) -> tensor<?x2xi32> {
  ^bb0:
    moe.yield
  }
  return
}

// -----

func.func @route_c1_argument(%s: tensor<?x8xf32>) {
  // expected-error @below {{type 0 of body arguments is 'tensor<?x4xf32>', expected 'tensor<?x8xf32>'}}
  %i = moe.route %s : (tensor<?x8xf32>) -> tensor<?x2xi32> {
  ^bb0(%scores: tensor<?x4xf32>):
    %ids = moe.top_k %scores {k = 2 : i64} : tensor<?x4xf32>
    moe.yield %ids : tensor<?x2xi32>
  }
  return
}

// -----

func.func @route_c1_result(%s: tensor<?x8xf32>) {
  // expected-error @below {{type 0 of yielded values is 'tensor<?x3xi32>', expected 'tensor<?x2xi32>'}}
  %i = moe.route %s : (tensor<?x8xf32>) -> tensor<?x2xi32> {
  ^bb0(%scores: tensor<?x8xf32>):
    %ids = moe.top_k %scores {k = 3 : i64} : tensor<?x8xf32>
    moe.yield %ids : tensor<?x3xi32>
  }
  return
}

// -----

func.func @route_c1_count(%s: tensor<?x8xf32>) {
  // expected-error @below {{number of yielded values is 0, expected 1}}
  %i = moe.route %s : (tensor<?x8xf32>) -> tensor<?x2xi32> {
  ^bb0(%scores: tensor<?x8xf32>):
    moe.yield
  }
  return
}

// -----

func.func @route_c2(%s: tensor<?x8xf32>) {
  // expected-error @below {{body has moe.sinkhorn, expected only ops of a router}}
  %k = moe.route %s : (tensor<?x8xf32>) -> tensor<?x8xf32> {
  ^bb0(%scores: tensor<?x8xf32>):
    // expected-note @below {{this one}}
    %keys = moe.sinkhorn %scores {tolerance = 1.0e-4 : f64} : tensor<?x8xf32>
    moe.yield %keys : tensor<?x8xf32>
  }
  return
}

// -----

func.func @grouped_gemm_c8(%x: tensor<9x64xf32>, %w: tensor<48x64xf32>, %t: tensor<8xi32>, %n: index) {
  // expected-error @below {{number of targets is 8, expected 9}}
  %y = moe.grouped_gemm %x weights(%w : tensor<48x64xf32>) targets(%t : tensor<8xi32>) of %n
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>}
    : tensor<9x64xf32> -> tensor<?x48xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  return
}

// -----

func.func @grouped_gemm_c8_missing(%x: tensor<9x64xf32>, %w: tensor<48x64xf32>, %t: tensor<9xi32>) {
  // expected-error @below {{num_rows is missing, needed with targets}}
  %y = moe.grouped_gemm %x weights(%w : tensor<48x64xf32>) targets(%t : tensor<9xi32>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>}
    : tensor<9x64xf32> -> tensor<?x48xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  return
}

// -----

func.func @grouped_gemm_c8_given(%x: tensor<9x64xf32>, %w: tensor<48x64xf32>, %n: index) {
  // expected-error @below {{num_rows is given, only allowed with targets}}
  %y = moe.grouped_gemm %x weights(%w : tensor<48x64xf32>) of %n
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>}
    : tensor<9x64xf32> -> tensor<?x48xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  return
}

// -----

func.func @grouped_gemm_c9(%x: tensor<9x64xf32>, %w: tensor<48x64xf32>) {
  // expected-error @below {{adds rows without targets}}
  %y = moe.grouped_gemm %x weights(%w : tensor<48x64xf32>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>, adds}
    : tensor<9x64xf32> -> tensor<?x48xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  return
}

// -----

func.func @grouped_gemm_c9_type(%x: tensor<9x64xf32>, %w: tensor<48x64xf32>, %t: tensor<9xi32>, %n: index) {
  // expected-error @below {{adds rows of 'f32' into a result of 'bf16', expected a result of the same type}}
  %y = moe.grouped_gemm %x weights(%w : tensor<48x64xf32>) targets(%t : tensor<9xi32>) of %n
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>, adds}
    : tensor<9x64xf32> -> tensor<?x48xbf16> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  return
}

// -----

func.func @append_choice_c1(%i: tensor<?x2xi32>, %w: tensor<?x3xf32>) {
  // expected-error @below {{dimension 1 of weights is 3, expected 2}}
  %j, %v = moe.append_choice %i, %w {expert = 8 : i64}
    : tensor<?x2xi32>, tensor<?x3xf32> -> tensor<?x3xi32>, tensor<?x3xf32>
  return
}

// -----

func.func @append_choice_c1_results(%i: tensor<?x2xi32>, %w: tensor<?x2xf32>) {
  // expected-error @below {{number of columns of the resulting weights is 2, expected 3}}
  %j, %v = moe.append_choice %i, %w {expert = 8 : i64}
    : tensor<?x2xi32>, tensor<?x2xf32> -> tensor<?x3xi32>, tensor<?x2xf32>
  return
}

// -----

func.func @append_choice_c2(%i: tensor<?x2xi32>, %w: tensor<?x2xf32>, %q: tensor<?x2xf32>) {
  // expected-error @below {{width of the coefficient is 2, expected 1}}
  %j, %v = moe.append_choice %i, %w coefficient(%q : tensor<?x2xf32>) {expert = 8 : i64}
    : tensor<?x2xi32>, tensor<?x2xf32> -> tensor<?x3xi32>, tensor<?x3xf32>
  return
}

// -----

func.func @append_choice_c3(%i: tensor<?x2xi32>, %w: tensor<?x2xf32>) {
  // expected-error @below {{expert is -1, expected 0 to 2147483647}}
  %j, %v = moe.append_choice %i, %w {expert = -1 : i64}
    : tensor<?x2xi32>, tensor<?x2xf32> -> tensor<?x3xi32>, tensor<?x3xf32>
  return
}

// -----

func.func @append_choice_c3_first(%i: tensor<?x2xi32>, %w: tensor<?x2xf32>) {
  // expected-error @below {{expert is 3, expected 4 to 2147483647}}
  %j, %v = moe.append_choice %i, %w {expert = 3 : i64, first_expert = 4 : i64}
    : tensor<?x2xi32>, tensor<?x2xf32> -> tensor<?x3xi32>, tensor<?x3xf32>
  return
}

// -----

func.func @append_expert_c1(%w: tensor<8x48x64xbf16>, %s: tensor<48x64xbf16>) {
  // expected-error @below {{result has type 'tensor<9x48x64xbf16>', expected one more expert than 'tensor<8x48x64xbf16>' and the encoding #moe.per_expert}}
  %r = moe.append_expert %w, %s : tensor<8x48x64xbf16>, tensor<48x64xbf16> -> tensor<9x48x64xbf16>
  return
}

// -----

func.func @append_expert_c2(%w: tensor<8x48x64xbf16>, %s: tensor<64x48xbf16>) {
  // expected-error @below {{expert has type 'tensor<64x48xbf16>', expected the shape of one of 'tensor<8x48x64xbf16>'}}
  %r = moe.append_expert %w, %s : tensor<8x48x64xbf16>, tensor<64x48xbf16>
    -> tensor<9x48x64xbf16, #moe.per_expert>
  return
}

// -----

func.func @append_expert_c3(%w: tensor<8x48x64xbf16>, %s: tensor<48x64xf32>) {
  // expected-error @below {{has a tensor of type 'tensor<48x64xf32>', expected a static shape and elements of 'bf16'}}
  %r = moe.append_expert %w, %s : tensor<8x48x64xbf16>, tensor<48x64xf32>
    -> tensor<9x48x64xbf16, #moe.per_expert>
  return
}
