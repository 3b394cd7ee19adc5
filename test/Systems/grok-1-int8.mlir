// Grok-1 with the int8 weights it was released with.
// * One scale per output channel of each expert: a block is as long as the inner dimension.
// * Otherwise grok-1.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/grok-1-int8.plain.in.safetensors --expect=%S/Data/grok-1-int8.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/grok-1-int8.t0.in.safetensors --expect=%S/Data/grok-1-int8.t0.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/grok-1-int8.t1.in.safetensors --expect=%S/Data/grok-1-int8.t1.out.safetensors --tolerance=1e-5

// CHECK-LABEL: func.func @moe_layer(
// CHECK: moe.dequantize block %{{.*}} {block_shape = array<i64: 1, 1, 12>}
// CHECK: moe.expert_mlp separate
func.func @moe_layer(
    %x: tensor<?x12xf32>             {moe.name = "hidden_states"},
    %router: tensor<6x12xf32>        {moe.name = "router.weight"},
    %gate_data: tensor<6x10x12xi8>   {moe.name = "experts.gate.weight"},
    %gate_scales: tensor<6x10x1xf32> {moe.name = "experts.gate.scales"},
    %up_data: tensor<6x10x12xi8>     {moe.name = "experts.up.weight"},
    %up_scales: tensor<6x10x1xf32>   {moe.name = "experts.up.scales"},
    %down_data: tensor<6x12x10xi8>   {moe.name = "experts.down.weight"},
    %down_scales: tensor<6x12x1xf32> {moe.name = "experts.down.scales"})
    -> (tensor<?x12xf32> {moe.name = "hidden_states"},
        tensor<?x2xi32>  {moe.name = "topk_ids"},
        tensor<?x2xf32>  {moe.name = "topk_weights"}) {
  // Router.
  %logits = moe.gate linear %x, %router : tensor<?x12xf32>, tensor<6x12xf32> -> tensor<?x6xf32>
  %scores = moe.score softmax %logits : tensor<?x6xf32> -> tensor<?x6xf32>
  %ids = moe.top_k %scores {k = 2} : tensor<?x6xf32>
  %weights = moe.gather_weights %scores, %ids : tensor<?x6xf32>, tensor<?x2xi32>

  // Experts.
  %gate = moe.dequantize block %gate_data, %gate_scales {block_shape = array<i64: 1, 1, 12>}
    : tensor<6x10x12xi8>, tensor<6x10x1xf32> -> tensor<6x10x12xf32>
  %up = moe.dequantize block %up_data, %up_scales {block_shape = array<i64: 1, 1, 12>}
    : tensor<6x10x12xi8>, tensor<6x10x1xf32> -> tensor<6x10x12xf32>
  %down = moe.dequantize block %down_data, %down_scales {block_shape = array<i64: 1, 1, 10>}
    : tensor<6x12x10xi8>, tensor<6x12x1xf32> -> tensor<6x12x10xf32>
  %offsets, %sources, %positions = moe.group_by_expert %ids
    {num_experts = 6} : tensor<?x2xi32> -> tensor<7xi32>, tensor<?xi32>, tensor<?x2xi32>
  %rows = moe.dispatch %x, %sources : tensor<?x12xf32>, tensor<?xi32> -> tensor<?x12xf32>
  %outs = moe.expert_mlp separate %rows offsets(%offsets : tensor<7xi32>)
    up(%up : tensor<6x10x12xf32>) gate(%gate : tensor<6x10x12xf32>)
    down(%down : tensor<6x12x10xf32>)
    {activation = #moe.activation<gelu_tanh>} : tensor<?x12xf32> -> tensor<?x12xf32>
  %y = moe.combine %outs, %positions weights(%weights : tensor<?x2xf32>)
    : tensor<?x12xf32>, tensor<?x2xi32> -> tensor<?x12xf32>
  return %y, %ids, %weights : tensor<?x12xf32>, tensor<?x2xi32>, tensor<?x2xf32>
}
