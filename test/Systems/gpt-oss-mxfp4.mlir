// gpt-oss with its published expert weights: MXFP4, 32 elements with a power-of-two scale each.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/gpt-oss-mxfp4.plain.in.safetensors --expect=%S/Data/gpt-oss-mxfp4.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/gpt-oss-mxfp4.t1.in.safetensors --expect=%S/Data/gpt-oss-mxfp4.t1.out.safetensors --tolerance=1e-5

// CHECK: moe.gate linear
// CHECK: moe.top_k
// CHECK: moe.gather_weights
// CHECK: moe.score softmax
// CHECK: moe.dequantize
// CHECK: moe.dequantize
// CHECK: moe.group_by_expert
// CHECK: moe.dispatch
// CHECK: moe.expert_mlp interleaved
// CHECK: moe.combine

func.func @moe_layer(
    %x:              tensor<?x64xf32>     {moe.name = "hidden_states"},
    %router:         tensor<5x64xf32>     {moe.name = "router.weight"},
    %bias:           tensor<5xf32>        {moe.name = "router.bias"},
    %gate_up_blocks: tensor<5x64x2x16xi8> {moe.name = "experts.gate_up.blocks"},
    %gate_up_scales: tensor<5x64x2xi8>    {moe.name = "experts.gate_up.scales"},
    %gate_up_bias:   tensor<5x64xf32>     {moe.name = "experts.gate_up.bias"},
    %down_blocks:    tensor<5x64x1x16xi8> {moe.name = "experts.down.blocks"},
    %down_scales:    tensor<5x64x1xi8>    {moe.name = "experts.down.scales"},
    %down_bias:      tensor<5x64xf32>     {moe.name = "experts.down.bias"})
    -> (tensor<?x64xf32> {moe.name = "hidden_states"},
        tensor<?x4xi32>  {moe.name = "topk_ids"},
        tensor<?x4xf32>  {moe.name = "topk_weights"}) {
  %logits = moe.gate linear %x, %router bias(%bias : tensor<5xf32>)
    : tensor<?x64xf32>, tensor<5x64xf32> -> tensor<?x5xf32>
  %ids = moe.top_k %logits {k = 4 : i64} : tensor<?x5xf32>
  %chosen = moe.gather_weights %logits, %ids : tensor<?x5xf32>, tensor<?x4xi32>
  %weights = moe.score softmax %chosen : tensor<?x4xf32> -> tensor<?x4xf32>

  %gate_up = moe.dequantize mxfp4 %gate_up_blocks, %gate_up_scales
    : tensor<5x64x2x16xi8>, tensor<5x64x2xi8> -> tensor<5x64x64xf32>
  %down = moe.dequantize mxfp4 %down_blocks, %down_scales
    : tensor<5x64x1x16xi8>, tensor<5x64x1xi8> -> tensor<5x64x32xf32>

  %offsets, %sources, %positions = moe.group_by_expert %ids
    {num_experts = 5 : i64}
    : tensor<?x4xi32> -> tensor<6xi32>, tensor<?xi32>, tensor<?x4xi32>
  %rows = moe.dispatch %x, %sources : tensor<?x64xf32>, tensor<?xi32> -> tensor<?x64xf32>
  %outputs = moe.expert_mlp interleaved %rows offsets(%offsets : tensor<6xi32>)
    up(%gate_up : tensor<5x64x64xf32>) down(%down : tensor<5x64x32xf32>)
    up_bias(%gate_up_bias : tensor<5x64xf32>) down_bias(%down_bias : tensor<5x64xf32>)
    {activation = #moe.activation<silu, alpha = 1.702 : f64, gate_max = 7.0 : f64,
         up_limit = 7.0 : f64, up_offset = 1.0 : f64>}
    : tensor<?x64xf32> -> tensor<?x64xf32>
  %y = moe.combine %outputs, %positions weights(%weights : tensor<?x4xf32>)
    : tensor<?x64xf32>, tensor<?x4xi32> -> tensor<?x64xf32>
  return %y, %ids, %weights : tensor<?x64xf32>, tensor<?x4xi32>, tensor<?x4xf32>
}
