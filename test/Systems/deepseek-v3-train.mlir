// What DeepSeek-V3's training adds: a balance loss per sequence, and a bias update without a loss.
// The batch is two sequences of the same length, hence two groups of tokens in the loss.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/deepseek-v3-train.plain.in.safetensors --expect=%S/Data/deepseek-v3-train.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/deepseek-v3-train.flood.in.safetensors --expect=%S/Data/deepseek-v3-train.flood.out.safetensors --tolerance=1e-5

// CHECK: moe.gate linear
// CHECK: moe.score sigmoid
// CHECK: moe.limit_groups sum_top %{{.*}} bias(
// CHECK: moe.top_k
// CHECK: moe.gather_weights
// CHECK: moe.normalize_weights
// CHECK: moe.group_by_expert
// CHECK: moe.dispatch
// CHECK: moe.expert_mlp separate
// CHECK: moe.combine
// CHECK: moe.expert_mlp separate
// CHECK: moe.mix add
// CHECK: moe.normalize_weights
// CHECK: moe.aux_loss balance
// CHECK: moe.count
// CHECK: moe.update_bias

func.func @moe_layer(
    %x:           tensor<?x10xf32>    {moe.name = "hidden_states"},
    %router:      tensor<12x10xf32>   {moe.name = "router.weight"},
    %bias:        tensor<12xf32>      {moe.name = "router.bias"},
    %gate:        tensor<12x5x10xf32> {moe.name = "experts.gate.weight"},
    %up:          tensor<12x5x10xf32> {moe.name = "experts.up.weight"},
    %down:        tensor<12x10x5xf32> {moe.name = "experts.down.weight"},
    %shared_gate: tensor<5x10xf32>    {moe.name = "shared.gate.weight"},
    %shared_up:   tensor<5x10xf32>    {moe.name = "shared.up.weight"},
    %shared_down: tensor<10x5xf32>    {moe.name = "shared.down.weight"})
    -> (tensor<?x10xf32> {moe.name = "hidden_states"},
        tensor<?x4xi32>  {moe.name = "topk_ids"},
        tensor<?x4xf32>  {moe.name = "topk_weights"},
        tensor<f32>      {moe.name = "aux_loss"},
        tensor<12xf32>   {moe.name = "updated_bias"}) {
  %logits = moe.gate linear %x, %router
    : tensor<?x10xf32>, tensor<12x10xf32> -> tensor<?x12xf32>
  %scores = moe.score sigmoid %logits : tensor<?x12xf32> -> tensor<?x12xf32>
  %limited = moe.limit_groups sum_top %scores bias(%bias : tensor<12xf32>)
    {keep = 2 : i64, num_groups = 4 : i64, top = 2 : i64}
    : tensor<?x12xf32>
  %ids = moe.top_k %limited {k = 4 : i64} : tensor<?x12xf32>
  %chosen = moe.gather_weights %scores, %ids : tensor<?x12xf32>, tensor<?x4xi32>
  %weights = moe.normalize_weights %chosen {order = 1.0 : f64, scale = 2.5 : f64} : tensor<?x4xf32>

  %offsets, %sources, %positions = moe.group_by_expert %ids
    {num_experts = 12 : i64}
    : tensor<?x4xi32> -> tensor<13xi32>, tensor<?xi32>, tensor<?x4xi32>
  %rows = moe.dispatch %x, %sources : tensor<?x10xf32>, tensor<?xi32> -> tensor<?x10xf32>
  %outputs = moe.expert_mlp separate %rows offsets(%offsets : tensor<13xi32>)
    up(%up : tensor<12x5x10xf32>) gate(%gate : tensor<12x5x10xf32>)
    down(%down : tensor<12x10x5xf32>) {activation = #moe.activation<silu>}
    : tensor<?x10xf32> -> tensor<?x10xf32>
  %routed = moe.combine %outputs, %positions weights(%weights : tensor<?x4xf32>)
    : tensor<?x10xf32>, tensor<?x4xi32> -> tensor<?x10xf32>

  %shared = moe.expert_mlp separate %x up(%shared_up : tensor<5x10xf32>)
    gate(%shared_gate : tensor<5x10xf32>) down(%shared_down : tensor<10x5xf32>)
    {activation = #moe.activation<silu>} : tensor<?x10xf32> -> tensor<?x10xf32>
  %y = moe.mix add %routed, %shared : tensor<?x10xf32>

  %probabilities = moe.normalize_weights %scores
    {eps = 1.0e-20 : f64, eps_mode = #moe.eps_mode<add>, order = 1.0 : f64}
    : tensor<?x12xf32>
  %aux = moe.aux_loss balance %probabilities indices(%ids : tensor<?x4xi32>)
    {coefficient = 1.0e-4 : f64, divide_by_choices, groups = 2 : i64}
    : tensor<?x12xf32> -> tensor<f32>
  %counts = moe.count %ids {num_experts = 12 : i64} : tensor<?x4xi32>
  %updated = moe.update_bias %bias, %counts {rate = 1.0e-3 : f64} : tensor<12xf32>, tensor<12xi32>
  return %y, %ids, %weights, %aux, %updated
    : tensor<?x10xf32>, tensor<?x4xi32>, tensor<?x4xf32>, tensor<f32>, tensor<12xf32>
}
