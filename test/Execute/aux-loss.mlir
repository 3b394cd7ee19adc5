// Every kind, with masks and uneven groups, without tokens, with equal and with large logits.

// RUN: moe-run %s --input=%S/Data/aux-loss.plain.in.safetensors --expect=%S/Data/aux-loss.plain.out.safetensors
// RUN: moe-run %s --input=%S/Data/aux-loss.masked.in.safetensors --expect=%S/Data/aux-loss.masked.out.safetensors
// RUN: moe-run %s --input=%S/Data/aux-loss.t0.in.safetensors --expect=%S/Data/aux-loss.t0.out.safetensors
// RUN: moe-run %s --input=%S/Data/aux-loss.t1.in.safetensors --expect=%S/Data/aux-loss.t1.out.safetensors

func.func @moe_layer(
    %logits: tensor<?x6xf32> {moe.name = "logits"}, %noisy: tensor<?x6xf32> {moe.name = "noisy"},
    %large: tensor<?x6xf32> {moe.name = "large_logits"},
    %scores: tensor<?x6xf32> {moe.name = "scores"},
    %indices: tensor<?x2xi32> {moe.name = "indices"}, %mask: tensor<?xf32> {moe.name = "mask"})
    -> (tensor<f32> {moe.name = "balance"}, tensor<f32> {moe.name = "balance_masked"},
        tensor<f32> {moe.name = "l1"}, tensor<f32> {moe.name = "importance"},
        tensor<f32> {moe.name = "load"}, tensor<f32> {moe.name = "z"},
        tensor<f64> {moe.name = "z_large"}, tensor<f32> {moe.name = "entropy_local"},
        tensor<f32> {moe.name = "entropy_global"}) {
  %balance = moe.aux_loss balance %scores indices(%indices : tensor<?x2xi32>)
    : tensor<?x6xf32> -> tensor<f32>
  %balance_masked = moe.aux_loss balance %scores indices(%indices : tensor<?x2xi32>)
    mask(%mask : tensor<?xf32>) {coefficient = 0.01 : f64, divide_by_choices, groups = 3 : i64}
    : tensor<?x6xf32> -> tensor<f32>
  %l1 = moe.aux_loss l1 %scores indices(%indices : tensor<?x2xi32>) {groups = 4 : i64, k = 5 : i64}
    : tensor<?x6xf32> -> tensor<f32>
  %importance = moe.aux_loss importance %scores mask(%mask : tensor<?xf32>)
    {ddof = 1 : i64, groups = 2 : i64} : tensor<?x6xf32> -> tensor<f32>
  %load = moe.aux_loss load %logits noisy(%noisy : tensor<?x6xf32>) {k = 3 : i64, sigma = 0.5 : f64}
    : tensor<?x6xf32> -> tensor<f32>
  %z = moe.aux_loss z %logits mask(%mask : tensor<?xf32>)
    {coefficient = 0.001 : f64, groups = 3 : i64} : tensor<?x6xf32> -> tensor<f32>
  %z_large = moe.aux_loss z %large : tensor<?x6xf32> -> tensor<f64>
  %entropy_local = moe.aux_loss entropy_local %scores mask(%mask : tensor<?xf32>)
    : tensor<?x6xf32> -> tensor<f32>
  %entropy_global = moe.aux_loss entropy_global %scores mask(%mask : tensor<?xf32>)
    {groups = 3 : i64, tau = 1.5 : f64} : tensor<?x6xf32> -> tensor<f32>
  return %balance, %balance_masked, %l1, %importance, %load, %z, %z_large, %entropy_local,
    %entropy_global
    : tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f64>,
      tensor<f32>, tensor<f32>
}
