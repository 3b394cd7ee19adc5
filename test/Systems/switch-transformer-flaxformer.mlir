// Switch Transformer XXL (flaxformer, architectures/moe).
// * As switch-transformer, but tokens form groups with slots of their own: here two.
// * Capacity round(1.25 S / E) for the S tokens of a group, halves to even, at least 2.
// * Experts are gated GELUs. The balance loss is the mean over the groups.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/switch-transformer-flaxformer.plain.in.safetensors --expect=%S/Data/switch-transformer-flaxformer.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/switch-transformer-flaxformer.drops.in.safetensors --expect=%S/Data/switch-transformer-flaxformer.drops.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/switch-transformer-flaxformer.empty.in.safetensors --expect=%S/Data/switch-transformer-flaxformer.empty.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/switch-transformer-flaxformer.flood.in.safetensors --expect=%S/Data/switch-transformer-flaxformer.flood.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/switch-transformer-flaxformer.ties.in.safetensors --expect=%S/Data/switch-transformer-flaxformer.ties.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/switch-transformer-flaxformer.t0.in.safetensors --expect=%S/Data/switch-transformer-flaxformer.t0.out.safetensors --tolerance=1e-5

// CHECK-LABEL: func.func @moe_layer(
// CHECK: moe.aux_loss balance
// CHECK: moe.capacity mul_then_div
// CHECK: rounding = #moe.rounding<half_even>
// CHECK: moe.assign_slots k_major %{{.*}} {groups = 2
// CHECK: moe.expert_mlp separate
func.func @moe_layer(
    %x: tensor<?x12xf32>       {moe.name = "hidden_states"},
    %router: tensor<6x12xf32>  {moe.name = "router.weight"},
    %gate: tensor<6x10x12xf32> {moe.name = "experts.gate.weight"},
    %up: tensor<6x10x12xf32>   {moe.name = "experts.up.weight"},
    %down: tensor<6x12x10xf32> {moe.name = "experts.down.weight"})
    -> (tensor<?x12xf32> {moe.name = "hidden_states"},
        tensor<?x1xi32>  {moe.name = "topk_ids"},
        tensor<?x1xf32>  {moe.name = "topk_weights"},
        tensor<?x1xi32>  {moe.name = "slots"},
        tensor<i64>      {moe.name = "capacity"},
        tensor<f32>      {moe.name = "aux_loss"},
        tensor<f32>      {moe.name = "z_loss"}) {
  %c0 = arith.constant 0 : index
  %tokens = tensor.dim %x, %c0 : tensor<?x12xf32>

  // Router.
  %logits = moe.gate linear %x, %router : tensor<?x12xf32>, tensor<6x12xf32> -> tensor<?x6xf32>
  %scores = moe.score softmax %logits : tensor<?x6xf32> -> tensor<?x6xf32>
  %ids = moe.top_k %scores {k = 1} : tensor<?x6xf32>
  %weights = moe.gather_weights %scores, %ids : tensor<?x6xf32>, tensor<?x1xi32>
  %aux_loss = moe.aux_loss balance %scores indices(%ids : tensor<?x1xi32>)
    {coefficient = 0.01, groups = 2} : tensor<?x6xf32> -> tensor<f32>
  %z_loss = moe.aux_loss z %logits {coefficient = 0.001} : tensor<?x6xf32> -> tensor<f32>

  // Slots.
  %c2 = arith.constant 2 : index
  %group_tokens = arith.ceildivui %tokens, %c2 : index
  %c = moe.capacity mul_then_div %group_tokens
    {factor = 1.25, minimum = 2, num_experts = 6, rounding = #moe.rounding<half_even>}
  %c_i64 = arith.index_cast %c : index to i64
  %capacity = tensor.from_elements %c_i64 : tensor<i64>
  %kept, %slots = moe.assign_slots k_major %ids, %c {groups = 2, num_experts = 6} : tensor<?x1xi32>
  %offsets, %sources, %positions = moe.group_by_expert %kept
    slots(%slots : tensor<?x1xi32>) capacity(%c)
    {groups = 2, num_experts = 6} : tensor<?x1xi32> -> tensor<7xi32>, tensor<?xi32>, tensor<?x1xi32>

  // Experts.
  %rows = moe.dispatch %x, %sources : tensor<?x12xf32>, tensor<?xi32> -> tensor<?x12xf32>
  %outs = moe.expert_mlp separate %rows offsets(%offsets : tensor<7xi32>)
    up(%up : tensor<6x10x12xf32>) gate(%gate : tensor<6x10x12xf32>)
    down(%down : tensor<6x12x10xf32>)
    {activation = #moe.activation<gelu_tanh>} : tensor<?x12xf32> -> tensor<?x12xf32>
  %y = moe.combine %outs, %positions weights(%weights : tensor<?x1xf32>)
    : tensor<?x12xf32>, tensor<?x1xi32> -> tensor<?x12xf32>
  return %y, %ids, %weights, %slots, %capacity, %aux_loss, %z_loss
    : tensor<?x12xf32>, tensor<?x1xi32>, tensor<?x1xf32>,
      tensor<?x1xi32>, tensor<i64>, tensor<f32>, tensor<f32>
}
