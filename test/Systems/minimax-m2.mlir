// MiniMax-M2: sigmoid scores and a bias for the choice; weights divided by their plain sum.
// No epsilon, no scale, no groups and no shared expert.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/minimax-m2.plain.in.safetensors --expect=%S/Data/minimax-m2.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/minimax-m2.ties.in.safetensors --expect=%S/Data/minimax-m2.ties.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/minimax-m2.empty.in.safetensors --expect=%S/Data/minimax-m2.empty.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/minimax-m2.flood.in.safetensors --expect=%S/Data/minimax-m2.flood.out.safetensors --tolerance=1e-5

// CHECK: moe.gate linear
// CHECK: moe.score sigmoid
// CHECK: moe.top_k
// CHECK: moe.gather_weights
// CHECK: moe.normalize_weights
// CHECK: moe.group_by_expert
// CHECK: moe.dispatch
// CHECK: moe.expert_mlp separate
// CHECK: moe.combine

func.func @moe_layer(
    %x:      tensor<?x9xf32>    {moe.name = "hidden_states"},
    %router: tensor<10x9xf32>   {moe.name = "router.weight"},
    %bias:   tensor<10xf32>     {moe.name = "router.bias"},
    %gate:   tensor<10x6x9xf32> {moe.name = "experts.gate.weight"},
    %up:     tensor<10x6x9xf32> {moe.name = "experts.up.weight"},
    %down:   tensor<10x9x6xf32> {moe.name = "experts.down.weight"})
    -> (tensor<?x9xf32> {moe.name = "hidden_states"},
        tensor<?x4xi32> {moe.name = "topk_ids"},
        tensor<?x4xf32> {moe.name = "topk_weights"}) {
  %logits = moe.gate linear %x, %router
    : tensor<?x9xf32>, tensor<10x9xf32> -> tensor<?x10xf32>
  %scores = moe.score sigmoid %logits : tensor<?x10xf32> -> tensor<?x10xf32>
  %ids = moe.top_k %scores bias(%bias : tensor<10xf32>) {k = 4 : i64} : tensor<?x10xf32>
  %chosen = moe.gather_weights %scores, %ids : tensor<?x10xf32>, tensor<?x4xi32>
  %weights = moe.normalize_weights %chosen {order = 1.0 : f64} : tensor<?x4xf32>

  %offsets, %sources, %positions = moe.group_by_expert %ids
    {num_experts = 10 : i64}
    : tensor<?x4xi32> -> tensor<11xi32>, tensor<?xi32>, tensor<?x4xi32>
  %rows = moe.dispatch %x, %sources : tensor<?x9xf32>, tensor<?xi32> -> tensor<?x9xf32>
  %outputs = moe.expert_mlp separate %rows offsets(%offsets : tensor<11xi32>)
    up(%up : tensor<10x6x9xf32>) gate(%gate : tensor<10x6x9xf32>)
    down(%down : tensor<10x9x6xf32>) {activation = #moe.activation<silu>}
    : tensor<?x9xf32> -> tensor<?x9xf32>
  %y = moe.combine %outputs, %positions weights(%weights : tensor<?x4xf32>)
    : tensor<?x9xf32>, tensor<?x4xi32> -> tensor<?x9xf32>
  return %y, %ids, %weights : tensor<?x9xf32>, tensor<?x4xi32>, tensor<?x4xf32>
}
