// Tutel with a positive capacity factor, training step (tutel/impls).
// * Noise N(0, 1/E^2) on the logits, which the scores, weights and the balance loss see too.
// * Weights are normalised before dropping, the sum clamped at the f32 epsilon.
// * Capacity 2 trunc(1.25 ceil(T / E)): the quotient is rounded up first, the two choices multiply
//   last; then up to a multiple of 4, as for four chunks of overlapped communication.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/tutel.plain.in.safetensors --expect=%S/Data/tutel.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/tutel.drops.in.safetensors --expect=%S/Data/tutel.drops.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/tutel.empty.in.safetensors --expect=%S/Data/tutel.empty.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/tutel.flood.in.safetensors --expect=%S/Data/tutel.flood.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/tutel.ties.in.safetensors --expect=%S/Data/tutel.ties.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/tutel.t0.in.safetensors --expect=%S/Data/tutel.t0.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/tutel.t1.in.safetensors --expect=%S/Data/tutel.t1.out.safetensors --tolerance=1e-5

// CHECK-LABEL: func.func @moe_layer(
// CHECK: moe.normalize_weights
// CHECK: moe.capacity ceil_div_then_mul %{{.*}} {factor = 1.250000e+00 : f64, multiple_of = 4 : i64, multiplier = 2
// CHECK: moe.assign_slots k_major
func.func @moe_layer(
    %x: tensor<?x10xf32>         {moe.name = "hidden_states"},
    %noise: tensor<?x5xf32>      {moe.name = "noise"},
    %router: tensor<5x10xf32>    {moe.name = "router.weight"},
    %up: tensor<5x9x10xf32>      {moe.name = "experts.up.weight"},
    %up_bias: tensor<5x9xf32>    {moe.name = "experts.up.bias"},
    %down: tensor<5x10x9xf32>    {moe.name = "experts.down.weight"},
    %down_bias: tensor<5x10xf32> {moe.name = "experts.down.bias"})
    -> (tensor<?x10xf32> {moe.name = "hidden_states"},
        tensor<?x2xi32>  {moe.name = "topk_ids"},
        tensor<?x2xf32>  {moe.name = "topk_weights"},
        tensor<?x2xi32>  {moe.name = "slots"},
        tensor<i64>      {moe.name = "capacity"},
        tensor<f32>      {moe.name = "aux_loss"}) {
  %c0 = arith.constant 0 : index
  %tokens = tensor.dim %x, %c0 : tensor<?x10xf32>

  // Router: noise / E.
  %clean = moe.gate linear %x, %router : tensor<?x10xf32>, tensor<5x10xf32> -> tensor<?x5xf32>
  %experts = arith.constant 5.0 : f32
  %divisor = tensor.splat %experts[%tokens] : tensor<?x5xf32>
  %scaled = arith.divf %noise, %divisor : tensor<?x5xf32>
  %logits = arith.addf %clean, %scaled : tensor<?x5xf32>
  %scores = moe.score softmax %logits : tensor<?x5xf32> -> tensor<?x5xf32>
  %ids = moe.top_k %scores {k = 2} : tensor<?x5xf32>
  %gates = moe.gather_weights %scores, %ids : tensor<?x5xf32>, tensor<?x2xi32>
  %weights = moe.normalize_weights %gates
    {eps = 1.1920928955078125e-07, eps_mode = #moe.eps_mode<clamp>, order = 1.0}
    : tensor<?x2xf32>
  %first = tensor.extract_slice %ids[0, 0] [%tokens, 1] [1, 1]
    : tensor<?x2xi32> to tensor<?x1xi32>
  %aux_loss = moe.aux_loss balance %scores indices(%first : tensor<?x1xi32>)
    : tensor<?x5xf32> -> tensor<f32>

  // Slots.
  %c = moe.capacity ceil_div_then_mul %tokens
    {factor = 1.25, multiple_of = 4, multiplier = 2, num_experts = 5}
  %c_i64 = arith.index_cast %c : index to i64
  %capacity = tensor.from_elements %c_i64 : tensor<i64>
  %kept, %slots = moe.assign_slots k_major %ids, %c {num_experts = 5} : tensor<?x2xi32>
  %offsets, %sources, %positions = moe.group_by_expert %kept
    slots(%slots : tensor<?x2xi32>) capacity(%c)
    {num_experts = 5} : tensor<?x2xi32> -> tensor<6xi32>, tensor<?xi32>, tensor<?x2xi32>

  // Experts.
  %rows = moe.dispatch %x, %sources : tensor<?x10xf32>, tensor<?xi32> -> tensor<?x10xf32>
  %outs = moe.expert_mlp none %rows offsets(%offsets : tensor<6xi32>)
    up(%up : tensor<5x9x10xf32>) down(%down : tensor<5x10x9xf32>)
    up_bias(%up_bias : tensor<5x9xf32>) down_bias(%down_bias : tensor<5x10xf32>)
    {activation = #moe.activation<relu>} : tensor<?x10xf32> -> tensor<?x10xf32>
  %y = moe.combine %outs, %positions weights(%weights : tensor<?x2xf32>)
    : tensor<?x10xf32>, tensor<?x2xi32> -> tensor<?x10xf32>
  return %y, %ids, %weights, %slots, %capacity, %aux_loss
    : tensor<?x10xf32>, tensor<?x2xi32>, tensor<?x2xf32>, tensor<?x2xi32>, tensor<i64>, tensor<f32>
}
