// DeepSeek-V2-Lite: no groups, raw softmax weights, shared experts of twice the width.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/deepseek-v2-lite.plain.in.safetensors --expect=%S/Data/deepseek-v2-lite.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/deepseek-v2-lite.ties.in.safetensors --expect=%S/Data/deepseek-v2-lite.ties.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/deepseek-v2-lite.empty.in.safetensors --expect=%S/Data/deepseek-v2-lite.empty.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/deepseek-v2-lite.flood.in.safetensors --expect=%S/Data/deepseek-v2-lite.flood.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/deepseek-v2-lite.t1.in.safetensors --expect=%S/Data/deepseek-v2-lite.t1.out.safetensors --tolerance=1e-5

// CHECK: moe.gate linear
// CHECK: moe.score softmax
// CHECK: moe.top_k
// CHECK: moe.gather_weights
// CHECK: moe.group_by_expert
// CHECK: moe.dispatch
// CHECK: moe.expert_mlp separate
// CHECK: moe.combine
// CHECK: moe.expert_mlp separate
// CHECK: moe.mix add

func.func @moe_layer(
    %x:           tensor<?x10xf32>   {moe.name = "hidden_states"},
    %router:      tensor<9x10xf32>   {moe.name = "router.weight"},
    %gate:        tensor<9x5x10xf32> {moe.name = "experts.gate.weight"},
    %up:          tensor<9x5x10xf32> {moe.name = "experts.up.weight"},
    %down:        tensor<9x10x5xf32> {moe.name = "experts.down.weight"},
    %shared_gate: tensor<10x10xf32>  {moe.name = "shared.gate.weight"},
    %shared_up:   tensor<10x10xf32>  {moe.name = "shared.up.weight"},
    %shared_down: tensor<10x10xf32>  {moe.name = "shared.down.weight"})
    -> (tensor<?x10xf32> {moe.name = "hidden_states"},
        tensor<?x6xi32>  {moe.name = "topk_ids"},
        tensor<?x6xf32>  {moe.name = "topk_weights"}) {
  %logits = moe.gate linear %x, %router
    : tensor<?x10xf32>, tensor<9x10xf32> -> tensor<?x9xf32>
  %scores = moe.score softmax %logits : tensor<?x9xf32> -> tensor<?x9xf32>
  %ids = moe.top_k %scores {k = 6 : i64} : tensor<?x9xf32>
  %weights = moe.gather_weights %scores, %ids : tensor<?x9xf32>, tensor<?x6xi32>

  %offsets, %sources, %positions = moe.group_by_expert %ids
    {num_experts = 9 : i64}
    : tensor<?x6xi32> -> tensor<10xi32>, tensor<?xi32>, tensor<?x6xi32>
  %rows = moe.dispatch %x, %sources : tensor<?x10xf32>, tensor<?xi32> -> tensor<?x10xf32>
  %outputs = moe.expert_mlp separate %rows offsets(%offsets : tensor<10xi32>)
    up(%up : tensor<9x5x10xf32>) gate(%gate : tensor<9x5x10xf32>)
    down(%down : tensor<9x10x5xf32>) {activation = #moe.activation<silu>}
    : tensor<?x10xf32> -> tensor<?x10xf32>
  %routed = moe.combine %outputs, %positions weights(%weights : tensor<?x6xf32>)
    : tensor<?x10xf32>, tensor<?x6xi32> -> tensor<?x10xf32>

  %shared = moe.expert_mlp separate %x up(%shared_up : tensor<10x10xf32>)
    gate(%shared_gate : tensor<10x10xf32>) down(%shared_down : tensor<10x10xf32>)
    {activation = #moe.activation<silu>} : tensor<?x10xf32> -> tensor<?x10xf32>
  %y = moe.mix add %routed, %shared : tensor<?x10xf32>
  return %y, %ids, %weights : tensor<?x10xf32>, tensor<?x6xi32>, tensor<?x6xf32>
}
