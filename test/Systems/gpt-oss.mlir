// gpt-oss: biased router and experts, gate and up projection interleaved, clamped swish.
// The softmax is over the chosen logits. An expert computes g sigmoid(1.702 g) (u + 1)
// with g clamped from above and u from both sides. Matrices are stored input first.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/gpt-oss.plain.in.safetensors --expect=%S/Data/gpt-oss.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/gpt-oss.ties.in.safetensors --expect=%S/Data/gpt-oss.ties.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/gpt-oss.empty.in.safetensors --expect=%S/Data/gpt-oss.empty.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/gpt-oss.flood.in.safetensors --expect=%S/Data/gpt-oss.flood.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/gpt-oss.t0.in.safetensors --expect=%S/Data/gpt-oss.t0.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/gpt-oss.t1.in.safetensors --expect=%S/Data/gpt-oss.t1.out.safetensors --tolerance=1e-5

// CHECK: moe.gate linear
// CHECK: moe.top_k
// CHECK: moe.gather_weights
// CHECK: moe.score softmax
// CHECK: moe.group_by_expert
// CHECK: moe.dispatch
// CHECK: moe.expert_mlp interleaved
// CHECK: moe.combine

func.func @moe_layer(
    %x:            tensor<?x10xf32>    {moe.name = "hidden_states"},
    %router:       tensor<7x10xf32>    {moe.name = "router.weight"},
    %bias:         tensor<7xf32>       {moe.name = "router.bias"},
    %gate_up:      tensor<7x10x12xf32> {moe.name = "experts.gate_up.weight"},
    %gate_up_bias: tensor<7x12xf32>    {moe.name = "experts.gate_up.bias"},
    %down:         tensor<7x6x10xf32>  {moe.name = "experts.down.weight"},
    %down_bias:    tensor<7x10xf32>    {moe.name = "experts.down.bias"})
    -> (tensor<?x10xf32> {moe.name = "hidden_states"},
        tensor<?x4xi32>  {moe.name = "topk_ids"},
        tensor<?x4xf32>  {moe.name = "topk_weights"}) {
  %logits = moe.gate linear %x, %router bias(%bias : tensor<7xf32>)
    : tensor<?x10xf32>, tensor<7x10xf32> -> tensor<?x7xf32>
  %ids = moe.top_k %logits {k = 4 : i64} : tensor<?x7xf32>
  %chosen = moe.gather_weights %logits, %ids : tensor<?x7xf32>, tensor<?x4xi32>
  %weights = moe.score softmax %chosen : tensor<?x4xf32> -> tensor<?x4xf32>

  %offsets, %sources, %positions = moe.group_by_expert %ids
    {num_experts = 7 : i64}
    : tensor<?x4xi32> -> tensor<8xi32>, tensor<?xi32>, tensor<?x4xi32>
  %rows = moe.dispatch %x, %sources : tensor<?x10xf32>, tensor<?xi32> -> tensor<?x10xf32>
  %outputs = moe.expert_mlp interleaved %rows offsets(%offsets : tensor<8xi32>)
    up(%gate_up : tensor<7x10x12xf32>) down(%down : tensor<7x6x10xf32>)
    up_bias(%gate_up_bias : tensor<7x12xf32>) down_bias(%down_bias : tensor<7x10xf32>)
    {activation = #moe.activation<silu, alpha = 1.702 : f64, gate_max = 7.0 : f64,
         up_limit = 7.0 : f64, up_offset = 1.0 : f64>,
     down_layout = #moe.matrix_layout<in_out>, up_layout = #moe.matrix_layout<in_out>}
    : tensor<?x10xf32> -> tensor<?x10xf32>
  %y = moe.combine %outputs, %positions weights(%weights : tensor<?x4xf32>)
    : tensor<?x10xf32>, tensor<?x4xi32> -> tensor<?x10xf32>
  return %y, %ids, %weights : tensor<?x10xf32>, tensor<?x4xi32>, tensor<?x4xf32>
}
