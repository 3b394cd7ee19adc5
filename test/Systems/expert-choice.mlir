// Expert Choice: each expert takes the tokens that score it highest.
// The choice is a T x E matrix of ids, -1 where an expert did not take a token; a token may have
// any number of experts. Weights are raw softmax values.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/expert-choice.plain.in.safetensors --expect=%S/Data/expert-choice.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/expert-choice.ties.in.safetensors --expect=%S/Data/expert-choice.ties.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/expert-choice.half.in.safetensors --expect=%S/Data/expert-choice.half.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/expert-choice.t0.in.safetensors --expect=%S/Data/expert-choice.t0.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/expert-choice.t1.in.safetensors --expect=%S/Data/expert-choice.t1.out.safetensors --tolerance=1e-5

// CHECK: moe.gate linear
// CHECK: moe.score softmax
// CHECK: moe.capacity mul_then_div
// CHECK: moe.top_tokens
// CHECK: moe.gather_weights
// CHECK: moe.group_by_expert
// CHECK: moe.dispatch
// CHECK: moe.expert_mlp none
// CHECK: moe.combine

func.func @moe_layer(
    %x:      tensor<?x10xf32>   {moe.name = "hidden_states"},
    %router: tensor<6x10xf32>   {moe.name = "router.weight"},
    %up:     tensor<6x9x10xf32> {moe.name = "experts.up.weight"},
    %down:   tensor<6x10x9xf32> {moe.name = "experts.down.weight"})
    -> (tensor<?x10xf32> {moe.name = "hidden_states"},
        tensor<?x6xi32>  {moe.name = "topk_ids"},
        tensor<?x6xf32>  {moe.name = "topk_weights"},
        tensor<i64>      {moe.name = "capacity"}) {
  %logits = moe.gate linear %x, %router
    : tensor<?x10xf32>, tensor<6x10xf32> -> tensor<?x6xf32>
  %scores = moe.score softmax %logits : tensor<?x6xf32> -> tensor<?x6xf32>
  %c0 = arith.constant 0 : index
  %tokens = tensor.dim %x, %c0 : tensor<?x10xf32>
  %capacity = moe.capacity mul_then_div %tokens
    {factor = 1.5 : f64, num_experts = 6 : i64, rounding = #moe.rounding<half_even>}
  %ids = moe.top_tokens %scores, %capacity : tensor<?x6xf32>
  %weights = moe.gather_weights %scores, %ids : tensor<?x6xf32>, tensor<?x6xi32>

  %offsets, %sources, %positions = moe.group_by_expert %ids
    {num_experts = 6 : i64}
    : tensor<?x6xi32> -> tensor<7xi32>, tensor<?xi32>, tensor<?x6xi32>
  %rows = moe.dispatch %x, %sources : tensor<?x10xf32>, tensor<?xi32> -> tensor<?x10xf32>
  %outputs = moe.expert_mlp none %rows offsets(%offsets : tensor<7xi32>)
    up(%up : tensor<6x9x10xf32>) down(%down : tensor<6x10x9xf32>)
    {activation = #moe.activation<relu>}
    : tensor<?x10xf32> -> tensor<?x10xf32>
  %y = moe.combine %outputs, %positions weights(%weights : tensor<?x6xf32>)
    : tensor<?x10xf32>, tensor<?x6xi32> -> tensor<?x10xf32>

  %c64 = arith.index_cast %capacity : index to i64
  %capacity_out = tensor.from_elements %c64 : tensor<i64>
  return %y, %ids, %weights, %capacity_out
    : tensor<?x10xf32>, tensor<?x6xi32>, tensor<?x6xf32>, tensor<i64>
}
