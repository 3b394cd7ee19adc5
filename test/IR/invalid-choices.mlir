// RUN: moe-opt %s --split-input-file --verify-diagnostics

func.func @top_k_c1(%s: tensor<?x8xf32>) {
  // expected-error @below {{k is 9, expected 1 to 8}}
  %i = moe.top_k %s {k = 9 : i64} : tensor<?x8xf32>
  return
}

// -----

func.func @top_k_c1_negative(%s: tensor<?x8xf32>) {
  // expected-error @below {{k is -1, expected 1 to 8}}
  %i = moe.top_k %s {k = -1 : i64} : tensor<?x8xf32>
  return
}

// -----

func.func @top_k_c1_dynamic(%s: tensor<?x?xf32>) {
  // expected-error @below {{expert count is dynamic, expected a static one}}
  %i = moe.top_k %s {k = 2 : i64} : tensor<?x?xf32>
  return
}

// -----

func.func @top_k_c2(%s: tensor<?x8xf32>, %b: tensor<4xf32>) {
  // expected-error @below {{length of the bias is 4, expected 8}}
  %i = moe.top_k %s bias(%b : tensor<4xf32>) {k = 2 : i64} : tensor<?x8xf32>
  return
}

// -----

func.func @top_k_c3(%s: tensor<4x8xf32>, %not: tensor<5x1xi32>) {
  // expected-error @below {{token count of except is 5, expected 4}}
  %i = moe.top_k %s except(%not : tensor<5x1xi32>) {k = 2 : i64} : tensor<4x8xf32>
  return
}

// -----

func.func @top_k_c4(%s: tensor<?x8xf32>, %not: tensor<?x2xi32>) {
  // expected-error @below {{number of exceptions is 2, expected 0 to 1}}
  %i = moe.top_k %s except(%not : tensor<?x2xi32>) {k = 7 : i64} : tensor<?x8xf32>
  return
}

// -----

func.func @top_k_c4_dynamic(%s: tensor<?x8xf32>, %not: tensor<?x?xi32>) {
  // expected-error @below {{number of exceptions is dynamic, expected a static one}}
  %i = moe.top_k %s except(%not : tensor<?x?xi32>) {k = 1 : i64} : tensor<?x8xf32>
  return
}

// -----

func.func @sequential_top_k_c1(%l: tensor<?x16xf32>) {
  // expected-error @below {{k is 0, expected 1 to 16}}
  %i, %w = moe.sequential_top_k %l {k = 0 : i64, relative_gap = 0.02 : f64} : tensor<?x16xf32>
  return
}

// -----

func.func @sequential_top_k_c2(%l: tensor<?x16xf32>) {
  // expected-error @below {{relative_gap is -1.000000e+00, expected a number of at least 0}}
  %i, %w = moe.sequential_top_k %l {k = 2 : i64, relative_gap = -1.0 : f64} : tensor<?x16xf32>
  return
}

// -----

func.func @mask_choices_c1(%i: tensor<4x2xi32>, %m: tensor<5xf32>) {
  // expected-error @below {{length of the mask is 5, expected 4}}
  %kept = moe.mask_choices %i, %m : tensor<4x2xi32>, tensor<5xf32>
  return
}

// -----

func.func @filter_choices_c1(%i: tensor<?x2xi32>, %w: tensor<?x3xf32>, %t: tensor<?xf32>) {
  // expected-error @below {{dimension 1 of weights is 3, expected 2}}
  %kept = moe.filter_choices %i, %w, %t : tensor<?x2xi32>, tensor<?x3xf32>, tensor<?xf32>
  return
}

// -----

func.func @filter_choices_c2(%i: tensor<4x2xi32>, %w: tensor<4x2xf32>, %t: tensor<5xf32>) {
  // expected-error @below {{length of the threshold is 5, expected 4}}
  %kept = moe.filter_choices %i, %w, %t : tensor<4x2xi32>, tensor<4x2xf32>, tensor<5xf32>
  return
}

// -----

func.func @filter_choices_c3(%i: tensor<?x2xi32>, %w: tensor<?x2xf32>, %t: tensor<?xf32>) {
  // expected-error @below {{first_choice is -1, expected at least 0}}
  %kept = moe.filter_choices %i, %w, %t {first_choice = -1 : i64}
    : tensor<?x2xi32>, tensor<?x2xf32>, tensor<?xf32>
  return
}

// -----

func.func @gather_weights_c1(%s: tensor<4x8xf32>, %i: tensor<5x2xi32>) {
  // expected-error @below {{token count of the indices is 5, expected 4}}
  %w = moe.gather_weights %s, %i : tensor<4x8xf32>, tensor<5x2xi32>
  return
}

// -----

func.func @normalize_weights_c1(%w: tensor<?x2xf32>) {
  // expected-error @below {{order is 0.000000e+00, expected a positive number}}
  %n = moe.normalize_weights %w {order = 0.0 : f64} : tensor<?x2xf32>
  return
}

// -----

func.func @normalize_weights_c2(%w: tensor<?x2xf32>) {
  // expected-error @below {{eps is 1.000000e-06, expected 0 for eps_mode none}}
  %n = moe.normalize_weights %w {eps = 1.0e-6 : f64, order = 1.0 : f64} : tensor<?x2xf32>
  return
}

// -----

func.func @normalize_weights_c2_absent(%w: tensor<?x2xf32>) {
  // expected-error @below {{eps is 0.000000e+00, expected a positive number}}
  %n = moe.normalize_weights %w {eps_mode = #moe.eps_mode<add>, order = 1.0 : f64}
    : tensor<?x2xf32>
  return
}

// -----

func.func @normalize_weights_c3(%w: tensor<?x2xf32>) {
  // expected-error @below {{eps_mode is add, expected none without an order}}
  %n = moe.normalize_weights %w {eps = 1.0e-6 : f64, eps_mode = #moe.eps_mode<add>}
    : tensor<?x2xf32>
  return
}
