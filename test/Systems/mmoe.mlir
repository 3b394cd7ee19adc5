// Multi-gate Mixture-of-Experts (KDD 2018; keras-mmoe).
// * Dense: every token runs through every expert, once. Each task mixes the results with a softmax
//   gate of its own, for a tower of its own.
// * An expert is one layer with ReLU: there is no second projection, the result is F wide.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/mmoe.plain.in.safetensors --expect=%S/Data/mmoe.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/mmoe.t0.in.safetensors --expect=%S/Data/mmoe.t0.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/mmoe.t1.in.safetensors --expect=%S/Data/mmoe.t1.out.safetensors --tolerance=1e-5

// CHECK-LABEL: func.func @moe_layer(
// CHECK: moe.select all
// CHECK: moe.expert_mlp none
// CHECK: moe.combine
// CHECK: moe.score softmax
// CHECK: moe.combine
func.func @moe_layer(
    %x: tensor<?x13xf32>        {moe.name = "hidden_states"},
    %gate_0: tensor<5x13xf32>   {moe.name = "gates.0.weight"},
    %gate_0_bias: tensor<5xf32> {moe.name = "gates.0.bias"},
    %gate_1: tensor<5x13xf32>   {moe.name = "gates.1.weight"},
    %gate_1_bias: tensor<5xf32> {moe.name = "gates.1.bias"},
    %up: tensor<5x8x13xf32>     {moe.name = "experts.up.weight"},
    %up_bias: tensor<5x8xf32>   {moe.name = "experts.up.bias"})
    -> (tensor<?x8xf32> {moe.name = "task_0"},
        tensor<?x8xf32> {moe.name = "task_1"}) {
  // Experts, all of them for all tokens.
  %logits_0 = moe.gate linear %x, %gate_0 bias(%gate_0_bias : tensor<5xf32>)
    : tensor<?x13xf32>, tensor<5x13xf32> -> tensor<?x5xf32>
  %ids = moe.select all %logits_0 : tensor<?x5xf32>
  %offsets, %sources, %positions = moe.group_by_expert %ids
    {num_experts = 5} : tensor<?x5xi32> -> tensor<6xi32>, tensor<?xi32>, tensor<?x5xi32>
  %rows = moe.dispatch %x, %sources : tensor<?x13xf32>, tensor<?xi32> -> tensor<?x13xf32>
  %outs = moe.expert_mlp none %rows offsets(%offsets : tensor<6xi32>)
    up(%up : tensor<5x8x13xf32>) up_bias(%up_bias : tensor<5x8xf32>)
    {activation = #moe.activation<relu>} : tensor<?x13xf32> -> tensor<?x8xf32>

  // Tasks.
  %weights_0 = moe.score softmax %logits_0 : tensor<?x5xf32> -> tensor<?x5xf32>
  %task_0 = moe.combine %outs, %positions weights(%weights_0 : tensor<?x5xf32>)
    : tensor<?x8xf32>, tensor<?x5xi32> -> tensor<?x8xf32>
  %logits_1 = moe.gate linear %x, %gate_1 bias(%gate_1_bias : tensor<5xf32>)
    : tensor<?x13xf32>, tensor<5x13xf32> -> tensor<?x5xf32>
  %weights_1 = moe.score softmax %logits_1 : tensor<?x5xf32> -> tensor<?x5xf32>
  %task_1 = moe.combine %outs, %positions weights(%weights_1 : tensor<?x5xf32>)
    : tensor<?x8xf32>, tensor<?x5xi32> -> tensor<?x8xf32>
  return %task_0, %task_1 : tensor<?x8xf32>, tensor<?x8xf32>
}
