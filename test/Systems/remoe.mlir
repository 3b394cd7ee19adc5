// ReMoE: a token goes to every expert with a positive logit, which is also its weight.
// The choice is a T x E matrix of ids with -1 where the logit is not positive.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/remoe.plain.in.safetensors --expect=%S/Data/remoe.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/remoe.none.in.safetensors --expect=%S/Data/remoe.none.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/remoe.ties.in.safetensors --expect=%S/Data/remoe.ties.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/remoe.empty.in.safetensors --expect=%S/Data/remoe.empty.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/remoe.t0.in.safetensors --expect=%S/Data/remoe.t0.out.safetensors --tolerance=1e-5

// CHECK: moe.gate linear
// CHECK: moe.score relu
// CHECK: moe.select positive
// CHECK: moe.gather_weights
// CHECK: moe.group_by_expert
// CHECK: moe.dispatch
// CHECK: moe.expert_mlp separate
// CHECK: moe.combine
// CHECK: moe.aux_loss

func.func @moe_layer(
    %x:      tensor<?x10xf32>   {moe.name = "hidden_states"},
    %router: tensor<7x10xf32>   {moe.name = "router.weight"},
    %gate:   tensor<7x6x10xf32> {moe.name = "experts.gate.weight"},
    %up:     tensor<7x6x10xf32> {moe.name = "experts.up.weight"},
    %down:   tensor<7x10x6xf32> {moe.name = "experts.down.weight"})
    -> (tensor<?x10xf32> {moe.name = "hidden_states"},
        tensor<?x7xi32>  {moe.name = "topk_ids"},
        tensor<?x7xf32>  {moe.name = "topk_weights"},
        tensor<f32>      {moe.name = "aux_loss"}) {
  %logits = moe.gate linear %x, %router
    : tensor<?x10xf32>, tensor<7x10xf32> -> tensor<?x7xf32>
  %scores = moe.score relu %logits : tensor<?x7xf32> -> tensor<?x7xf32>
  %ids = moe.select positive %scores : tensor<?x7xf32>
  %weights = moe.gather_weights %scores, %ids : tensor<?x7xf32>, tensor<?x7xi32>

  %offsets, %sources, %positions = moe.group_by_expert %ids
    {num_experts = 7 : i64}
    : tensor<?x7xi32> -> tensor<8xi32>, tensor<?xi32>, tensor<?x7xi32>
  %rows = moe.dispatch %x, %sources : tensor<?x10xf32>, tensor<?xi32> -> tensor<?x10xf32>
  %outputs = moe.expert_mlp separate %rows offsets(%offsets : tensor<8xi32>)
    up(%up : tensor<7x6x10xf32>) gate(%gate : tensor<7x6x10xf32>)
    down(%down : tensor<7x10x6xf32>) {activation = #moe.activation<silu>}
    : tensor<?x10xf32> -> tensor<?x10xf32>
  %y = moe.combine %outputs, %positions weights(%weights : tensor<?x7xf32>)
    : tensor<?x10xf32>, tensor<?x7xi32> -> tensor<?x10xf32>

  %aux = moe.aux_loss l1 %scores indices(%ids : tensor<?x7xi32>) {k = 2 : i64}
    : tensor<?x7xf32> -> tensor<f32>
  return %y, %ids, %weights, %aux : tensor<?x10xf32>, tensor<?x7xi32>, tensor<?x7xf32>, tensor<f32>
}
