// RUN: moe-opt %s --split-input-file --verify-diagnostics

func.func @gate_c1(%x: tensor<?x64xf32>, %w: tensor<8x32xf32>) {
  // expected-error @below {{weight width is 32, expected 64}}
  %l = moe.gate linear %x, %w : tensor<?x64xf32>, tensor<8x32xf32> -> tensor<?x8xf32>
  return
}

// -----

func.func @gate_c1_in_out(%x: tensor<?x64xf32>, %w: tensor<8x64xf32>) {
  // expected-error @below {{weight width is 8, expected 64}}
  %l = moe.gate linear %x, %w {layout = #moe.matrix_layout<in_out>}
    : tensor<?x64xf32>, tensor<8x64xf32> -> tensor<?x64xf32>
  return
}

// -----

func.func @gate_c2(%x: tensor<?x64xf32>, %w: tensor<8x64xf32>) {
  // expected-error @below {{expert count of the result is 4, expected 8}}
  %l = moe.gate linear %x, %w : tensor<?x64xf32>, tensor<8x64xf32> -> tensor<?x4xf32>
  return
}

// -----

func.func @gate_c2_bias(%x: tensor<?x64xf32>, %w: tensor<8x64xf32>, %b: tensor<64xf32>) {
  // expected-error @below {{expert count of the bias is 64, expected 8}}
  %l = moe.gate linear %x, %w bias(%b : tensor<64xf32>)
    : tensor<?x64xf32>, tensor<8x64xf32> -> tensor<?x8xf32>
  return
}

// -----

func.func @gate_c3(%x: tensor<?x64xf32>, %w: tensor<8x64xf32>, %scale: tensor<f32>) {
  // expected-error @below {{scale is given, only allowed for kind cosine or distance}}
  %l = moe.gate linear %x, %w scale(%scale : tensor<f32>)
    : tensor<?x64xf32>, tensor<8x64xf32> -> tensor<?x8xf32>
  return
}

// -----

func.func @gate_c4(%x: tensor<?x64xf32>, %w: tensor<8x64xf32>) {
  // expected-error @below {{softcap is 0.000000e+00, expected a positive number}}
  %l = moe.gate linear %x, %w {softcap = 0.0 : f64}
    : tensor<?x64xf32>, tensor<8x64xf32> -> tensor<?x8xf32>
  return
}

// -----

func.func @gate_c5(%x: tensor<4x64xf32>, %w: tensor<8x64xf32>) {
  // expected-error @below {{token count of the result is 5, expected 4}}
  %l = moe.gate linear %x, %w : tensor<4x64xf32>, tensor<8x64xf32> -> tensor<5x8xf32>
  return
}

// -----

func.func @gate_c6(%x: tensor<?x64xf32>, %w: tensor<8x64xf32>) {
  // expected-error @below {{norm_eps is 1.000000e-06, expected 0 for norm_eps_mode none}}
  %l = moe.gate cosine %x, %w {norm_eps = 1.0e-6 : f64}
    : tensor<?x64xf32>, tensor<8x64xf32> -> tensor<?x8xf32>
  return
}

// -----

func.func @gate_c6_kind(%x: tensor<?x64xf32>, %w: tensor<8x64xf32>) {
  // expected-error @below {{norm_eps_mode is add, expected none unless kind is cosine}}
  %l = moe.gate linear %x, %w {norm_eps = 1.0e-6 : f64, norm_eps_mode = #moe.eps_mode<add>}
    : tensor<?x64xf32>, tensor<8x64xf32> -> tensor<?x8xf32>
  return
}

// -----

func.func @score_c1(%l: tensor<?x8xf32>) {
  // expected-error @below {{dimension 1 of scores is 4, expected 8}}
  %p = moe.score softmax %l : tensor<?x8xf32> -> tensor<?x4xf32>
  return
}

// -----

func.func @score_c2(%l: tensor<?x8xf32>) {
  // expected-error @below {{axis is tokens, expected experts for function sigmoid}}
  %p = moe.score sigmoid %l {axis = #moe.score_axis<tokens>} : tensor<?x8xf32> -> tensor<?x8xf32>
  return
}

// -----

func.func @sinkhorn_c1(%l: tensor<?x8xf32>) {
  // expected-error @below {{tolerance is 0.000000e+00, expected a positive number}}
  %k = moe.sinkhorn %l {tolerance = 0.0 : f64} : tensor<?x8xf32>
  return
}

// -----

func.func @sinkhorn_c1_iterations(%l: tensor<?x8xf32>) {
  // expected-error @below {{max_iterations is 0, expected at least 1}}
  %k = moe.sinkhorn %l {max_iterations = 0 : i64, tolerance = 1.0 : f64} : tensor<?x8xf32>
  return
}

// -----

func.func @limit_groups_c1(%s: tensor<?x32xf32>) {
  // expected-error @below {{num_groups is 5, expected a divisor of the static expert count, which is 32}}
  %r = moe.limit_groups max %s {keep = 1 : i64, num_groups = 5 : i64} : tensor<?x32xf32>
  return
}

// -----

func.func @limit_groups_c1_dynamic(%s: tensor<?x?xf32>) {
  // expected-error @below {{num_groups is 4, expected a divisor of the static expert count, which is dynamic}}
  %r = moe.limit_groups max %s {keep = 1 : i64, num_groups = 4 : i64} : tensor<?x?xf32>
  return
}

// -----

func.func @limit_groups_c1_zero(%s: tensor<?x32xf32>) {
  // expected-error @below {{num_groups is 0, expected a divisor}}
  %r = moe.limit_groups max %s {keep = 1 : i64, num_groups = 0 : i64} : tensor<?x32xf32>
  return
}

// -----

func.func @limit_groups_c2(%s: tensor<?x32xf32>) {
  // expected-error @below {{keep is 5, expected 1 to 4}}
  %r = moe.limit_groups max %s {keep = 5 : i64, num_groups = 4 : i64} : tensor<?x32xf32>
  return
}

// -----

func.func @limit_groups_c3(%s: tensor<?x32xf32>) {
  // expected-error @below {{top is 9, expected 1 to 8}}
  %r = moe.limit_groups sum_top %s {keep = 1 : i64, num_groups = 4 : i64, top = 9 : i64}
    : tensor<?x32xf32>
  return
}

// -----

func.func @limit_groups_c4(%s: tensor<?x32xf32>, %b: tensor<8xf32>) {
  // expected-error @below {{length of the bias is 8, expected 32}}
  %r = moe.limit_groups max %s bias(%b : tensor<8xf32>) {keep = 1 : i64, num_groups = 4 : i64}
    : tensor<?x32xf32>
  return
}
