// Phi-3.5-MoE: SparseMixer at evaluation. The experts are chosen one after another, and each weight
// comes from a softmax over the expert and those rivals whose logit is within 2 %.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/phi-3.5.plain.in.safetensors --expect=%S/Data/phi-3.5.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/phi-3.5.rivals.in.safetensors --expect=%S/Data/phi-3.5.rivals.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/phi-3.5.ties.in.safetensors --expect=%S/Data/phi-3.5.ties.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/phi-3.5.empty.in.safetensors --expect=%S/Data/phi-3.5.empty.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/phi-3.5.flood.in.safetensors --expect=%S/Data/phi-3.5.flood.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/phi-3.5.t1.in.safetensors --expect=%S/Data/phi-3.5.t1.out.safetensors --tolerance=1e-5

// CHECK: moe.gate linear
// CHECK: moe.sequential_top_k
// CHECK: moe.group_by_expert
// CHECK: moe.dispatch
// CHECK: moe.expert_mlp separate
// CHECK: moe.combine

func.func @moe_layer(
    %x:      tensor<?x10xf32>   {moe.name = "hidden_states"},
    %router: tensor<8x10xf32>   {moe.name = "router.weight"},
    %gate:   tensor<8x6x10xf32> {moe.name = "experts.gate.weight"},
    %up:     tensor<8x6x10xf32> {moe.name = "experts.up.weight"},
    %down:   tensor<8x10x6xf32> {moe.name = "experts.down.weight"})
    -> (tensor<?x10xf32> {moe.name = "hidden_states"},
        tensor<?x2xi32>  {moe.name = "topk_ids"},
        tensor<?x2xf32>  {moe.name = "topk_weights"}) {
  %logits = moe.gate linear %x, %router
    : tensor<?x10xf32>, tensor<8x10xf32> -> tensor<?x8xf32>
  %ids, %weights = moe.sequential_top_k %logits {k = 2 : i64, relative_gap = 0.02 : f64}
    : tensor<?x8xf32>

  %offsets, %sources, %positions = moe.group_by_expert %ids
    {num_experts = 8 : i64}
    : tensor<?x2xi32> -> tensor<9xi32>, tensor<?xi32>, tensor<?x2xi32>
  %rows = moe.dispatch %x, %sources : tensor<?x10xf32>, tensor<?xi32> -> tensor<?x10xf32>
  %outputs = moe.expert_mlp separate %rows offsets(%offsets : tensor<9xi32>)
    up(%up : tensor<8x6x10xf32>) gate(%gate : tensor<8x6x10xf32>)
    down(%down : tensor<8x10x6xf32>) {activation = #moe.activation<silu>}
    : tensor<?x10xf32> -> tensor<?x10xf32>
  %y = moe.combine %outputs, %positions weights(%weights : tensor<?x2xf32>)
    : tensor<?x10xf32>, tensor<?x2xi32> -> tensor<?x10xf32>
  return %y, %ids, %weights : tensor<?x10xf32>, tensor<?x2xi32>, tensor<?x2xf32>
}
