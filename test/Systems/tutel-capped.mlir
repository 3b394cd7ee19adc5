// Tutel with a negative capacity factor.
// * There are as many slots as the busiest expert needs, but at most 2 trunc(1.1 ceil(T / E)),
//   then rounded up to a multiple of 2.
// * Weights are normalised before dropping, the sum clamped at the f32 epsilon.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/tutel-capped.plain.in.safetensors --expect=%S/Data/tutel-capped.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/tutel-capped.drops.in.safetensors --expect=%S/Data/tutel-capped.drops.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/tutel-capped.ties.in.safetensors --expect=%S/Data/tutel-capped.ties.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/tutel-capped.empty.in.safetensors --expect=%S/Data/tutel-capped.empty.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/tutel-capped.flood.in.safetensors --expect=%S/Data/tutel-capped.flood.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/tutel-capped.t0.in.safetensors --expect=%S/Data/tutel-capped.t0.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/tutel-capped.t1.in.safetensors --expect=%S/Data/tutel-capped.t1.out.safetensors --tolerance=1e-5

// CHECK-LABEL: func.func @moe_layer(
// CHECK: moe.count
// CHECK: moe.capacity ceil_div_then_mul %{{.*}} counts(
// CHECK: moe.assign_slots k_major
func.func @moe_layer(
    %x: tensor<?x8xf32>         {moe.name = "hidden_states"},
    %router: tensor<5x8xf32>    {moe.name = "router.weight"},
    %up: tensor<5x9x8xf32>      {moe.name = "experts.up.weight"},
    %up_bias: tensor<5x9xf32>   {moe.name = "experts.up.bias"},
    %down: tensor<5x8x9xf32>    {moe.name = "experts.down.weight"},
    %down_bias: tensor<5x8xf32> {moe.name = "experts.down.bias"})
    -> (tensor<?x8xf32> {moe.name = "hidden_states"},
        tensor<?x2xi32> {moe.name = "topk_ids"},
        tensor<?x2xf32> {moe.name = "topk_weights"},
        tensor<?x2xi32> {moe.name = "slots"},
        tensor<i64>     {moe.name = "capacity"}) {
  %c0 = arith.constant 0 : index
  %tokens = tensor.dim %x, %c0 : tensor<?x8xf32>

  // Router.
  %logits = moe.gate linear %x, %router : tensor<?x8xf32>, tensor<5x8xf32> -> tensor<?x5xf32>
  %scores = moe.score softmax %logits : tensor<?x5xf32> -> tensor<?x5xf32>
  %ids = moe.top_k %scores {k = 2} : tensor<?x5xf32>
  %gates = moe.gather_weights %scores, %ids : tensor<?x5xf32>, tensor<?x2xi32>
  %weights = moe.normalize_weights %gates
    {eps = 1.1920928955078125e-07, eps_mode = #moe.eps_mode<clamp>, order = 1.0}
    : tensor<?x2xf32>

  // Slots.
  %counts = moe.count %ids {num_experts = 5} : tensor<?x2xi32>
  %c = moe.capacity ceil_div_then_mul %tokens counts(%counts : tensor<5xi32>)
    {factor = 1.1, multiple_of = 2, multiplier = 2, num_experts = 5}
  %c_i64 = arith.index_cast %c : index to i64
  %capacity = tensor.from_elements %c_i64 : tensor<i64>
  %kept, %slots = moe.assign_slots k_major %ids, %c {num_experts = 5} : tensor<?x2xi32>
  %offsets, %sources, %positions = moe.group_by_expert %kept
    slots(%slots : tensor<?x2xi32>) capacity(%c)
    {num_experts = 5} : tensor<?x2xi32> -> tensor<6xi32>, tensor<?xi32>, tensor<?x2xi32>

  // Experts.
  %rows = moe.dispatch %x, %sources : tensor<?x8xf32>, tensor<?xi32> -> tensor<?x8xf32>
  %outs = moe.expert_mlp none %rows offsets(%offsets : tensor<6xi32>)
    up(%up : tensor<5x9x8xf32>) down(%down : tensor<5x8x9xf32>) up_bias(%up_bias : tensor<5x9xf32>)
    down_bias(%down_bias : tensor<5x8xf32>)
    {activation = #moe.activation<relu>} : tensor<?x8xf32> -> tensor<?x8xf32>
  %y = moe.combine %outs, %positions weights(%weights : tensor<?x2xf32>)
    : tensor<?x8xf32>, tensor<?x2xi32> -> tensor<?x8xf32>
  return %y, %ids, %weights, %slots, %capacity
    : tensor<?x8xf32>, tensor<?x2xi32>, tensor<?x2xf32>, tensor<?x2xi32>, tensor<i64>
}
