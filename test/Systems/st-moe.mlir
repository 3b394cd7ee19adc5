// ST-MoE (flaxformer, with the constants of its gin files).
// * Top-2 with raw softmax weights; capacity round(1.25 T / E), halves to even, at least 4: the
//   two choices are not part of the formula.
// * A dense gated MLP follows the experts, with a residual around each.
// * Balance loss over both choices, z loss times 0.001.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/st-moe.plain.in.safetensors --expect=%S/Data/st-moe.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/st-moe.drops.in.safetensors --expect=%S/Data/st-moe.drops.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/st-moe.ties.in.safetensors --expect=%S/Data/st-moe.ties.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/st-moe.empty.in.safetensors --expect=%S/Data/st-moe.empty.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/st-moe.flood.in.safetensors --expect=%S/Data/st-moe.flood.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/st-moe.t0.in.safetensors --expect=%S/Data/st-moe.t0.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/st-moe.t1.in.safetensors --expect=%S/Data/st-moe.t1.out.safetensors --tolerance=1e-5

// CHECK-LABEL: func.func @moe_layer(
// CHECK: moe.capacity mul_then_div
// CHECK: moe.assign_slots k_major
// CHECK: moe.mix add
// CHECK: moe.expert_mlp separate
// CHECK: moe.mix add
func.func @moe_layer(
    %x: tensor<?x9xf32>            {moe.name = "hidden_states"},
    %router: tensor<5x9xf32>       {moe.name = "router.weight"},
    %gate: tensor<5x8x9xf32>       {moe.name = "experts.gate.weight"},
    %up: tensor<5x8x9xf32>         {moe.name = "experts.up.weight"},
    %down: tensor<5x9x8xf32>       {moe.name = "experts.down.weight"},
    %shared_gate: tensor<10x9xf32> {moe.name = "shared.gate.weight"},
    %shared_up: tensor<10x9xf32>   {moe.name = "shared.up.weight"},
    %shared_down: tensor<9x10xf32> {moe.name = "shared.down.weight"})
    -> (tensor<?x9xf32> {moe.name = "hidden_states"},
        tensor<?x2xi32> {moe.name = "topk_ids"},
        tensor<?x2xf32> {moe.name = "topk_weights"},
        tensor<?x2xi32> {moe.name = "slots"},
        tensor<i64>     {moe.name = "capacity"},
        tensor<f32>     {moe.name = "aux_loss"},
        tensor<f32>     {moe.name = "z_loss"}) {
  %c0 = arith.constant 0 : index
  %tokens = tensor.dim %x, %c0 : tensor<?x9xf32>

  // Router.
  %logits = moe.gate linear %x, %router : tensor<?x9xf32>, tensor<5x9xf32> -> tensor<?x5xf32>
  %scores = moe.score softmax %logits : tensor<?x5xf32> -> tensor<?x5xf32>
  %ids = moe.top_k %scores {k = 2} : tensor<?x5xf32>
  %weights = moe.gather_weights %scores, %ids : tensor<?x5xf32>, tensor<?x2xi32>
  %aux_loss = moe.aux_loss balance %scores indices(%ids : tensor<?x2xi32>)
    {coefficient = 0.01} : tensor<?x5xf32> -> tensor<f32>
  %z_loss = moe.aux_loss z %logits {coefficient = 0.001} : tensor<?x5xf32> -> tensor<f32>

  // Slots.
  %c = moe.capacity mul_then_div %tokens
    {factor = 1.25, minimum = 4, num_experts = 5, rounding = #moe.rounding<half_even>}
  %c_i64 = arith.index_cast %c : index to i64
  %capacity = tensor.from_elements %c_i64 : tensor<i64>
  %kept, %slots = moe.assign_slots k_major %ids, %c {num_experts = 5} : tensor<?x2xi32>
  %offsets, %sources, %positions = moe.group_by_expert %kept
    slots(%slots : tensor<?x2xi32>) capacity(%c)
    {num_experts = 5} : tensor<?x2xi32> -> tensor<6xi32>, tensor<?xi32>, tensor<?x2xi32>

  // Experts, then the dense MLP.
  %rows = moe.dispatch %x, %sources : tensor<?x9xf32>, tensor<?xi32> -> tensor<?x9xf32>
  %outs = moe.expert_mlp separate %rows offsets(%offsets : tensor<6xi32>)
    up(%up : tensor<5x8x9xf32>) gate(%gate : tensor<5x8x9xf32>) down(%down : tensor<5x9x8xf32>)
    {activation = #moe.activation<gelu_tanh>} : tensor<?x9xf32> -> tensor<?x9xf32>
  %moe = moe.combine %outs, %positions weights(%weights : tensor<?x2xf32>)
    : tensor<?x9xf32>, tensor<?x2xi32> -> tensor<?x9xf32>
  %h = moe.mix add %x, %moe : tensor<?x9xf32>
  %dense = moe.expert_mlp separate %h
    up(%shared_up : tensor<10x9xf32>) gate(%shared_gate : tensor<10x9xf32>)
    down(%shared_down : tensor<9x10xf32>)
    {activation = #moe.activation<gelu_tanh>} : tensor<?x9xf32> -> tensor<?x9xf32>
  %y = moe.mix add %h, %dense : tensor<?x9xf32>
  return %y, %ids, %weights, %slots, %capacity, %aux_loss, %z_loss
    : tensor<?x9xf32>, tensor<?x2xi32>, tensor<?x2xf32>,
      tensor<?x2xi32>, tensor<i64>, tensor<f32>, tensor<f32>
}
