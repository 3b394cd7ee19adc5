// Expert Choice as in Mesh TensorFlow: the softmax of an expert runs over the tokens.
// A token's weights are divided by the number of experts that took it.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/expert-choice-tokens.plain.in.safetensors --expect=%S/Data/expert-choice-tokens.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/expert-choice-tokens.ties.in.safetensors --expect=%S/Data/expert-choice-tokens.ties.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/expert-choice-tokens.t1.in.safetensors --expect=%S/Data/expert-choice-tokens.t1.out.safetensors --tolerance=1e-5

// CHECK: moe.gate linear
// CHECK: moe.score softmax
// CHECK: moe.capacity mul_then_div
// CHECK: moe.top_tokens
// CHECK: moe.gather_weights
// CHECK: moe.gather_weights
// CHECK: moe.normalize_weights
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
  %scores = moe.score softmax %logits {axis = #moe.score_axis<tokens>}
    : tensor<?x6xf32> -> tensor<?x6xf32>
  %c0 = arith.constant 0 : index
  %tokens = tensor.dim %x, %c0 : tensor<?x10xf32>
  %capacity = moe.capacity mul_then_div %tokens
    {at_most_tokens, factor = 1.25 : f64, minimum = 4 : i64, num_experts = 6 : i64}
  %ids = moe.top_tokens %scores, %capacity : tensor<?x6xf32>
  %raw = moe.gather_weights %scores, %ids : tensor<?x6xf32>, tensor<?x6xi32>
  %one = arith.constant 1.0 : f32
  %ones = tensor.splat %one[%tokens] : tensor<?x6xf32>
  %took = moe.gather_weights %ones, %ids : tensor<?x6xf32>, tensor<?x6xi32>
  %share = moe.normalize_weights %took {order = 1.0 : f64} : tensor<?x6xf32>
  %weights = arith.mulf %raw, %share : tensor<?x6xf32>

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
