// MiniMax-Text-01 and M1: Mixtral's router, two experts with normalised softmax weights.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/minimax-m1.plain.in.safetensors --expect=%S/Data/minimax-m1.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/minimax-m1.ties.in.safetensors --expect=%S/Data/minimax-m1.ties.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/minimax-m1.empty.in.safetensors --expect=%S/Data/minimax-m1.empty.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/minimax-m1.flood.in.safetensors --expect=%S/Data/minimax-m1.flood.out.safetensors --tolerance=1e-5

// CHECK: moe.gate linear
// CHECK: moe.score softmax
// CHECK: moe.top_k
// CHECK: moe.gather_weights
// CHECK: moe.normalize_weights
// CHECK: moe.group_by_expert
// CHECK: moe.dispatch
// CHECK: moe.expert_mlp separate
// CHECK: moe.combine

func.func @moe_layer(
    %x:      tensor<?x11xf32>   {moe.name = "hidden_states"},
    %router: tensor<7x11xf32>   {moe.name = "router.weight"},
    %gate:   tensor<7x8x11xf32> {moe.name = "experts.gate.weight"},
    %up:     tensor<7x8x11xf32> {moe.name = "experts.up.weight"},
    %down:   tensor<7x11x8xf32> {moe.name = "experts.down.weight"})
    -> (tensor<?x11xf32> {moe.name = "hidden_states"},
        tensor<?x2xi32>  {moe.name = "topk_ids"},
        tensor<?x2xf32>  {moe.name = "topk_weights"}) {
  %logits = moe.gate linear %x, %router
    : tensor<?x11xf32>, tensor<7x11xf32> -> tensor<?x7xf32>
  %scores = moe.score softmax %logits : tensor<?x7xf32> -> tensor<?x7xf32>
  %ids = moe.top_k %scores {k = 2 : i64} : tensor<?x7xf32>
  %chosen = moe.gather_weights %scores, %ids : tensor<?x7xf32>, tensor<?x2xi32>
  %weights = moe.normalize_weights %chosen {order = 1.0 : f64} : tensor<?x2xf32>

  %offsets, %sources, %positions = moe.group_by_expert %ids
    {num_experts = 7 : i64}
    : tensor<?x2xi32> -> tensor<8xi32>, tensor<?xi32>, tensor<?x2xi32>
  %rows = moe.dispatch %x, %sources : tensor<?x11xf32>, tensor<?xi32> -> tensor<?x11xf32>
  %outputs = moe.expert_mlp separate %rows offsets(%offsets : tensor<8xi32>)
    up(%up : tensor<7x8x11xf32>) gate(%gate : tensor<7x8x11xf32>)
    down(%down : tensor<7x11x8xf32>) {activation = #moe.activation<silu>}
    : tensor<?x11xf32> -> tensor<?x11xf32>
  %y = moe.combine %outputs, %positions weights(%weights : tensor<?x2xf32>)
    : tensor<?x11xf32>, tensor<?x2xi32> -> tensor<?x11xf32>
  return %y, %ids, %weights : tensor<?x11xf32>, tensor<?x2xi32>, tensor<?x2xf32>
}
