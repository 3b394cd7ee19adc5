// RUN: moe-opt %s --split-input-file --verify-diagnostics

func.func @aux_loss_c1(%s: tensor<?x8xf32>) {
  // expected-error @below {{indices is missing, needed for kinds balance and l1}}
  %l = moe.aux_loss balance %s : tensor<?x8xf32> -> tensor<f32>
  return
}

// -----

func.func @aux_loss_c1_unused(%s: tensor<?x8xf32>, %i: tensor<?x2xi32>) {
  // expected-error @below {{indices is given, only allowed for kinds balance and l1}}
  %l = moe.aux_loss z %s indices(%i : tensor<?x2xi32>) : tensor<?x8xf32> -> tensor<f32>
  return
}

// -----

func.func @aux_loss_c1_tokens(%s: tensor<4x8xf32>, %i: tensor<5x2xi32>) {
  // expected-error @below {{token count of the indices is 5, expected 4}}
  %l = moe.aux_loss balance %s indices(%i : tensor<5x2xi32>) : tensor<4x8xf32> -> tensor<f32>
  return
}

// -----

func.func @aux_loss_c2(%s: tensor<?x8xf32>) {
  // expected-error @below {{noisy is missing, needed for kind load}}
  %l = moe.aux_loss load %s {k = 2 : i64, sigma = 0.125 : f64} : tensor<?x8xf32> -> tensor<f32>
  return
}

// -----

func.func @aux_loss_c2_type(%s: tensor<?x8xf32>, %noisy: tensor<?x8xf16>) {
  // expected-error @below {{noisy is 'tensor<?x8xf16>', expected the type of the scores, 'tensor<?x8xf32>'}}
  %l = moe.aux_loss load %s noisy(%noisy : tensor<?x8xf16>) {k = 2 : i64, sigma = 0.125 : f64}
    : tensor<?x8xf32> -> tensor<f32>
  return
}

// -----

func.func @aux_loss_c2_sigma(%s: tensor<?x8xf32>, %noisy: tensor<?x8xf32>) {
  // expected-error @below {{sigma is missing, needed for kind load}}
  %l = moe.aux_loss load %s noisy(%noisy : tensor<?x8xf32>) {k = 2 : i64}
    : tensor<?x8xf32> -> tensor<f32>
  return
}

// -----

func.func @aux_loss_c2_sigma_zero(%s: tensor<?x8xf32>, %noisy: tensor<?x8xf32>) {
  // expected-error @below {{sigma is 0.000000e+00, expected a positive number}}
  %l = moe.aux_loss load %s noisy(%noisy : tensor<?x8xf32>) {k = 2 : i64, sigma = 0.0 : f64}
    : tensor<?x8xf32> -> tensor<f32>
  return
}

// -----

func.func @aux_loss_c3(%s: tensor<4x8xf32>, %m: tensor<5xf32>) {
  // expected-error @below {{length of the mask is 5, expected 4}}
  %l = moe.aux_loss z %s mask(%m : tensor<5xf32>) : tensor<4x8xf32> -> tensor<f32>
  return
}

// -----

func.func @aux_loss_c4(%s: tensor<?x8xf32>) {
  // expected-error @below {{tau is missing, needed for kind entropy_global}}
  %l = moe.aux_loss entropy_global %s : tensor<?x8xf32> -> tensor<f32>
  return
}

// -----

func.func @aux_loss_c5(%s: tensor<?x8xf32>) {
  // expected-error @below {{ddof is 2, expected 0 to 1}}
  %l = moe.aux_loss importance %s {ddof = 2 : i64} : tensor<?x8xf32> -> tensor<f32>
  return
}

// -----

func.func @aux_loss_c5_groups(%s: tensor<?x8xf32>) {
  // expected-error @below {{groups is 0, expected 1 to 2147483647}}
  %l = moe.aux_loss z %s {groups = 0 : i64} : tensor<?x8xf32> -> tensor<f32>
  return
}

// -----

func.func @aux_loss_c6(%s: tensor<?x8xf32>, %i: tensor<?x2xi32>) {
  // expected-error @below {{k is missing, needed for kinds load and l1}}
  %l = moe.aux_loss l1 %s indices(%i : tensor<?x2xi32>) : tensor<?x8xf32> -> tensor<f32>
  return
}

// -----

func.func @aux_loss_c6_range(%s: tensor<?x8xf32>, %i: tensor<?x2xi32>) {
  // expected-error @below {{k is 9, expected 1 to 8}}
  %l = moe.aux_loss l1 %s indices(%i : tensor<?x2xi32>) {k = 9 : i64}
    : tensor<?x8xf32> -> tensor<f32>
  return
}

// -----

func.func @aux_loss_c6_dynamic(%s: tensor<?x?xf32>) {
  // expected-error @below {{expert count is dynamic, expected a static one}}
  %l = moe.aux_loss z %s : tensor<?x?xf32> -> tensor<f32>
  return
}

// -----

func.func @update_bias_c1(%b: tensor<8xf32>, %c: tensor<4xi32>) {
  // expected-error @below {{length of the counts is 4, expected 8}}
  %u = moe.update_bias %b, %c {rate = 0.001 : f64} : tensor<8xf32>, tensor<4xi32>
  return
}
