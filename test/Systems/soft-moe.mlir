// Soft MoE (vmoe, projects/soft_moe/router.py).
// * Ten slots, two per expert. A slot takes a softmax over all tokens, a token a softmax over all
//   slots; nothing is chosen or dropped.
// * Logits are scaled cosines, with an epsilon under the root of the norms.
// * Dense mixtures need no op of their own: two matrix products around the experts, whose rows are
//   the slots in order.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/soft-moe.plain.in.safetensors --expect=%S/Data/soft-moe.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/soft-moe.t1.in.safetensors --expect=%S/Data/soft-moe.t1.out.safetensors --tolerance=1e-5

// CHECK-LABEL: func.func @moe_layer(
// CHECK: moe.gate cosine
// CHECK: axis = #moe.score_axis<tokens>
// CHECK: linalg.matmul
// CHECK: moe.expert_mlp none
// CHECK: linalg.matmul
func.func @moe_layer(
    %x: tensor<?x11xf32>         {moe.name = "hidden_states"},
    %phi: tensor<10x11xf32>      {moe.name = "router.phi"},
    %scale: tensor<f32>          {moe.name = "router.scale"},
    %up: tensor<5x8x11xf32>      {moe.name = "experts.up.weight"},
    %up_bias: tensor<5x8xf32>    {moe.name = "experts.up.bias"},
    %down: tensor<5x11x8xf32>    {moe.name = "experts.down.weight"},
    %down_bias: tensor<5x11xf32> {moe.name = "experts.down.bias"})
    -> (tensor<?x11xf32> {moe.name = "hidden_states"}) {
  %c0 = arith.constant 0 : index
  %tokens = tensor.dim %x, %c0 : tensor<?x11xf32>

  // Router.
  %logits = moe.gate cosine %x, %phi scale(%scale : tensor<f32>)
    {norm_eps = 1.0e-6, norm_eps_mode = #moe.eps_mode<add>}
    : tensor<?x11xf32>, tensor<10x11xf32> -> tensor<?x10xf32>
  %dispatch = moe.score softmax %logits {axis = #moe.score_axis<tokens>}
    : tensor<?x10xf32> -> tensor<?x10xf32>
  %back = moe.score softmax %logits : tensor<?x10xf32> -> tensor<?x10xf32>

  // Every slot is a mixture of all tokens.
  %zero = arith.constant 0.0 : f32
  %transposed_shape = tensor.empty(%tokens) : tensor<10x?xf32>
  %transposed = linalg.transpose ins(%dispatch : tensor<?x10xf32>)
    outs(%transposed_shape : tensor<10x?xf32>) permutation = [1, 0]
  %slots_zero = tensor.splat %zero : tensor<10x11xf32>
  %slots = linalg.matmul ins(%transposed, %x : tensor<10x?xf32>, tensor<?x11xf32>)
    outs(%slots_zero : tensor<10x11xf32>) -> tensor<10x11xf32>

  // Experts.
  %offsets = arith.constant dense<[0, 2, 4, 6, 8, 10]> : tensor<6xi32>
  %outs = moe.expert_mlp none %slots offsets(%offsets : tensor<6xi32>)
    up(%up : tensor<5x8x11xf32>) down(%down : tensor<5x11x8xf32>)
    up_bias(%up_bias : tensor<5x8xf32>) down_bias(%down_bias : tensor<5x11xf32>)
    {activation = #moe.activation<gelu_tanh>} : tensor<10x11xf32> -> tensor<10x11xf32>

  // Every token is a mixture of all slots.
  %y_zero = tensor.splat %zero[%tokens] : tensor<?x11xf32>
  %y = linalg.matmul ins(%back, %outs : tensor<?x10xf32>, tensor<10x11xf32>)
    outs(%y_zero : tensor<?x11xf32>) -> tensor<?x11xf32>
  return %y : tensor<?x11xf32>
}
