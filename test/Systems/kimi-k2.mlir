// Kimi-K2: DeepSeek-V3's router without groups and with more experts, scale 2.827.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/kimi-k2.plain.in.safetensors --expect=%S/Data/kimi-k2.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/kimi-k2.ties.in.safetensors --expect=%S/Data/kimi-k2.ties.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/kimi-k2.empty.in.safetensors --expect=%S/Data/kimi-k2.empty.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/kimi-k2.flood.in.safetensors --expect=%S/Data/kimi-k2.flood.out.safetensors --tolerance=1e-5

// CHECK: moe.gate linear
// CHECK: moe.score sigmoid
// CHECK: moe.top_k
// CHECK: moe.gather_weights
// CHECK: moe.normalize_weights
// CHECK: moe.group_by_expert
// CHECK: moe.dispatch
// CHECK: moe.expert_mlp separate
// CHECK: moe.combine
// CHECK: moe.expert_mlp separate
// CHECK: moe.mix add

func.func @moe_layer(
    %x:           tensor<?x8xf32>    {moe.name = "hidden_states"},
    %router:      tensor<16x8xf32>   {moe.name = "router.weight"},
    %bias:        tensor<16xf32>     {moe.name = "router.bias"},
    %gate:        tensor<16x4x8xf32> {moe.name = "experts.gate.weight"},
    %up:          tensor<16x4x8xf32> {moe.name = "experts.up.weight"},
    %down:        tensor<16x8x4xf32> {moe.name = "experts.down.weight"},
    %shared_gate: tensor<4x8xf32>    {moe.name = "shared.gate.weight"},
    %shared_up:   tensor<4x8xf32>    {moe.name = "shared.up.weight"},
    %shared_down: tensor<8x4xf32>    {moe.name = "shared.down.weight"})
    -> (tensor<?x8xf32> {moe.name = "hidden_states"},
        tensor<?x8xi32> {moe.name = "topk_ids"},
        tensor<?x8xf32> {moe.name = "topk_weights"}) {
  %logits = moe.gate linear %x, %router
    : tensor<?x8xf32>, tensor<16x8xf32> -> tensor<?x16xf32>
  %scores = moe.score sigmoid %logits : tensor<?x16xf32> -> tensor<?x16xf32>
  %ids = moe.top_k %scores bias(%bias : tensor<16xf32>) {k = 8 : i64} : tensor<?x16xf32>
  %chosen = moe.gather_weights %scores, %ids : tensor<?x16xf32>, tensor<?x8xi32>
  %weights = moe.normalize_weights %chosen
    {eps = 1.0e-20 : f64, eps_mode = #moe.eps_mode<add>, order = 1.0 : f64, scale = 2.827 : f64}
    : tensor<?x8xf32>

  %offsets, %sources, %positions = moe.group_by_expert %ids
    {num_experts = 16 : i64}
    : tensor<?x8xi32> -> tensor<17xi32>, tensor<?xi32>, tensor<?x8xi32>
  %rows = moe.dispatch %x, %sources : tensor<?x8xf32>, tensor<?xi32> -> tensor<?x8xf32>
  %outputs = moe.expert_mlp separate %rows offsets(%offsets : tensor<17xi32>)
    up(%up : tensor<16x4x8xf32>) gate(%gate : tensor<16x4x8xf32>)
    down(%down : tensor<16x8x4xf32>) {activation = #moe.activation<silu>}
    : tensor<?x8xf32> -> tensor<?x8xf32>
  %routed = moe.combine %outputs, %positions weights(%weights : tensor<?x8xf32>)
    : tensor<?x8xf32>, tensor<?x8xi32> -> tensor<?x8xf32>

  %shared = moe.expert_mlp separate %x up(%shared_up : tensor<4x8xf32>)
    gate(%shared_gate : tensor<4x8xf32>) down(%shared_down : tensor<8x4xf32>)
    {activation = #moe.activation<silu>} : tensor<?x8xf32> -> tensor<?x8xf32>
  %y = moe.mix add %routed, %shared : tensor<?x8xf32>
  return %y, %ids, %weights : tensor<?x8xf32>, tensor<?x8xi32>, tensor<?x8xf32>
}
