// PanGu-Sigma's random routed experts.
// * There is no gate: the domain of a token gives the first of a run of experts, and a fixed random
//   table gives the expert of the token's id within the run.
// * The weight is 1; nothing is dropped.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/pangu-sigma.plain.in.safetensors --expect=%S/Data/pangu-sigma.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/pangu-sigma.domain.in.safetensors --expect=%S/Data/pangu-sigma.domain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/pangu-sigma.t0.in.safetensors --expect=%S/Data/pangu-sigma.t0.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/pangu-sigma.t1.in.safetensors --expect=%S/Data/pangu-sigma.t1.out.safetensors --tolerance=1e-5

// CHECK-LABEL: func.func @moe_layer(
// CHECK: moe.lookup
// CHECK: moe.lookup
// CHECK: arith.addi
// CHECK: moe.group_by_expert
func.func @moe_layer(
    %x: tensor<?x9xf32>           {moe.name = "hidden_states"},
    %input_ids: tensor<?xi32>     {moe.name = "input_ids"},
    %domain_ids: tensor<?xi32>    {moe.name = "domain_ids"},
    %table: tensor<17xi32>        {moe.name = "router.table"},
    %first_experts: tensor<2xi32> {moe.name = "domain.first_expert"},
    %up: tensor<6x10x9xf32>       {moe.name = "experts.up.weight"},
    %up_bias: tensor<6x10xf32>    {moe.name = "experts.up.bias"},
    %down: tensor<6x9x10xf32>     {moe.name = "experts.down.weight"},
    %down_bias: tensor<6x9xf32>   {moe.name = "experts.down.bias"})
    -> (tensor<?x9xf32> {moe.name = "hidden_states"},
        tensor<?x1xi32> {moe.name = "topk_ids"}) {
  // Two levels of routing.
  %first = moe.lookup %first_experts, %domain_ids : tensor<2xi32>, tensor<?xi32>
  %within = moe.lookup %table, %input_ids : tensor<17xi32>, tensor<?xi32>
  %ids = arith.addi %first, %within : tensor<?x1xi32>

  // Experts.
  %offsets, %sources, %positions = moe.group_by_expert %ids
    {num_experts = 6} : tensor<?x1xi32> -> tensor<7xi32>, tensor<?xi32>, tensor<?x1xi32>
  %rows = moe.dispatch %x, %sources : tensor<?x9xf32>, tensor<?xi32> -> tensor<?x9xf32>
  %outs = moe.expert_mlp none %rows offsets(%offsets : tensor<7xi32>)
    up(%up : tensor<6x10x9xf32>) down(%down : tensor<6x9x10xf32>)
    up_bias(%up_bias : tensor<6x10xf32>) down_bias(%down_bias : tensor<6x9xf32>)
    {activation = #moe.activation<gelu_tanh>} : tensor<?x9xf32> -> tensor<?x9xf32>
  %y = moe.combine %outs, %positions
    : tensor<?x9xf32>, tensor<?x1xi32> -> tensor<?x9xf32>
  return %y, %ids : tensor<?x9xf32>, tensor<?x1xi32>
}
