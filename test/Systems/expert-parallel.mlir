// One device of an expert-parallel layer: it routes over 12 experts and holds those from 5 to 8.
// Choices of experts elsewhere have no row here, so they add nothing to the result.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/expert-parallel.plain.in.safetensors --expect=%S/Data/expert-parallel.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/expert-parallel.ties.in.safetensors --expect=%S/Data/expert-parallel.ties.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/expert-parallel.empty.in.safetensors --expect=%S/Data/expert-parallel.empty.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/expert-parallel.flood.in.safetensors --expect=%S/Data/expert-parallel.flood.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/expert-parallel.t0.in.safetensors --expect=%S/Data/expert-parallel.t0.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/expert-parallel.t1.in.safetensors --expect=%S/Data/expert-parallel.t1.out.safetensors --tolerance=1e-5

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
    %router: tensor<12x10xf32>  {moe.name = "router.weight"},
    %gate:   tensor<4x6x10xf32> {moe.name = "experts.gate.weight"},
    %up:     tensor<4x6x10xf32> {moe.name = "experts.up.weight"},
    %down:   tensor<4x10x6xf32> {moe.name = "experts.down.weight"})
    -> (tensor<?x10xf32> {moe.name = "hidden_states"},
        tensor<?x3xi32>  {moe.name = "topk_ids"},
        tensor<?x3xf32>  {moe.name = "topk_weights"}) {
  %logits = moe.gate linear %x, %router
    : tensor<?x10xf32>, tensor<12x10xf32> -> tensor<?x12xf32>
  %scores = moe.score softmax %logits : tensor<?x12xf32> -> tensor<?x12xf32>
  %ids = moe.top_k %scores {k = 3 : i64} : tensor<?x12xf32>
  %chosen = moe.gather_weights %scores, %ids : tensor<?x12xf32>, tensor<?x3xi32>
  %weights = moe.normalize_weights %chosen {order = 1.0 : f64} : tensor<?x3xf32>

  %offsets, %sources, %positions = moe.group_by_expert %ids
    {first_expert = 5 : i64, num_experts = 4 : i64}
    : tensor<?x3xi32> -> tensor<5xi32>, tensor<?xi32>, tensor<?x3xi32>
  %rows = moe.dispatch %x, %sources : tensor<?x10xf32>, tensor<?xi32> -> tensor<?x10xf32>
  %outputs = moe.expert_mlp separate %rows offsets(%offsets : tensor<5xi32>)
    up(%up : tensor<4x6x10xf32>) gate(%gate : tensor<4x6x10xf32>)
    down(%down : tensor<4x10x6xf32>) {activation = #moe.activation<silu>}
    : tensor<?x10xf32> -> tensor<?x10xf32>
  %y = moe.combine %outputs, %positions weights(%weights : tensor<?x3xf32>)
    : tensor<?x10xf32>, tensor<?x3xi32> -> tensor<?x10xf32>
  return %y, %ids, %weights : tensor<?x10xf32>, tensor<?x3xi32>, tensor<?x3xf32>
}
