// OLMoE: eight small experts with raw softmax weights, and the two losses of its training.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/olmoe.plain.in.safetensors --expect=%S/Data/olmoe.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/olmoe.ties.in.safetensors --expect=%S/Data/olmoe.ties.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/olmoe.empty.in.safetensors --expect=%S/Data/olmoe.empty.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/olmoe.flood.in.safetensors --expect=%S/Data/olmoe.flood.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/olmoe.t0.in.safetensors --expect=%S/Data/olmoe.t0.out.safetensors --tolerance=1e-5

// CHECK: moe.gate linear
// CHECK: moe.score softmax
// CHECK: moe.top_k
// CHECK: moe.gather_weights
// CHECK: moe.group_by_expert
// CHECK: moe.dispatch
// CHECK: moe.expert_mlp separate
// CHECK: moe.combine
// CHECK: moe.aux_loss balance
// CHECK: moe.aux_loss z

func.func @moe_layer(
    %x:      tensor<?x9xf32>    {moe.name = "hidden_states"},
    %router: tensor<14x9xf32>   {moe.name = "router.weight"},
    %gate:   tensor<14x4x9xf32> {moe.name = "experts.gate.weight"},
    %up:     tensor<14x4x9xf32> {moe.name = "experts.up.weight"},
    %down:   tensor<14x9x4xf32> {moe.name = "experts.down.weight"})
    -> (tensor<?x9xf32> {moe.name = "hidden_states"},
        tensor<?x8xi32> {moe.name = "topk_ids"},
        tensor<?x8xf32> {moe.name = "topk_weights"},
        tensor<f32>     {moe.name = "aux_loss"},
        tensor<f32>     {moe.name = "z_loss"}) {
  %logits = moe.gate linear %x, %router
    : tensor<?x9xf32>, tensor<14x9xf32> -> tensor<?x14xf32>
  %scores = moe.score softmax %logits : tensor<?x14xf32> -> tensor<?x14xf32>
  %ids = moe.top_k %scores {k = 8 : i64} : tensor<?x14xf32>
  %weights = moe.gather_weights %scores, %ids : tensor<?x14xf32>, tensor<?x8xi32>

  %offsets, %sources, %positions = moe.group_by_expert %ids
    {num_experts = 14 : i64}
    : tensor<?x8xi32> -> tensor<15xi32>, tensor<?xi32>, tensor<?x8xi32>
  %rows = moe.dispatch %x, %sources : tensor<?x9xf32>, tensor<?xi32> -> tensor<?x9xf32>
  %outputs = moe.expert_mlp separate %rows offsets(%offsets : tensor<15xi32>)
    up(%up : tensor<14x4x9xf32>) gate(%gate : tensor<14x4x9xf32>)
    down(%down : tensor<14x9x4xf32>) {activation = #moe.activation<silu>}
    : tensor<?x9xf32> -> tensor<?x9xf32>
  %y = moe.combine %outputs, %positions weights(%weights : tensor<?x8xf32>)
    : tensor<?x9xf32>, tensor<?x8xi32> -> tensor<?x9xf32>

  %aux = moe.aux_loss balance %scores indices(%ids : tensor<?x8xi32>)
    {coefficient = 0.01 : f64, divide_by_choices} : tensor<?x14xf32> -> tensor<f32>
  %z = moe.aux_loss z %logits {coefficient = 0.001 : f64} : tensor<?x14xf32> -> tensor<f32>
  return %y, %ids, %weights, %aux, %z
    : tensor<?x9xf32>, tensor<?x8xi32>, tensor<?x8xf32>, tensor<f32>, tensor<f32>
}
