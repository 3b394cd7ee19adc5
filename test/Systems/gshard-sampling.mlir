// GShard with a sampled second expert (praxis gshard_utils.py, policy "sampling").
// * The second expert is the best of the others after Gumbel noise; noise never weighs.
// * Weights are normalised after dropping: a token that lost one choice gives all its weight to
//   the other.
// * Capacity trunc(2 T / E), rounded up to a multiple of 4; gated GELU experts.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/gshard-sampling.plain.in.safetensors --expect=%S/Data/gshard-sampling.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/gshard-sampling.drops.in.safetensors --expect=%S/Data/gshard-sampling.drops.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/gshard-sampling.ties.in.safetensors --expect=%S/Data/gshard-sampling.ties.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/gshard-sampling.empty.in.safetensors --expect=%S/Data/gshard-sampling.empty.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/gshard-sampling.flood.in.safetensors --expect=%S/Data/gshard-sampling.flood.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/gshard-sampling.t0.in.safetensors --expect=%S/Data/gshard-sampling.t0.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/gshard-sampling.t1.in.safetensors --expect=%S/Data/gshard-sampling.t1.out.safetensors --tolerance=1e-5

// CHECK-LABEL: func.func @moe_layer(
// CHECK: moe.top_k %{{.*}} {k = 1
// CHECK: moe.top_k %{{.*}} except(
// CHECK: tensor.concat dim(1)
// CHECK: moe.assign_slots k_major
// CHECK: moe.gather_weights
// CHECK: moe.normalize_weights
func.func @moe_layer(
    %x: tensor<?x10xf32>       {moe.name = "hidden_states"},
    %gumbel: tensor<?x6xf32>   {moe.name = "gumbel"},
    %router: tensor<6x10xf32>  {moe.name = "router.weight"},
    %gate: tensor<6x12x10xf32> {moe.name = "experts.gate.weight"},
    %up: tensor<6x12x10xf32>   {moe.name = "experts.up.weight"},
    %down: tensor<6x10x12xf32> {moe.name = "experts.down.weight"})
    -> (tensor<?x10xf32> {moe.name = "hidden_states"},
        tensor<?x2xi32>  {moe.name = "topk_ids"},
        tensor<?x2xf32>  {moe.name = "topk_weights"},
        tensor<?x2xi32>  {moe.name = "slots"},
        tensor<i64>      {moe.name = "capacity"},
        tensor<f32>      {moe.name = "aux_loss"}) {
  %c0 = arith.constant 0 : index
  %tokens = tensor.dim %x, %c0 : tensor<?x10xf32>

  // Router.
  %logits = moe.gate linear %x, %router : tensor<?x10xf32>, tensor<6x10xf32> -> tensor<?x6xf32>
  %scores = moe.score softmax %logits : tensor<?x6xf32> -> tensor<?x6xf32>
  %first = moe.top_k %scores {k = 1} : tensor<?x6xf32>
  %aux_loss = moe.aux_loss balance %scores indices(%first : tensor<?x1xi32>)
    {coefficient = 0.01} : tensor<?x6xf32> -> tensor<f32>

  // The second choice: the best noisy logit of the other experts.
  %noisy = arith.addf %logits, %gumbel : tensor<?x6xf32>
  %second = moe.top_k %noisy except(%first : tensor<?x1xi32>) {k = 1} : tensor<?x6xf32>
  %ids = tensor.concat dim(1) %first, %second
    : (tensor<?x1xi32>, tensor<?x1xi32>) -> tensor<?x2xi32>

  // Slots.
  %c = moe.capacity mul_then_div %tokens
    {factor = 2.0, minimum = 4, multiple_of = 4, num_experts = 6}
  %c_i64 = arith.index_cast %c : index to i64
  %capacity = tensor.from_elements %c_i64 : tensor<i64>
  %kept, %slots = moe.assign_slots k_major %ids, %c {num_experts = 6} : tensor<?x2xi32>
  %offsets, %sources, %positions = moe.group_by_expert %kept
    slots(%slots : tensor<?x2xi32>) capacity(%c)
    {num_experts = 6} : tensor<?x2xi32> -> tensor<7xi32>, tensor<?xi32>, tensor<?x2xi32>

  // Weights of what was kept.
  %gates = moe.gather_weights %scores, %kept : tensor<?x6xf32>, tensor<?x2xi32>
  %weights = moe.normalize_weights %gates {order = 1.0} : tensor<?x2xf32>

  // Experts.
  %rows = moe.dispatch %x, %sources : tensor<?x10xf32>, tensor<?xi32> -> tensor<?x10xf32>
  %outs = moe.expert_mlp separate %rows offsets(%offsets : tensor<7xi32>)
    up(%up : tensor<6x12x10xf32>) gate(%gate : tensor<6x12x10xf32>)
    down(%down : tensor<6x10x12xf32>)
    {activation = #moe.activation<gelu_tanh>} : tensor<?x10xf32> -> tensor<?x10xf32>
  %y = moe.combine %outs, %positions weights(%weights : tensor<?x2xf32>)
    : tensor<?x10xf32>, tensor<?x2xi32> -> tensor<?x10xf32>
  return %y, %kept, %weights, %slots, %capacity, %aux_loss
    : tensor<?x10xf32>, tensor<?x2xi32>, tensor<?x2xf32>, tensor<?x2xi32>, tensor<i64>, tensor<f32>
}
