// DeepSpeed-MoE top-k gate, drop policy "probs" (deepspeed/moe/sharded_moe.py, topkgating).
// * An expert keeps the tokens with the largest logits, where a token that did not choose it
//   competes with 0: a negative logit can lose its place although there is room.
// * Capacity ceil((T / E) * 3.0) in f32, at least 4.
// * Weights are normalised after dropping; the balance loss is divided by k.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/deepspeed-moe-topk-probs.plain.in.safetensors --expect=%S/Data/deepspeed-moe-topk-probs.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/deepspeed-moe-topk-probs.drops.in.safetensors --expect=%S/Data/deepspeed-moe-topk-probs.drops.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/deepspeed-moe-topk-probs.negative.in.safetensors --expect=%S/Data/deepspeed-moe-topk-probs.negative.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/deepspeed-moe-topk-probs.empty.in.safetensors --expect=%S/Data/deepspeed-moe-topk-probs.empty.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/deepspeed-moe-topk-probs.flood.in.safetensors --expect=%S/Data/deepspeed-moe-topk-probs.flood.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/deepspeed-moe-topk-probs.few.in.safetensors --expect=%S/Data/deepspeed-moe-topk-probs.few.out.safetensors --tolerance=1e-5

// CHECK-LABEL: func.func @moe_layer(
// CHECK: divide_by_choices
// CHECK: moe.assign_slots token_major %{{.*}} priority(
// CHECK: unselected_priority = 0.000000e+00
// CHECK: moe.normalize_weights
func.func @moe_layer(
    %x: tensor<?x10xf32>         {moe.name = "hidden_states"},
    %router: tensor<6x10xf32>    {moe.name = "router.weight"},
    %up: tensor<6x9x10xf32>      {moe.name = "experts.up.weight"},
    %up_bias: tensor<6x9xf32>    {moe.name = "experts.up.bias"},
    %down: tensor<6x10x9xf32>    {moe.name = "experts.down.weight"},
    %down_bias: tensor<6x10xf32> {moe.name = "experts.down.bias"})
    -> (tensor<?x10xf32> {moe.name = "hidden_states"},
        tensor<?x3xi32>  {moe.name = "topk_ids"},
        tensor<?x3xf32>  {moe.name = "topk_weights"},
        tensor<i64>      {moe.name = "capacity"},
        tensor<f32>      {moe.name = "aux_loss"}) {
  %c0 = arith.constant 0 : index
  %tokens = tensor.dim %x, %c0 : tensor<?x10xf32>

  // Router.
  %logits = moe.gate linear %x, %router : tensor<?x10xf32>, tensor<6x10xf32> -> tensor<?x6xf32>
  %scores = moe.score softmax %logits : tensor<?x6xf32> -> tensor<?x6xf32>
  %ids = moe.top_k %logits {k = 3} : tensor<?x6xf32>
  %aux_loss = moe.aux_loss balance %scores indices(%ids : tensor<?x3xi32>)
    {divide_by_choices} : tensor<?x6xf32> -> tensor<f32>

  // Slots by logit.
  %keys = moe.gather_weights %logits, %ids : tensor<?x6xf32>, tensor<?x3xi32>
  %c = moe.capacity div_then_mul %tokens
    {arithmetic = #moe.arithmetic<f32>, factor = 3.0, minimum = 4, num_experts = 6,
     rounding = #moe.rounding<ceil>}
  %c_i64 = arith.index_cast %c : index to i64
  %capacity = tensor.from_elements %c_i64 : tensor<i64>
  %kept, %slots = moe.assign_slots token_major %ids, %c priority(%keys : tensor<?x3xf32>)
    {num_experts = 6, unselected_priority = 0.0} : tensor<?x3xi32>
  %offsets, %sources, %positions = moe.group_by_expert %kept
    slots(%slots : tensor<?x3xi32>) capacity(%c)
    {num_experts = 6} : tensor<?x3xi32> -> tensor<7xi32>, tensor<?xi32>, tensor<?x3xi32>

  // Weights of what was kept.
  %gates = moe.gather_weights %scores, %kept : tensor<?x6xf32>, tensor<?x3xi32>
  %weights = moe.normalize_weights %gates
    {eps = 1.1920928955078125e-07, eps_mode = #moe.eps_mode<clamp>, order = 1.0} : tensor<?x3xf32>

  // Experts.
  %rows = moe.dispatch %x, %sources : tensor<?x10xf32>, tensor<?xi32> -> tensor<?x10xf32>
  %outs = moe.expert_mlp none %rows offsets(%offsets : tensor<7xi32>)
    up(%up : tensor<6x9x10xf32>) down(%down : tensor<6x10x9xf32>)
    up_bias(%up_bias : tensor<6x9xf32>) down_bias(%down_bias : tensor<6x10xf32>)
    {activation = #moe.activation<gelu_erf>} : tensor<?x10xf32> -> tensor<?x10xf32>
  %y = moe.combine %outs, %positions weights(%weights : tensor<?x3xf32>)
    : tensor<?x10xf32>, tensor<?x3xi32> -> tensor<?x10xf32>
  return %y, %kept, %weights, %capacity, %aux_loss
    : tensor<?x10xf32>, tensor<?x3xi32>, tensor<?x3xf32>, tensor<i64>, tensor<f32>
}
