// Granite-MoE: the largest logits, softmax over them; gate and up are one matrix, gate first.
// The residual multiplier of the block stays outside of the layer.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/granite-moe.plain.in.safetensors --expect=%S/Data/granite-moe.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/granite-moe.ties.in.safetensors --expect=%S/Data/granite-moe.ties.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/granite-moe.empty.in.safetensors --expect=%S/Data/granite-moe.empty.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/granite-moe.flood.in.safetensors --expect=%S/Data/granite-moe.flood.out.safetensors --tolerance=1e-5

// CHECK: moe.gate linear
// CHECK: moe.top_k
// CHECK: moe.gather_weights
// CHECK: moe.score softmax
// CHECK: moe.group_by_expert
// CHECK: moe.dispatch
// CHECK: moe.expert_mlp gate_first
// CHECK: moe.combine

func.func @moe_layer(
    %x:       tensor<?x11xf32>    {moe.name = "hidden_states"},
    %router:  tensor<8x11xf32>    {moe.name = "router.weight"},
    %gate_up: tensor<8x12x11xf32> {moe.name = "experts.gate_up.weight"},
    %down:    tensor<8x11x6xf32>  {moe.name = "experts.down.weight"})
    -> (tensor<?x11xf32> {moe.name = "hidden_states"},
        tensor<?x4xi32>  {moe.name = "topk_ids"},
        tensor<?x4xf32>  {moe.name = "topk_weights"}) {
  %logits = moe.gate linear %x, %router
    : tensor<?x11xf32>, tensor<8x11xf32> -> tensor<?x8xf32>
  %ids = moe.top_k %logits {k = 4 : i64} : tensor<?x8xf32>
  %chosen = moe.gather_weights %logits, %ids : tensor<?x8xf32>, tensor<?x4xi32>
  %weights = moe.score softmax %chosen : tensor<?x4xf32> -> tensor<?x4xf32>

  %offsets, %sources, %positions = moe.group_by_expert %ids
    {num_experts = 8 : i64}
    : tensor<?x4xi32> -> tensor<9xi32>, tensor<?xi32>, tensor<?x4xi32>
  %rows = moe.dispatch %x, %sources : tensor<?x11xf32>, tensor<?xi32> -> tensor<?x11xf32>
  %outputs = moe.expert_mlp gate_first %rows offsets(%offsets : tensor<9xi32>)
    up(%gate_up : tensor<8x12x11xf32>) down(%down : tensor<8x11x6xf32>)
    {activation = #moe.activation<silu>}
    : tensor<?x11xf32> -> tensor<?x11xf32>
  %y = moe.combine %outputs, %positions weights(%weights : tensor<?x4xf32>)
    : tensor<?x11xf32>, tensor<?x4xi32> -> tensor<?x11xf32>
  return %y, %ids, %weights : tensor<?x11xf32>, tensor<?x4xi32>, tensor<?x4xf32>
}
