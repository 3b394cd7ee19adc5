// Qwen3-MoE: normalised softmax weights, no shared expert.
// The library's balance loss counts all k choices and does not divide by k.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/qwen3-moe.plain.in.safetensors --expect=%S/Data/qwen3-moe.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/qwen3-moe.ties.in.safetensors --expect=%S/Data/qwen3-moe.ties.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/qwen3-moe.empty.in.safetensors --expect=%S/Data/qwen3-moe.empty.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/qwen3-moe.flood.in.safetensors --expect=%S/Data/qwen3-moe.flood.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/qwen3-moe.t0.in.safetensors --expect=%S/Data/qwen3-moe.t0.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/qwen3-moe.t1.in.safetensors --expect=%S/Data/qwen3-moe.t1.out.safetensors --tolerance=1e-5

// CHECK: moe.gate linear
// CHECK: moe.score softmax
// CHECK: moe.top_k
// CHECK: moe.gather_weights
// CHECK: moe.normalize_weights
// CHECK: moe.group_by_expert
// CHECK: moe.dispatch
// CHECK: moe.expert_mlp separate
// CHECK: moe.combine
// CHECK: moe.aux_loss balance

func.func @moe_layer(
    %x:      tensor<?x10xf32>   {moe.name = "hidden_states"},
    %router: tensor<8x10xf32>   {moe.name = "router.weight"},
    %gate:   tensor<8x7x10xf32> {moe.name = "experts.gate.weight"},
    %up:     tensor<8x7x10xf32> {moe.name = "experts.up.weight"},
    %down:   tensor<8x10x7xf32> {moe.name = "experts.down.weight"})
    -> (tensor<?x10xf32> {moe.name = "hidden_states"},
        tensor<?x3xi32>  {moe.name = "topk_ids"},
        tensor<?x3xf32>  {moe.name = "topk_weights"},
        tensor<f32>      {moe.name = "aux_loss"}) {
  %logits = moe.gate linear %x, %router
    : tensor<?x10xf32>, tensor<8x10xf32> -> tensor<?x8xf32>
  %scores = moe.score softmax %logits : tensor<?x8xf32> -> tensor<?x8xf32>
  %ids = moe.top_k %scores {k = 3 : i64} : tensor<?x8xf32>
  %chosen = moe.gather_weights %scores, %ids : tensor<?x8xf32>, tensor<?x3xi32>
  %weights = moe.normalize_weights %chosen {order = 1.0 : f64} : tensor<?x3xf32>

  %offsets, %sources, %positions = moe.group_by_expert %ids
    {num_experts = 8 : i64}
    : tensor<?x3xi32> -> tensor<9xi32>, tensor<?xi32>, tensor<?x3xi32>
  %rows = moe.dispatch %x, %sources : tensor<?x10xf32>, tensor<?xi32> -> tensor<?x10xf32>
  %outputs = moe.expert_mlp separate %rows offsets(%offsets : tensor<9xi32>)
    up(%up : tensor<8x7x10xf32>) gate(%gate : tensor<8x7x10xf32>)
    down(%down : tensor<8x10x7xf32>) {activation = #moe.activation<silu>}
    : tensor<?x10xf32> -> tensor<?x10xf32>
  %y = moe.combine %outputs, %positions weights(%weights : tensor<?x3xf32>)
    : tensor<?x10xf32>, tensor<?x3xi32> -> tensor<?x10xf32>

  %aux = moe.aux_loss balance %scores indices(%ids : tensor<?x3xi32>)
    : tensor<?x8xf32> -> tensor<f32>
  return %y, %ids, %weights, %aux : tensor<?x10xf32>, tensor<?x3xi32>, tensor<?x3xf32>, tensor<f32>
}
