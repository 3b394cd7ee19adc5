// LongCat-Flash: the last four ids are experts that return their input and cost nothing.
// The bias is added to the probabilities for the choice only; weights are scaled, not normalised,
// and count for the identity experts too.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/longcat.plain.in.safetensors --expect=%S/Data/longcat.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/longcat.ties.in.safetensors --expect=%S/Data/longcat.ties.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/longcat.empty.in.safetensors --expect=%S/Data/longcat.empty.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/longcat.flood.in.safetensors --expect=%S/Data/longcat.flood.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/longcat.t1.in.safetensors --expect=%S/Data/longcat.t1.out.safetensors --tolerance=1e-5

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
    %x:      tensor<?x10xf32>   {moe.name = "hidden_states"},
    %router: tensor<11x10xf32>  {moe.name = "router.weight"},
    %bias:   tensor<11xf32>     {moe.name = "router.bias"},
    %gate:   tensor<7x6x10xf32> {moe.name = "experts.gate.weight"},
    %up:     tensor<7x6x10xf32> {moe.name = "experts.up.weight"},
    %down:   tensor<7x10x6xf32> {moe.name = "experts.down.weight"})
    -> (tensor<?x10xf32> {moe.name = "hidden_states"},
        tensor<?x4xi32>  {moe.name = "topk_ids"},
        tensor<?x4xf32>  {moe.name = "topk_weights"}) {
  %logits = moe.gate linear %x, %router
    : tensor<?x10xf32>, tensor<11x10xf32> -> tensor<?x11xf32>
  %scores = moe.score softmax %logits : tensor<?x11xf32> -> tensor<?x11xf32>
  %ids = moe.top_k %scores bias(%bias : tensor<11xf32>) {k = 4 : i64} : tensor<?x11xf32>
  %chosen = moe.gather_weights %scores, %ids : tensor<?x11xf32>, tensor<?x4xi32>
  %weights = moe.normalize_weights %chosen {scale = 6.0 : f64} : tensor<?x4xf32>

  %offsets, %sources, %positions = moe.group_by_expert %ids
    {num_experts = 11 : i64}
    : tensor<?x4xi32> -> tensor<12xi32>, tensor<?xi32>, tensor<?x4xi32>
  %rows = moe.dispatch %x, %sources : tensor<?x10xf32>, tensor<?xi32> -> tensor<?x10xf32>
  %outputs = moe.expert_mlp separate %rows offsets(%offsets : tensor<12xi32>)
    up(%up : tensor<7x6x10xf32>) gate(%gate : tensor<7x6x10xf32>)
    down(%down : tensor<7x10x6xf32>)
    {activation = #moe.activation<silu>, identity_experts = 4 : i64}
    : tensor<?x10xf32> -> tensor<?x10xf32>
  %y = moe.combine %outputs, %positions weights(%weights : tensor<?x4xf32>)
    : tensor<?x10xf32>, tensor<?x4xi32> -> tensor<?x10xf32>
  return %y, %ids, %weights : tensor<?x10xf32>, tensor<?x4xi32>, tensor<?x4xf32>
}
