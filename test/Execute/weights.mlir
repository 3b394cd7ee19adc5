// No expert, sums of zero, small norms.

// RUN: moe-run %s --input=%S/Data/weights.plain.in.safetensors --expect=%S/Data/weights.plain.out.safetensors
// RUN: moe-run %s --input=%S/Data/weights.t0.in.safetensors --expect=%S/Data/weights.t0.out.safetensors

func.func @moe_layer(
    %scores: tensor<?x?xf32> {moe.name = "scores"},
    %indices: tensor<?x3xi32> {moe.name = "indices"},
    %weights: tensor<?x3xf32> {moe.name = "weights"})
    -> (tensor<?x3xf32> {moe.name = "gathered"}, tensor<?x3xf32> {moe.name = "scaled"},
        tensor<?x3xf32> {moe.name = "sum"}, tensor<?x3xf32> {moe.name = "sum_clamped"},
        tensor<?x3xf32> {moe.name = "norm"}, tensor<?x3xf32> {moe.name = "norm_added"},
        tensor<?x3xf32> {moe.name = "cubic"}) {
  %gathered = moe.gather_weights %scores, %indices : tensor<?x?xf32>, tensor<?x3xi32>
  %scaled = moe.normalize_weights %weights {scale = 2.5 : f64} : tensor<?x3xf32>
  %sum = moe.normalize_weights %weights {order = 1.0 : f64} : tensor<?x3xf32>
  %sum_clamped = moe.normalize_weights %weights
    {eps = 0.25 : f64, eps_mode = #moe.eps_mode<clamp>, order = 1.0 : f64}
    : tensor<?x3xf32>
  %norm = moe.normalize_weights %weights {order = 2.0 : f64, scale = 2.5 : f64}
    : tensor<?x3xf32>
  %norm_added = moe.normalize_weights %weights
    {eps = 1.0e-3 : f64, eps_mode = #moe.eps_mode<add>, order = 2.0 : f64}
    : tensor<?x3xf32>
  %cubic = moe.normalize_weights %weights {order = 3.0 : f64} : tensor<?x3xf32>
  return %gathered, %scaled, %sum, %sum_clamped, %norm, %norm_added, %cubic
    : tensor<?x3xf32>, tensor<?x3xf32>, tensor<?x3xf32>, tensor<?x3xf32>,
      tensor<?x3xf32>, tensor<?x3xf32>, tensor<?x3xf32>
}
