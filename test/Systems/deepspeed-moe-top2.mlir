// DeepSpeed-MoE top-2 gate (deepspeed/moe/sharded_moe.py, top2gating).
// * The second expert is the best of the others after Gumbel noise, in evaluation too.
// * Capacity ceil((T / E) * 2.0) in f32, at least 4; all first choices come before all second ones.
// * Weights are normalised after dropping, the sum clamped at the f32 epsilon.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/deepspeed-moe-top2.plain.in.safetensors --expect=%S/Data/deepspeed-moe-top2.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/deepspeed-moe-top2.drops.in.safetensors --expect=%S/Data/deepspeed-moe-top2.drops.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/deepspeed-moe-top2.ties.in.safetensors --expect=%S/Data/deepspeed-moe-top2.ties.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/deepspeed-moe-top2.empty.in.safetensors --expect=%S/Data/deepspeed-moe-top2.empty.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/deepspeed-moe-top2.flood.in.safetensors --expect=%S/Data/deepspeed-moe-top2.flood.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/deepspeed-moe-top2.few.in.safetensors --expect=%S/Data/deepspeed-moe-top2.few.out.safetensors --tolerance=1e-5

// CHECK-LABEL: func.func @moe_layer(
// CHECK: moe.top_k %{{.*}} except(
// CHECK: moe.assign_slots k_major
// CHECK: moe.gather_weights
// CHECK: moe.normalize_weights %{{.*}} {eps = 1.1920928955078125E-7 : f64, eps_mode = #moe.eps_mode<clamp>
func.func @moe_layer(
    %x: tensor<?x11xf32>         {moe.name = "hidden_states"},
    %gumbel: tensor<?x5xf32>     {moe.name = "gumbel"},
    %router: tensor<5x11xf32>    {moe.name = "router.weight"},
    %up: tensor<5x8x11xf32>      {moe.name = "experts.up.weight"},
    %up_bias: tensor<5x8xf32>    {moe.name = "experts.up.bias"},
    %down: tensor<5x11x8xf32>    {moe.name = "experts.down.weight"},
    %down_bias: tensor<5x11xf32> {moe.name = "experts.down.bias"})
    -> (tensor<?x11xf32> {moe.name = "hidden_states"},
        tensor<?x2xi32>  {moe.name = "topk_ids"},
        tensor<?x2xf32>  {moe.name = "topk_weights"},
        tensor<?x2xi32>  {moe.name = "slots"},
        tensor<i64>      {moe.name = "capacity"},
        tensor<f32>      {moe.name = "aux_loss"}) {
  %c0 = arith.constant 0 : index
  %tokens = tensor.dim %x, %c0 : tensor<?x11xf32>

  // Router.
  %logits = moe.gate linear %x, %router : tensor<?x11xf32>, tensor<5x11xf32> -> tensor<?x5xf32>
  %scores = moe.score softmax %logits : tensor<?x5xf32> -> tensor<?x5xf32>
  %first = moe.top_k %scores {k = 1} : tensor<?x5xf32>
  %aux_loss = moe.aux_loss balance %scores indices(%first : tensor<?x1xi32>)
    : tensor<?x5xf32> -> tensor<f32>

  // The second choice: the best noisy logit of the other experts.
  %noisy = arith.addf %logits, %gumbel : tensor<?x5xf32>
  %second = moe.top_k %noisy except(%first : tensor<?x1xi32>) {k = 1} : tensor<?x5xf32>
  %ids = tensor.concat dim(1) %first, %second
    : (tensor<?x1xi32>, tensor<?x1xi32>) -> tensor<?x2xi32>

  // Slots.
  %c = moe.capacity div_then_mul %tokens
    {arithmetic = #moe.arithmetic<f32>, factor = 2.0, minimum = 4, num_experts = 5,
     rounding = #moe.rounding<ceil>}
  %c_i64 = arith.index_cast %c : index to i64
  %capacity = tensor.from_elements %c_i64 : tensor<i64>
  %kept, %slots = moe.assign_slots k_major %ids, %c {num_experts = 5} : tensor<?x2xi32>
  %offsets, %sources, %positions = moe.group_by_expert %kept
    slots(%slots : tensor<?x2xi32>) capacity(%c)
    {num_experts = 5} : tensor<?x2xi32> -> tensor<6xi32>, tensor<?xi32>, tensor<?x2xi32>

  // Weights of what was kept.
  %gates = moe.gather_weights %scores, %kept : tensor<?x5xf32>, tensor<?x2xi32>
  %weights = moe.normalize_weights %gates
    {eps = 1.1920928955078125e-07, eps_mode = #moe.eps_mode<clamp>, order = 1.0} : tensor<?x2xf32>

  // Experts.
  %rows = moe.dispatch %x, %sources : tensor<?x11xf32>, tensor<?xi32> -> tensor<?x11xf32>
  %outs = moe.expert_mlp none %rows offsets(%offsets : tensor<6xi32>)
    up(%up : tensor<5x8x11xf32>) down(%down : tensor<5x11x8xf32>)
    up_bias(%up_bias : tensor<5x8xf32>) down_bias(%down_bias : tensor<5x11xf32>)
    {activation = #moe.activation<gelu_erf>} : tensor<?x11xf32> -> tensor<?x11xf32>
  %y = moe.combine %outs, %positions weights(%weights : tensor<?x2xf32>)
    : tensor<?x11xf32>, tensor<?x2xi32> -> tensor<?x11xf32>
  return %y, %kept, %weights, %slots, %capacity, %aux_loss
    : tensor<?x11xf32>, tensor<?x2xi32>, tensor<?x2xf32>, tensor<?x2xi32>, tensor<i64>, tensor<f32>
}
