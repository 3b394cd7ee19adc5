// GLaM (praxis layers/glam.py).
// * GShard's top-2 with both choices always wanted, weights normalised before dropping.
// * Capacity trunc(2 T / E), rounded up to a multiple of 4; k-major order.
// * Gated GELU experts without biases; balance loss times 0.01.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/glam.plain.in.safetensors --expect=%S/Data/glam.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/glam.drops.in.safetensors --expect=%S/Data/glam.drops.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/glam.empty.in.safetensors --expect=%S/Data/glam.empty.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/glam.flood.in.safetensors --expect=%S/Data/glam.flood.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/glam.ties.in.safetensors --expect=%S/Data/glam.ties.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/glam.t0.in.safetensors --expect=%S/Data/glam.t0.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/glam.t1.in.safetensors --expect=%S/Data/glam.t1.out.safetensors --tolerance=1e-5

// CHECK-LABEL: func.func @moe_layer(
// CHECK: moe.normalize_weights
// CHECK: moe.capacity mul_then_div
// CHECK: moe.assign_slots k_major
// CHECK: moe.expert_mlp separate
func.func @moe_layer(
    %x: tensor<?x14xf32>       {moe.name = "hidden_states"},
    %router: tensor<5x14xf32>  {moe.name = "router.weight"},
    %gate: tensor<5x11x14xf32> {moe.name = "experts.gate.weight"},
    %up: tensor<5x11x14xf32>   {moe.name = "experts.up.weight"},
    %down: tensor<5x14x11xf32> {moe.name = "experts.down.weight"})
    -> (tensor<?x14xf32> {moe.name = "hidden_states"},
        tensor<?x2xi32>  {moe.name = "topk_ids"},
        tensor<?x2xf32>  {moe.name = "topk_weights"},
        tensor<?x2xi32>  {moe.name = "slots"},
        tensor<i64>      {moe.name = "capacity"},
        tensor<f32>      {moe.name = "aux_loss"}) {
  %c0 = arith.constant 0 : index
  %tokens = tensor.dim %x, %c0 : tensor<?x14xf32>

  // Router.
  %logits = moe.gate linear %x, %router : tensor<?x14xf32>, tensor<5x14xf32> -> tensor<?x5xf32>
  %scores = moe.score softmax %logits : tensor<?x5xf32> -> tensor<?x5xf32>
  %ids = moe.top_k %scores {k = 2} : tensor<?x5xf32>
  %gates = moe.gather_weights %scores, %ids : tensor<?x5xf32>, tensor<?x2xi32>
  %weights = moe.normalize_weights %gates
    {eps = 1.0e-9, eps_mode = #moe.eps_mode<add>, order = 1.0} : tensor<?x2xf32>
  %first = tensor.extract_slice %ids[0, 0] [%tokens, 1] [1, 1]
    : tensor<?x2xi32> to tensor<?x1xi32>
  %aux_loss = moe.aux_loss balance %scores indices(%first : tensor<?x1xi32>)
    {coefficient = 0.01} : tensor<?x5xf32> -> tensor<f32>

  // Slots.
  %c = moe.capacity mul_then_div %tokens
    {factor = 2.0, minimum = 4, multiple_of = 4, num_experts = 5}
  %c_i64 = arith.index_cast %c : index to i64
  %capacity = tensor.from_elements %c_i64 : tensor<i64>
  %kept, %slots = moe.assign_slots k_major %ids, %c {num_experts = 5} : tensor<?x2xi32>
  %offsets, %sources, %positions = moe.group_by_expert %kept
    slots(%slots : tensor<?x2xi32>) capacity(%c)
    {num_experts = 5} : tensor<?x2xi32> -> tensor<6xi32>, tensor<?xi32>, tensor<?x2xi32>

  // Experts.
  %rows = moe.dispatch %x, %sources : tensor<?x14xf32>, tensor<?xi32> -> tensor<?x14xf32>
  %outs = moe.expert_mlp separate %rows offsets(%offsets : tensor<6xi32>)
    up(%up : tensor<5x11x14xf32>) gate(%gate : tensor<5x11x14xf32>)
    down(%down : tensor<5x14x11xf32>)
    {activation = #moe.activation<gelu_tanh>} : tensor<?x14xf32> -> tensor<?x14xf32>
  %y = moe.combine %outs, %positions weights(%weights : tensor<?x2xf32>)
    : tensor<?x14xf32>, tensor<?x2xi32> -> tensor<?x14xf32>
  return %y, %ids, %weights, %slots, %capacity, %aux_loss
    : tensor<?x14xf32>, tensor<?x2xi32>, tensor<?x2xf32>, tensor<?x2xi32>, tensor<i64>, tensor<f32>
}
