// DeepSeek-V3 with its published expert weights: fp8 data with one scale for each block.
// The blocks are 128 x 128 in the checkpoint and 4 x 4 here, partial ones at the border included.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/deepseek-v3-fp8.plain.in.safetensors --expect=%S/Data/deepseek-v3-fp8.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/deepseek-v3-fp8.t1.in.safetensors --expect=%S/Data/deepseek-v3-fp8.t1.out.safetensors --tolerance=1e-5

// CHECK: moe.gate linear
// CHECK: moe.score sigmoid
// CHECK: moe.limit_groups sum_top %{{.*}} bias(
// CHECK: moe.top_k
// CHECK: moe.gather_weights
// CHECK: moe.normalize_weights
// CHECK: moe.dequantize block
// CHECK: moe.dequantize block
// CHECK: moe.dequantize block
// CHECK: moe.group_by_expert
// CHECK: moe.dispatch
// CHECK: moe.expert_mlp separate
// CHECK: moe.combine
// CHECK: moe.expert_mlp separate
// CHECK: moe.mix add

func.func @moe_layer(
    %x:           tensor<?x10xf32>         {moe.name = "hidden_states"},
    %router:      tensor<12x10xf32>        {moe.name = "router.weight"},
    %bias:        tensor<12xf32>           {moe.name = "router.bias"},
    %gate_scale:  tensor<12x2x3xf32>       {moe.name = "experts.gate.scale_inv"},
    %gate_data:   tensor<12x5x10xf8E4M3FN> {moe.name = "experts.gate.weight"},
    %up_scale:    tensor<12x2x3xf32>       {moe.name = "experts.up.scale_inv"},
    %up_data:     tensor<12x5x10xf8E4M3FN> {moe.name = "experts.up.weight"},
    %down_scale:  tensor<12x3x2xf32>       {moe.name = "experts.down.scale_inv"},
    %down_data:   tensor<12x10x5xf8E4M3FN> {moe.name = "experts.down.weight"},
    %shared_gate: tensor<5x10xf32>         {moe.name = "shared.gate.weight"},
    %shared_up:   tensor<5x10xf32>         {moe.name = "shared.up.weight"},
    %shared_down: tensor<10x5xf32>         {moe.name = "shared.down.weight"})
    -> (tensor<?x10xf32> {moe.name = "hidden_states"},
        tensor<?x4xi32>  {moe.name = "topk_ids"},
        tensor<?x4xf32>  {moe.name = "topk_weights"}) {
  %logits = moe.gate linear %x, %router
    : tensor<?x10xf32>, tensor<12x10xf32> -> tensor<?x12xf32>
  %scores = moe.score sigmoid %logits : tensor<?x12xf32> -> tensor<?x12xf32>
  %limited = moe.limit_groups sum_top %scores bias(%bias : tensor<12xf32>)
    {keep = 2 : i64, num_groups = 4 : i64, top = 2 : i64}
    : tensor<?x12xf32>
  %ids = moe.top_k %limited {k = 4 : i64} : tensor<?x12xf32>
  %chosen = moe.gather_weights %scores, %ids : tensor<?x12xf32>, tensor<?x4xi32>
  %weights = moe.normalize_weights %chosen {order = 1.0 : f64, scale = 2.5 : f64} : tensor<?x4xf32>

  %gate = moe.dequantize block %gate_data, %gate_scale {block_shape = array<i64: 1, 4, 4>}
    : tensor<12x5x10xf8E4M3FN>, tensor<12x2x3xf32> -> tensor<12x5x10xf32>
  %up = moe.dequantize block %up_data, %up_scale {block_shape = array<i64: 1, 4, 4>}
    : tensor<12x5x10xf8E4M3FN>, tensor<12x2x3xf32> -> tensor<12x5x10xf32>
  %down = moe.dequantize block %down_data, %down_scale {block_shape = array<i64: 1, 4, 4>}
    : tensor<12x10x5xf8E4M3FN>, tensor<12x3x2xf32> -> tensor<12x10x5xf32>

  %offsets, %sources, %positions = moe.group_by_expert %ids
    {num_experts = 12 : i64}
    : tensor<?x4xi32> -> tensor<13xi32>, tensor<?xi32>, tensor<?x4xi32>
  %rows = moe.dispatch %x, %sources : tensor<?x10xf32>, tensor<?xi32> -> tensor<?x10xf32>
  %outputs = moe.expert_mlp separate %rows offsets(%offsets : tensor<13xi32>)
    up(%up : tensor<12x5x10xf32>) gate(%gate : tensor<12x5x10xf32>)
    down(%down : tensor<12x10x5xf32>) {activation = #moe.activation<silu>}
    : tensor<?x10xf32> -> tensor<?x10xf32>
  %routed = moe.combine %outputs, %positions weights(%weights : tensor<?x4xf32>)
    : tensor<?x10xf32>, tensor<?x4xi32> -> tensor<?x10xf32>

  %shared = moe.expert_mlp separate %x up(%shared_up : tensor<5x10xf32>)
    gate(%shared_gate : tensor<5x10xf32>) down(%shared_down : tensor<10x5xf32>)
    {activation = #moe.activation<silu>} : tensor<?x10xf32> -> tensor<?x10xf32>
  %y = moe.mix add %routed, %shared : tensor<?x10xf32>
  return %y, %ids, %weights : tensor<?x10xf32>, tensor<?x4xi32>, tensor<?x4xf32>
}
