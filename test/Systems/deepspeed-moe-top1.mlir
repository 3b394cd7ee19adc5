// DeepSpeed-MoE top-1 gate (deepspeed/moe/sharded_moe.py, top1gating).
// * The weight is the raw softmax score.
// * Random token selection, in evaluation too: a full expert keeps the tokens with the largest
//   random draws, not the first ones.
// * Capacity ceil((T / E) * 1.0), computed in f32, at least 4.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/deepspeed-moe-top1.plain.in.safetensors --expect=%S/Data/deepspeed-moe-top1.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/deepspeed-moe-top1.drops.in.safetensors --expect=%S/Data/deepspeed-moe-top1.drops.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/deepspeed-moe-top1.empty.in.safetensors --expect=%S/Data/deepspeed-moe-top1.empty.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/deepspeed-moe-top1.flood.in.safetensors --expect=%S/Data/deepspeed-moe-top1.flood.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/deepspeed-moe-top1.ties.in.safetensors --expect=%S/Data/deepspeed-moe-top1.ties.out.safetensors --tolerance=1e-5

// CHECK-LABEL: func.func @moe_layer(
// CHECK: moe.gather_weights
// CHECK: moe.capacity div_then_mul %{{.*}} {arithmetic = #moe.arithmetic<f32>
// CHECK: moe.assign_slots k_major %{{.*}} priority(
// CHECK: moe.group_by_expert
func.func @moe_layer(
    %x: tensor<?x10xf32>         {moe.name = "hidden_states"},
    %random: tensor<?x5xf32>     {moe.name = "random"},
    %router: tensor<5x10xf32>    {moe.name = "router.weight"},
    %up: tensor<5x9x10xf32>      {moe.name = "experts.up.weight"},
    %up_bias: tensor<5x9xf32>    {moe.name = "experts.up.bias"},
    %down: tensor<5x10x9xf32>    {moe.name = "experts.down.weight"},
    %down_bias: tensor<5x10xf32> {moe.name = "experts.down.bias"})
    -> (tensor<?x10xf32> {moe.name = "hidden_states"},
        tensor<?x1xi32>  {moe.name = "topk_ids"},
        tensor<?x1xf32>  {moe.name = "topk_weights"},
        tensor<i64>      {moe.name = "capacity"},
        tensor<f32>      {moe.name = "aux_loss"}) {
  %c0 = arith.constant 0 : index
  %tokens = tensor.dim %x, %c0 : tensor<?x10xf32>

  // Router.
  %logits = moe.gate linear %x, %router : tensor<?x10xf32>, tensor<5x10xf32> -> tensor<?x5xf32>
  %scores = moe.score softmax %logits : tensor<?x5xf32> -> tensor<?x5xf32>
  %ids = moe.top_k %scores {k = 1} : tensor<?x5xf32>
  %aux_loss = moe.aux_loss balance %scores indices(%ids : tensor<?x1xi32>)
    : tensor<?x5xf32> -> tensor<f32>

  // Slots by random draw.
  %draws = moe.gather_weights %random, %ids : tensor<?x5xf32>, tensor<?x1xi32>
  %c = moe.capacity div_then_mul %tokens
    {arithmetic = #moe.arithmetic<f32>, factor = 1.0, minimum = 4, num_experts = 5,
     rounding = #moe.rounding<ceil>}
  %c_i64 = arith.index_cast %c : index to i64
  %capacity = tensor.from_elements %c_i64 : tensor<i64>
  %kept, %slots = moe.assign_slots k_major %ids, %c priority(%draws : tensor<?x1xf32>)
    {num_experts = 5} : tensor<?x1xi32>
  %offsets, %sources, %positions = moe.group_by_expert %kept
    slots(%slots : tensor<?x1xi32>) capacity(%c)
    {num_experts = 5} : tensor<?x1xi32> -> tensor<6xi32>, tensor<?xi32>, tensor<?x1xi32>
  %weights = moe.gather_weights %scores, %kept : tensor<?x5xf32>, tensor<?x1xi32>

  // Experts.
  %rows = moe.dispatch %x, %sources : tensor<?x10xf32>, tensor<?xi32> -> tensor<?x10xf32>
  %outs = moe.expert_mlp none %rows offsets(%offsets : tensor<6xi32>)
    up(%up : tensor<5x9x10xf32>) down(%down : tensor<5x10x9xf32>)
    up_bias(%up_bias : tensor<5x9xf32>) down_bias(%down_bias : tensor<5x10xf32>)
    {activation = #moe.activation<gelu_erf>} : tensor<?x10xf32> -> tensor<?x10xf32>
  %y = moe.combine %outs, %positions weights(%weights : tensor<?x1xf32>)
    : tensor<?x10xf32>, tensor<?x1xi32> -> tensor<?x10xf32>
  return %y, %kept, %weights, %capacity, %aux_loss
    : tensor<?x10xf32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<i64>, tensor<f32>
}
