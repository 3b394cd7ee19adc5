// V-MoE, training step (vmoe moe.py, nn/routing.py).
// * Noise N(0, 1/E^2) on the logits; scores, choices and weights all come from the noisy logits.
// * Two experts with their raw scores as weights; here two groups of tokens.
// * Capacity ceil(1.05 * 2 S / E) for the S tokens of a group, rounded up to a multiple of 4.
// * Importance loss on the scores without noise, load loss on the chance of being chosen again.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/v-moe.plain.in.safetensors --expect=%S/Data/v-moe.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/v-moe.drops.in.safetensors --expect=%S/Data/v-moe.drops.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/v-moe.empty.in.safetensors --expect=%S/Data/v-moe.empty.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/v-moe.flood.in.safetensors --expect=%S/Data/v-moe.flood.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/v-moe.ties.in.safetensors --expect=%S/Data/v-moe.ties.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/v-moe.t0.in.safetensors --expect=%S/Data/v-moe.t0.out.safetensors --tolerance=1e-5

// CHECK-LABEL: func.func @moe_layer(
// CHECK: moe.aux_loss importance
// CHECK: moe.aux_loss load
// CHECK: moe.capacity mul_then_div
// CHECK: moe.assign_slots k_major %{{.*}} {groups = 2
// CHECK: moe.group_by_expert
func.func @moe_layer(
    %x: tensor<?x12xf32>         {moe.name = "hidden_states"},
    %noise: tensor<?x5xf32>      {moe.name = "noise"},
    %router: tensor<5x12xf32>    {moe.name = "router.weight"},
    %up: tensor<5x9x12xf32>      {moe.name = "experts.up.weight"},
    %up_bias: tensor<5x9xf32>    {moe.name = "experts.up.bias"},
    %down: tensor<5x12x9xf32>    {moe.name = "experts.down.weight"},
    %down_bias: tensor<5x12xf32> {moe.name = "experts.down.bias"})
    -> (tensor<?x12xf32> {moe.name = "hidden_states"},
        tensor<?x2xi32>  {moe.name = "topk_ids"},
        tensor<?x2xf32>  {moe.name = "topk_weights"},
        tensor<?x2xi32>  {moe.name = "slots"},
        tensor<i64>      {moe.name = "capacity"},
        tensor<f32>      {moe.name = "importance_loss"},
        tensor<f32>      {moe.name = "load_loss"}) {
  %c0 = arith.constant 0 : index
  %tokens = tensor.dim %x, %c0 : tensor<?x12xf32>

  // Router: noise / E.
  %logits = moe.gate linear %x, %router : tensor<?x12xf32>, tensor<5x12xf32> -> tensor<?x5xf32>
  %experts = arith.constant 5.0 : f32
  %divisor = tensor.splat %experts[%tokens] : tensor<?x5xf32>
  %scaled = arith.divf %noise, %divisor : tensor<?x5xf32>
  %noisy = arith.addf %logits, %scaled : tensor<?x5xf32>
  %scores = moe.score softmax %noisy : tensor<?x5xf32> -> tensor<?x5xf32>
  %ids = moe.top_k %scores {k = 2} : tensor<?x5xf32>
  %weights = moe.gather_weights %scores, %ids : tensor<?x5xf32>, tensor<?x2xi32>

  // Losses.
  %clean = moe.score softmax %logits : tensor<?x5xf32> -> tensor<?x5xf32>
  %importance_loss = moe.aux_loss importance %clean
    {coefficient = 0.005, groups = 2} : tensor<?x5xf32> -> tensor<f32>
  %load_loss = moe.aux_loss load %logits noisy(%noisy : tensor<?x5xf32>)
    {coefficient = 0.005, groups = 2, k = 2, sigma = 0.2} : tensor<?x5xf32> -> tensor<f32>

  // Slots.
  %c2 = arith.constant 2 : index
  %group_tokens = arith.ceildivui %tokens, %c2 : index
  %c = moe.capacity mul_then_div %group_tokens
    {choices = 2, factor = 1.05, multiple_of = 4, num_experts = 5, rounding = #moe.rounding<ceil>}
  %c_i64 = arith.index_cast %c : index to i64
  %capacity = tensor.from_elements %c_i64 : tensor<i64>
  %kept, %slots = moe.assign_slots k_major %ids, %c {groups = 2, num_experts = 5} : tensor<?x2xi32>
  %offsets, %sources, %positions = moe.group_by_expert %kept
    slots(%slots : tensor<?x2xi32>) capacity(%c)
    {groups = 2, num_experts = 5} : tensor<?x2xi32> -> tensor<6xi32>, tensor<?xi32>, tensor<?x2xi32>

  // Experts.
  %rows = moe.dispatch %x, %sources : tensor<?x12xf32>, tensor<?xi32> -> tensor<?x12xf32>
  %outs = moe.expert_mlp none %rows offsets(%offsets : tensor<6xi32>)
    up(%up : tensor<5x9x12xf32>) down(%down : tensor<5x12x9xf32>)
    up_bias(%up_bias : tensor<5x9xf32>) down_bias(%down_bias : tensor<5x12xf32>)
    {activation = #moe.activation<gelu_tanh>} : tensor<?x12xf32> -> tensor<?x12xf32>
  %y = moe.combine %outs, %positions weights(%weights : tensor<?x2xf32>)
    : tensor<?x12xf32>, tensor<?x2xi32> -> tensor<?x12xf32>
  return %y, %ids, %weights, %slots, %capacity, %importance_loss, %load_loss
    : tensor<?x12xf32>, tensor<?x2xi32>, tensor<?x2xf32>,
      tensor<?x2xi32>, tensor<i64>, tensor<f32>, tensor<f32>
}
