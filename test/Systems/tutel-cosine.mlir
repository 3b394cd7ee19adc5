// Tutel's cosine gate (tutel/gates/cosine_top.py).
// * The router compares directions: the token is projected, then its cosine with each column of a
//   matrix is scaled by exp of a learned temperature, which is clamped at ln 100.
// * Capacity 2 trunc(1.0 ceil(T / E)); weights are normalised before dropping.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/tutel-cosine.plain.in.safetensors --expect=%S/Data/tutel-cosine.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/tutel-cosine.ties.in.safetensors --expect=%S/Data/tutel-cosine.ties.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/tutel-cosine.empty.in.safetensors --expect=%S/Data/tutel-cosine.empty.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/tutel-cosine.flood.in.safetensors --expect=%S/Data/tutel-cosine.flood.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/tutel-cosine.clamped.in.safetensors --expect=%S/Data/tutel-cosine.clamped.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/tutel-cosine.t0.in.safetensors --expect=%S/Data/tutel-cosine.t0.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/tutel-cosine.t1.in.safetensors --expect=%S/Data/tutel-cosine.t1.out.safetensors --tolerance=1e-5

// CHECK-LABEL: func.func @moe_layer(
// CHECK: arith.minimumf
// CHECK: moe.gate linear
// CHECK: moe.gate cosine %{{.*}} scale(
// CHECK: norm_eps_mode = #moe.eps_mode<clamp>
func.func @moe_layer(
    %x: tensor<?x9xf32>          {moe.name = "hidden_states"},
    %proj: tensor<7x9xf32>       {moe.name = "router.proj.weight"},
    %proj_bias: tensor<7xf32>    {moe.name = "router.proj.bias"},
    %similarity: tensor<7x5xf32> {moe.name = "router.sim_matrix"},
    %temperature: tensor<f32>    {moe.name = "router.temperature"},
    %up: tensor<5x8x9xf32>       {moe.name = "experts.up.weight"},
    %up_bias: tensor<5x8xf32>    {moe.name = "experts.up.bias"},
    %down: tensor<5x9x8xf32>     {moe.name = "experts.down.weight"},
    %down_bias: tensor<5x9xf32>  {moe.name = "experts.down.bias"})
    -> (tensor<?x9xf32> {moe.name = "hidden_states"},
        tensor<?x2xi32> {moe.name = "topk_ids"},
        tensor<?x2xf32> {moe.name = "topk_weights"},
        tensor<?x2xi32> {moe.name = "slots"},
        tensor<i64>     {moe.name = "capacity"}) {
  %c0 = arith.constant 0 : index
  %tokens = tensor.dim %x, %c0 : tensor<?x9xf32>

  // Router.
  %limit = arith.constant dense<4.60517019> : tensor<f32>
  %clamped = arith.minimumf %temperature, %limit : tensor<f32>
  %scale = math.exp %clamped : tensor<f32>
  %z = moe.gate linear %x, %proj bias(%proj_bias : tensor<7xf32>)
    : tensor<?x9xf32>, tensor<7x9xf32> -> tensor<?x7xf32>
  %logits = moe.gate cosine %z, %similarity scale(%scale : tensor<f32>)
    {layout = #moe.matrix_layout<in_out>, norm_eps = 1.0e-12, norm_eps_mode = #moe.eps_mode<clamp>}
    : tensor<?x7xf32>, tensor<7x5xf32> -> tensor<?x5xf32>
  %scores = moe.score softmax %logits : tensor<?x5xf32> -> tensor<?x5xf32>
  %ids = moe.top_k %scores {k = 2} : tensor<?x5xf32>
  %gates = moe.gather_weights %scores, %ids : tensor<?x5xf32>, tensor<?x2xi32>
  %weights = moe.normalize_weights %gates
    {eps = 1.1920928955078125e-07, eps_mode = #moe.eps_mode<clamp>, order = 1.0}
    : tensor<?x2xf32>

  // Slots.
  %c = moe.capacity ceil_div_then_mul %tokens
    {factor = 1.0, multiplier = 2, num_experts = 5}
  %c_i64 = arith.index_cast %c : index to i64
  %capacity = tensor.from_elements %c_i64 : tensor<i64>
  %kept, %slots = moe.assign_slots k_major %ids, %c {num_experts = 5} : tensor<?x2xi32>
  %offsets, %sources, %positions = moe.group_by_expert %kept
    slots(%slots : tensor<?x2xi32>) capacity(%c)
    {num_experts = 5} : tensor<?x2xi32> -> tensor<6xi32>, tensor<?xi32>, tensor<?x2xi32>

  // Experts.
  %rows = moe.dispatch %x, %sources : tensor<?x9xf32>, tensor<?xi32> -> tensor<?x9xf32>
  %outs = moe.expert_mlp none %rows offsets(%offsets : tensor<6xi32>)
    up(%up : tensor<5x8x9xf32>) down(%down : tensor<5x9x8xf32>) up_bias(%up_bias : tensor<5x8xf32>)
    down_bias(%down_bias : tensor<5x9xf32>)
    {activation = #moe.activation<relu>} : tensor<?x9xf32> -> tensor<?x9xf32>
  %y = moe.combine %outs, %positions weights(%weights : tensor<?x2xf32>)
    : tensor<?x9xf32>, tensor<?x2xi32> -> tensor<?x9xf32>
  return %y, %ids, %weights, %slots, %capacity
    : tensor<?x9xf32>, tensor<?x2xi32>, tensor<?x2xf32>, tensor<?x2xi32>, tensor<i64>
}
