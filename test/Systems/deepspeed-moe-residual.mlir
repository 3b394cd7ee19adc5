// Residual MoE of PR-MoE (deepspeed/moe/layer.py, use_residual).
// * A dense MLP runs beside a top-1 MoE; a softmax over two learned coefficients mixes them.
// * The MoE is DeepSpeed's top-1 gate with random token selection; a dropped token has only the
//   dense branch, with its share.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/deepspeed-moe-residual.plain.in.safetensors --expect=%S/Data/deepspeed-moe-residual.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/deepspeed-moe-residual.drops.in.safetensors --expect=%S/Data/deepspeed-moe-residual.drops.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/deepspeed-moe-residual.ties.in.safetensors --expect=%S/Data/deepspeed-moe-residual.ties.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/deepspeed-moe-residual.empty.in.safetensors --expect=%S/Data/deepspeed-moe-residual.empty.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/deepspeed-moe-residual.flood.in.safetensors --expect=%S/Data/deepspeed-moe-residual.flood.out.safetensors --tolerance=1e-5

// CHECK-LABEL: func.func @moe_layer(
// CHECK: moe.assign_slots k_major %{{.*}} priority(
// CHECK: moe.mix softmax
func.func @moe_layer(
    %x: tensor<?x10xf32>              {moe.name = "hidden_states"},
    %random: tensor<?x4xf32>          {moe.name = "random"},
    %router: tensor<4x10xf32>         {moe.name = "router.weight"},
    %up: tensor<4x11x10xf32>          {moe.name = "experts.up.weight"},
    %up_bias: tensor<4x11xf32>        {moe.name = "experts.up.bias"},
    %down: tensor<4x10x11xf32>        {moe.name = "experts.down.weight"},
    %down_bias: tensor<4x10xf32>      {moe.name = "experts.down.bias"},
    %shared_up: tensor<9x10xf32>      {moe.name = "shared.up.weight"},
    %shared_up_bias: tensor<9xf32>    {moe.name = "shared.up.bias"},
    %shared_down: tensor<10x9xf32>    {moe.name = "shared.down.weight"},
    %shared_down_bias: tensor<10xf32> {moe.name = "shared.down.bias"},
    %coefficient: tensor<2x10xf32>    {moe.name = "coefficient.weight"},
    %coefficient_bias: tensor<2xf32>  {moe.name = "coefficient.bias"})
    -> (tensor<?x10xf32> {moe.name = "hidden_states"},
        tensor<?x1xi32>  {moe.name = "topk_ids"},
        tensor<?x1xf32>  {moe.name = "topk_weights"},
        tensor<i64>      {moe.name = "capacity"}) {
  %c0 = arith.constant 0 : index
  %tokens = tensor.dim %x, %c0 : tensor<?x10xf32>

  // Router.
  %logits = moe.gate linear %x, %router : tensor<?x10xf32>, tensor<4x10xf32> -> tensor<?x4xf32>
  %scores = moe.score softmax %logits : tensor<?x4xf32> -> tensor<?x4xf32>
  %ids = moe.top_k %scores {k = 1} : tensor<?x4xf32>

  // Slots by random draw.
  %draws = moe.gather_weights %random, %ids : tensor<?x4xf32>, tensor<?x1xi32>
  %c = moe.capacity div_then_mul %tokens
    {arithmetic = #moe.arithmetic<f32>, factor = 1.0, minimum = 4, num_experts = 4,
     rounding = #moe.rounding<ceil>}
  %c_i64 = arith.index_cast %c : index to i64
  %capacity = tensor.from_elements %c_i64 : tensor<i64>
  %kept, %slots = moe.assign_slots k_major %ids, %c priority(%draws : tensor<?x1xf32>)
    {num_experts = 4} : tensor<?x1xi32>
  %offsets, %sources, %positions = moe.group_by_expert %kept
    slots(%slots : tensor<?x1xi32>) capacity(%c)
    {num_experts = 4} : tensor<?x1xi32> -> tensor<5xi32>, tensor<?xi32>, tensor<?x1xi32>
  %weights = moe.gather_weights %scores, %kept : tensor<?x4xf32>, tensor<?x1xi32>

  // Experts beside the dense MLP.
  %rows = moe.dispatch %x, %sources : tensor<?x10xf32>, tensor<?xi32> -> tensor<?x10xf32>
  %outs = moe.expert_mlp none %rows offsets(%offsets : tensor<5xi32>)
    up(%up : tensor<4x11x10xf32>) down(%down : tensor<4x10x11xf32>)
    up_bias(%up_bias : tensor<4x11xf32>) down_bias(%down_bias : tensor<4x10xf32>)
    {activation = #moe.activation<gelu_erf>} : tensor<?x10xf32> -> tensor<?x10xf32>
  %moe = moe.combine %outs, %positions weights(%weights : tensor<?x1xf32>)
    : tensor<?x10xf32>, tensor<?x1xi32> -> tensor<?x10xf32>
  %dense = moe.expert_mlp none %x
    up(%shared_up : tensor<9x10xf32>) down(%shared_down : tensor<10x9xf32>)
    up_bias(%shared_up_bias : tensor<9xf32>) down_bias(%shared_down_bias : tensor<10xf32>)
    {activation = #moe.activation<gelu_erf>} : tensor<?x10xf32> -> tensor<?x10xf32>
  %shares = moe.gate linear %x, %coefficient bias(%coefficient_bias : tensor<2xf32>)
    : tensor<?x10xf32>, tensor<2x10xf32> -> tensor<?x2xf32>
  %y = moe.mix softmax %moe, %dense coefficient(%shares : tensor<?x2xf32>) : tensor<?x10xf32>
  return %y, %kept, %weights, %capacity
    : tensor<?x10xf32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<i64>
}
