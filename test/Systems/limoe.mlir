// LIMoE, training step: one router for images and text (V-MoE's code and the paper).
// * One expert per token, served by descending score whatever the modality.
// * Besides importance, load and z loss: text tokens should each be sure of their expert (local
//   entropy), and text and image tokens as a whole should use many experts (global entropy, up
//   to the entropy of 6 and 4 experts). The modality only masks these losses.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/limoe.plain.in.safetensors --expect=%S/Data/limoe.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/limoe.drops.in.safetensors --expect=%S/Data/limoe.drops.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/limoe.images.in.safetensors --expect=%S/Data/limoe.images.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/limoe.ties.in.safetensors --expect=%S/Data/limoe.ties.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/limoe.empty.in.safetensors --expect=%S/Data/limoe.empty.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/limoe.flood.in.safetensors --expect=%S/Data/limoe.flood.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/limoe.t0.in.safetensors --expect=%S/Data/limoe.t0.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/limoe.t1.in.safetensors --expect=%S/Data/limoe.t1.out.safetensors --tolerance=1e-5

// CHECK-LABEL: func.func @moe_layer(
// CHECK: moe.aux_loss entropy_local
// CHECK: moe.aux_loss entropy_global
// CHECK: moe.aux_loss entropy_global
// CHECK: moe.assign_slots k_major
func.func @moe_layer(
    %x: tensor<?x10xf32>         {moe.name = "hidden_states"},
    %noise: tensor<?x6xf32>      {moe.name = "noise"},
    %text_mask: tensor<?xf32>    {moe.name = "text_mask"},
    %image_mask: tensor<?xf32>   {moe.name = "image_mask"},
    %router: tensor<6x10xf32>    {moe.name = "router.weight"},
    %up: tensor<6x9x10xf32>      {moe.name = "experts.up.weight"},
    %up_bias: tensor<6x9xf32>    {moe.name = "experts.up.bias"},
    %down: tensor<6x10x9xf32>    {moe.name = "experts.down.weight"},
    %down_bias: tensor<6x10xf32> {moe.name = "experts.down.bias"})
    -> (tensor<?x10xf32> {moe.name = "hidden_states"},
        tensor<?x1xi32>  {moe.name = "topk_ids"},
        tensor<?x1xf32>  {moe.name = "topk_weights"},
        tensor<?x1xi32>  {moe.name = "slots"},
        tensor<i64>      {moe.name = "capacity"},
        tensor<f32>      {moe.name = "importance_loss"},
        tensor<f32>      {moe.name = "load_loss"},
        tensor<f32>      {moe.name = "z_loss"},
        tensor<f32>      {moe.name = "text_local_loss"},
        tensor<f32>      {moe.name = "text_global_loss"},
        tensor<f32>      {moe.name = "image_global_loss"}) {
  %c0 = arith.constant 0 : index
  %tokens = tensor.dim %x, %c0 : tensor<?x10xf32>

  // Router: noise / E.
  %logits = moe.gate linear %x, %router : tensor<?x10xf32>, tensor<6x10xf32> -> tensor<?x6xf32>
  %experts = arith.constant 6.0 : f32
  %divisor = tensor.splat %experts[%tokens] : tensor<?x6xf32>
  %scaled = arith.divf %noise, %divisor : tensor<?x6xf32>
  %noisy = arith.addf %logits, %scaled : tensor<?x6xf32>
  %scores = moe.score softmax %noisy : tensor<?x6xf32> -> tensor<?x6xf32>
  %ids = moe.top_k %scores {k = 1} : tensor<?x6xf32>
  %weights = moe.gather_weights %scores, %ids : tensor<?x6xf32>, tensor<?x1xi32>

  // Losses.
  %clean = moe.score softmax %logits : tensor<?x6xf32> -> tensor<?x6xf32>
  %importance_loss = moe.aux_loss importance %clean {coefficient = 0.04}
    : tensor<?x6xf32> -> tensor<f32>
  %load_loss = moe.aux_loss load %logits noisy(%noisy : tensor<?x6xf32>)
    {coefficient = 0.04, k = 1, sigma = 0.16666666666666666} : tensor<?x6xf32> -> tensor<f32>
  %z_loss = moe.aux_loss z %logits {coefficient = 0.04} : tensor<?x6xf32> -> tensor<f32>
  %text_local_loss = moe.aux_loss entropy_local %clean mask(%text_mask : tensor<?xf32>)
    {coefficient = 0.04} : tensor<?x6xf32> -> tensor<f32>
  %text_global_loss = moe.aux_loss entropy_global %clean mask(%text_mask : tensor<?xf32>)
    {coefficient = 0.04, tau = 1.791759469228055} : tensor<?x6xf32> -> tensor<f32>
  %image_global_loss = moe.aux_loss entropy_global %clean mask(%image_mask : tensor<?xf32>)
    {coefficient = 0.04, tau = 1.3862943611198906} : tensor<?x6xf32> -> tensor<f32>

  // Slots.
  %priority = tensor.extract_slice %weights[0, 0] [%tokens, 1] [1, 1]
    : tensor<?x1xf32> to tensor<?xf32>
  %c = moe.capacity mul_then_div %tokens
    {factor = 1.05, multiple_of = 4, num_experts = 6, rounding = #moe.rounding<ceil>}
  %c_i64 = arith.index_cast %c : index to i64
  %capacity = tensor.from_elements %c_i64 : tensor<i64>
  %kept, %slots = moe.assign_slots k_major %ids, %c priority(%priority : tensor<?xf32>)
    {num_experts = 6} : tensor<?x1xi32>
  %offsets, %sources, %positions = moe.group_by_expert %kept
    slots(%slots : tensor<?x1xi32>) capacity(%c)
    {num_experts = 6} : tensor<?x1xi32> -> tensor<7xi32>, tensor<?xi32>, tensor<?x1xi32>

  // Experts.
  %rows = moe.dispatch %x, %sources : tensor<?x10xf32>, tensor<?xi32> -> tensor<?x10xf32>
  %outs = moe.expert_mlp none %rows offsets(%offsets : tensor<7xi32>)
    up(%up : tensor<6x9x10xf32>) down(%down : tensor<6x10x9xf32>)
    up_bias(%up_bias : tensor<6x9xf32>) down_bias(%down_bias : tensor<6x10xf32>)
    {activation = #moe.activation<gelu_tanh>} : tensor<?x10xf32> -> tensor<?x10xf32>
  %y = moe.combine %outs, %positions weights(%weights : tensor<?x1xf32>)
    : tensor<?x10xf32>, tensor<?x1xi32> -> tensor<?x10xf32>
  return %y, %ids, %weights, %slots, %capacity, %importance_loss, %load_loss, %z_loss, %text_local_loss, %text_global_loss, %image_global_loss
    : tensor<?x10xf32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi32>, tensor<i64>,
      tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>
}
