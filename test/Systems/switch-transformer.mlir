// Switch Transformer, training step (Mesh TensorFlow, transformer/moe.py).
// * One expert per token; its softmax score is the weight, neither normalised nor scaled.
// * The multiplicative jitter acts on the router's copy of the tokens only.
// * Capacity trunc(1.25 T / E), at most T, at least 4; tokens are served by position.
// * Balance loss over the choices before any is dropped; z loss on the logits.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/switch-transformer.plain.in.safetensors --expect=%S/Data/switch-transformer.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/switch-transformer.drops.in.safetensors --expect=%S/Data/switch-transformer.drops.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/switch-transformer.empty.in.safetensors --expect=%S/Data/switch-transformer.empty.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/switch-transformer.flood.in.safetensors --expect=%S/Data/switch-transformer.flood.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/switch-transformer.ties.in.safetensors --expect=%S/Data/switch-transformer.ties.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/switch-transformer.t0.in.safetensors --expect=%S/Data/switch-transformer.t0.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/switch-transformer.t1.in.safetensors --expect=%S/Data/switch-transformer.t1.out.safetensors --tolerance=1e-5

// CHECK-LABEL: func.func @moe_layer(
// CHECK: arith.mulf
// CHECK: moe.score softmax
// CHECK: moe.capacity mul_then_div %{{.*}} {at_most_tokens, factor = 1.250000e+00
// CHECK: moe.assign_slots k_major
// CHECK: moe.combine
func.func @moe_layer(
    %x: tensor<?x11xf32>       {moe.name = "hidden_states"},
    %jitter: tensor<?x11xf32>  {moe.name = "jitter"},
    %router: tensor<5x11xf32>  {moe.name = "router.weight"},
    %up: tensor<5x13x11xf32>   {moe.name = "experts.up.weight"},
    %down: tensor<5x11x13xf32> {moe.name = "experts.down.weight"})
    -> (tensor<?x11xf32> {moe.name = "hidden_states"},
        tensor<?x1xi32>  {moe.name = "topk_ids"},
        tensor<?x1xf32>  {moe.name = "topk_weights"},
        tensor<?x1xi32>  {moe.name = "slots"},
        tensor<i64>      {moe.name = "capacity"},
        tensor<f32>      {moe.name = "aux_loss"},
        tensor<f32>      {moe.name = "z_loss"}) {
  %c0 = arith.constant 0 : index
  %tokens = tensor.dim %x, %c0 : tensor<?x11xf32>

  // Router.
  %jittered = arith.mulf %x, %jitter : tensor<?x11xf32>
  %logits = moe.gate linear %jittered, %router
    : tensor<?x11xf32>, tensor<5x11xf32> -> tensor<?x5xf32>
  %scores = moe.score softmax %logits : tensor<?x5xf32> -> tensor<?x5xf32>
  %ids = moe.top_k %scores {k = 1} : tensor<?x5xf32>
  %weights = moe.gather_weights %scores, %ids : tensor<?x5xf32>, tensor<?x1xi32>
  %aux_loss = moe.aux_loss balance %scores indices(%ids : tensor<?x1xi32>)
    {coefficient = 0.01} : tensor<?x5xf32> -> tensor<f32>
  %z_loss = moe.aux_loss z %logits : tensor<?x5xf32> -> tensor<f32>

  // Slots.
  %c = moe.capacity mul_then_div %tokens
    {at_most_tokens, factor = 1.25, minimum = 4, num_experts = 5}
  %c_i64 = arith.index_cast %c : index to i64
  %capacity = tensor.from_elements %c_i64 : tensor<i64>
  %kept, %slots = moe.assign_slots k_major %ids, %c {num_experts = 5} : tensor<?x1xi32>
  %offsets, %sources, %positions = moe.group_by_expert %kept
    slots(%slots : tensor<?x1xi32>) capacity(%c)
    {num_experts = 5} : tensor<?x1xi32> -> tensor<6xi32>, tensor<?xi32>, tensor<?x1xi32>

  // Experts.
  %rows = moe.dispatch %x, %sources : tensor<?x11xf32>, tensor<?xi32> -> tensor<?x11xf32>
  %outs = moe.expert_mlp none %rows offsets(%offsets : tensor<6xi32>)
    up(%up : tensor<5x13x11xf32>) down(%down : tensor<5x11x13xf32>)
    {activation = #moe.activation<relu>} : tensor<?x11xf32> -> tensor<?x11xf32>
  %y = moe.combine %outs, %positions weights(%weights : tensor<?x1xf32>)
    : tensor<?x11xf32>, tensor<?x1xi32> -> tensor<?x11xf32>
  return %y, %ids, %weights, %slots, %capacity, %aux_loss, %z_loss
    : tensor<?x11xf32>, tensor<?x1xi32>, tensor<?x1xf32>,
      tensor<?x1xi32>, tensor<i64>, tensor<f32>, tensor<f32>
}
