// Jamba: softmax over all experts, the two largest, weights as they are (not normalised).

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/jamba.plain.in.safetensors --expect=%S/Data/jamba.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/jamba.ties.in.safetensors --expect=%S/Data/jamba.ties.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/jamba.empty.in.safetensors --expect=%S/Data/jamba.empty.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/jamba.flood.in.safetensors --expect=%S/Data/jamba.flood.out.safetensors --tolerance=1e-5

// CHECK: moe.gate linear
// CHECK: moe.score softmax
// CHECK: moe.top_k
// CHECK: moe.gather_weights
// CHECK: moe.group_by_expert
// CHECK: moe.dispatch
// CHECK: moe.expert_mlp separate
// CHECK: moe.combine

func.func @moe_layer(
    %x:      tensor<?x10xf32>   {moe.name = "hidden_states"},
    %router: tensor<9x10xf32>   {moe.name = "router.weight"},
    %gate:   tensor<9x7x10xf32> {moe.name = "experts.gate.weight"},
    %up:     tensor<9x7x10xf32> {moe.name = "experts.up.weight"},
    %down:   tensor<9x10x7xf32> {moe.name = "experts.down.weight"})
    -> (tensor<?x10xf32> {moe.name = "hidden_states"},
        tensor<?x2xi32>  {moe.name = "topk_ids"},
        tensor<?x2xf32>  {moe.name = "topk_weights"}) {
  %logits = moe.gate linear %x, %router
    : tensor<?x10xf32>, tensor<9x10xf32> -> tensor<?x9xf32>
  %scores = moe.score softmax %logits : tensor<?x9xf32> -> tensor<?x9xf32>
  %ids = moe.top_k %scores {k = 2 : i64} : tensor<?x9xf32>
  %weights = moe.gather_weights %scores, %ids : tensor<?x9xf32>, tensor<?x2xi32>

  %offsets, %sources, %positions = moe.group_by_expert %ids
    {num_experts = 9 : i64}
    : tensor<?x2xi32> -> tensor<10xi32>, tensor<?xi32>, tensor<?x2xi32>
  %rows = moe.dispatch %x, %sources : tensor<?x10xf32>, tensor<?xi32> -> tensor<?x10xf32>
  %outputs = moe.expert_mlp separate %rows offsets(%offsets : tensor<10xi32>)
    up(%up : tensor<9x7x10xf32>) gate(%gate : tensor<9x7x10xf32>)
    down(%down : tensor<9x10x7xf32>) {activation = #moe.activation<silu>}
    : tensor<?x10xf32> -> tensor<?x10xf32>
  %y = moe.combine %outputs, %positions weights(%weights : tensor<?x2xf32>)
    : tensor<?x10xf32>, tensor<?x2xi32> -> tensor<?x10xf32>
  return %y, %ids, %weights : tensor<?x10xf32>, tensor<?x2xi32>, tensor<?x2xf32>
}
