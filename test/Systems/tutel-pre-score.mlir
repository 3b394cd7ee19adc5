// Tutel with is_postscore = False.
// * The routing weight multiplies the input of the expert instead of its result. The experts have
//   biases, so this is another function.
// * Capacity 2 trunc(1.0 ceil(T / E)); weights are normalised before dropping.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/tutel-pre-score.plain.in.safetensors --expect=%S/Data/tutel-pre-score.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/tutel-pre-score.drops.in.safetensors --expect=%S/Data/tutel-pre-score.drops.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/tutel-pre-score.ties.in.safetensors --expect=%S/Data/tutel-pre-score.ties.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/tutel-pre-score.empty.in.safetensors --expect=%S/Data/tutel-pre-score.empty.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/tutel-pre-score.flood.in.safetensors --expect=%S/Data/tutel-pre-score.flood.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/tutel-pre-score.t0.in.safetensors --expect=%S/Data/tutel-pre-score.t0.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/tutel-pre-score.t1.in.safetensors --expect=%S/Data/tutel-pre-score.t1.out.safetensors --tolerance=1e-5

// CHECK-LABEL: func.func @moe_layer(
// CHECK: moe.dispatch %{{.*}} weights(
// CHECK: moe.expert_mlp none
// CHECK: moe.combine
func.func @moe_layer(
    %x: tensor<?x10xf32>         {moe.name = "hidden_states"},
    %router: tensor<4x10xf32>    {moe.name = "router.weight"},
    %up: tensor<4x7x10xf32>      {moe.name = "experts.up.weight"},
    %up_bias: tensor<4x7xf32>    {moe.name = "experts.up.bias"},
    %down: tensor<4x10x7xf32>    {moe.name = "experts.down.weight"},
    %down_bias: tensor<4x10xf32> {moe.name = "experts.down.bias"})
    -> (tensor<?x10xf32> {moe.name = "hidden_states"},
        tensor<?x2xi32>  {moe.name = "topk_ids"},
        tensor<?x2xf32>  {moe.name = "topk_weights"},
        tensor<?x2xi32>  {moe.name = "slots"},
        tensor<i64>      {moe.name = "capacity"}) {
  %c0 = arith.constant 0 : index
  %tokens = tensor.dim %x, %c0 : tensor<?x10xf32>

  // Router.
  %logits = moe.gate linear %x, %router : tensor<?x10xf32>, tensor<4x10xf32> -> tensor<?x4xf32>
  %scores = moe.score softmax %logits : tensor<?x4xf32> -> tensor<?x4xf32>
  %ids = moe.top_k %scores {k = 2} : tensor<?x4xf32>
  %gates = moe.gather_weights %scores, %ids : tensor<?x4xf32>, tensor<?x2xi32>
  %weights = moe.normalize_weights %gates
    {eps = 1.1920928955078125e-07, eps_mode = #moe.eps_mode<clamp>, order = 1.0}
    : tensor<?x2xf32>

  // Slots.
  %c = moe.capacity ceil_div_then_mul %tokens
    {factor = 1.0, multiplier = 2, num_experts = 4}
  %c_i64 = arith.index_cast %c : index to i64
  %capacity = tensor.from_elements %c_i64 : tensor<i64>
  %kept, %slots = moe.assign_slots k_major %ids, %c {num_experts = 4} : tensor<?x2xi32>
  %offsets, %sources, %positions = moe.group_by_expert %kept
    slots(%slots : tensor<?x2xi32>) capacity(%c)
    {num_experts = 4} : tensor<?x2xi32> -> tensor<5xi32>, tensor<?xi32>, tensor<?x2xi32>

  // Experts.
  %rows = moe.dispatch %x, %sources
    weights(%weights : tensor<?x2xf32>) positions(%positions : tensor<?x2xi32>)
    : tensor<?x10xf32>, tensor<?xi32> -> tensor<?x10xf32>
  %outs = moe.expert_mlp none %rows offsets(%offsets : tensor<5xi32>)
    up(%up : tensor<4x7x10xf32>) down(%down : tensor<4x10x7xf32>)
    up_bias(%up_bias : tensor<4x7xf32>) down_bias(%down_bias : tensor<4x10xf32>)
    {activation = #moe.activation<relu>} : tensor<?x10xf32> -> tensor<?x10xf32>
  %y = moe.combine %outs, %positions
    : tensor<?x10xf32>, tensor<?x2xi32> -> tensor<?x10xf32>
  return %y, %ids, %weights, %slots, %capacity
    : tensor<?x10xf32>, tensor<?x2xi32>, tensor<?x2xf32>, tensor<?x2xi32>, tensor<i64>
}
