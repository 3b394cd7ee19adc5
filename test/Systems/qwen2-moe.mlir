// Qwen1.5-MoE and Qwen2-MoE: raw softmax weights, and a shared expert behind a sigmoid gate.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/qwen2-moe.plain.in.safetensors --expect=%S/Data/qwen2-moe.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/qwen2-moe.ties.in.safetensors --expect=%S/Data/qwen2-moe.ties.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/qwen2-moe.empty.in.safetensors --expect=%S/Data/qwen2-moe.empty.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/qwen2-moe.flood.in.safetensors --expect=%S/Data/qwen2-moe.flood.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/qwen2-moe.t0.in.safetensors --expect=%S/Data/qwen2-moe.t0.out.safetensors --tolerance=1e-5

// CHECK: moe.gate linear
// CHECK: moe.score softmax
// CHECK: moe.top_k
// CHECK: moe.gather_weights
// CHECK: moe.group_by_expert
// CHECK: moe.dispatch
// CHECK: moe.expert_mlp separate
// CHECK: moe.combine
// CHECK: moe.expert_mlp separate
// CHECK: moe.gate linear
// CHECK: moe.mix sigmoid

func.func @moe_layer(
    %x:             tensor<?x9xf32>   {moe.name = "hidden_states"},
    %router:        tensor<7x9xf32>   {moe.name = "router.weight"},
    %gate:          tensor<7x6x9xf32> {moe.name = "experts.gate.weight"},
    %up:            tensor<7x6x9xf32> {moe.name = "experts.up.weight"},
    %down:          tensor<7x9x6xf32> {moe.name = "experts.down.weight"},
    %shared_gate:   tensor<13x9xf32>  {moe.name = "shared.gate.weight"},
    %shared_up:     tensor<13x9xf32>  {moe.name = "shared.up.weight"},
    %shared_down:   tensor<9x13xf32>  {moe.name = "shared.down.weight"},
    %shared_weight: tensor<1x9xf32>   {moe.name = "shared_gate.weight"})
    -> (tensor<?x9xf32> {moe.name = "hidden_states"},
        tensor<?x4xi32> {moe.name = "topk_ids"},
        tensor<?x4xf32> {moe.name = "topk_weights"}) {
  %logits = moe.gate linear %x, %router
    : tensor<?x9xf32>, tensor<7x9xf32> -> tensor<?x7xf32>
  %scores = moe.score softmax %logits : tensor<?x7xf32> -> tensor<?x7xf32>
  %ids = moe.top_k %scores {k = 4 : i64} : tensor<?x7xf32>
  %weights = moe.gather_weights %scores, %ids : tensor<?x7xf32>, tensor<?x4xi32>

  %offsets, %sources, %positions = moe.group_by_expert %ids
    {num_experts = 7 : i64}
    : tensor<?x4xi32> -> tensor<8xi32>, tensor<?xi32>, tensor<?x4xi32>
  %rows = moe.dispatch %x, %sources : tensor<?x9xf32>, tensor<?xi32> -> tensor<?x9xf32>
  %outputs = moe.expert_mlp separate %rows offsets(%offsets : tensor<8xi32>)
    up(%up : tensor<7x6x9xf32>) gate(%gate : tensor<7x6x9xf32>)
    down(%down : tensor<7x9x6xf32>) {activation = #moe.activation<silu>}
    : tensor<?x9xf32> -> tensor<?x9xf32>
  %routed = moe.combine %outputs, %positions weights(%weights : tensor<?x4xf32>)
    : tensor<?x9xf32>, tensor<?x4xi32> -> tensor<?x9xf32>

  %shared = moe.expert_mlp separate %x up(%shared_up : tensor<13x9xf32>)
    gate(%shared_gate : tensor<13x9xf32>) down(%shared_down : tensor<9x13xf32>)
    {activation = #moe.activation<silu>} : tensor<?x9xf32> -> tensor<?x9xf32>
  %opening = moe.gate linear %x, %shared_weight
    : tensor<?x9xf32>, tensor<1x9xf32> -> tensor<?x1xf32>
  %y = moe.mix sigmoid %routed, %shared coefficient(%opening : tensor<?x1xf32>) : tensor<?x9xf32>
  return %y, %ids, %weights : tensor<?x9xf32>, tensor<?x4xi32>, tensor<?x4xf32>
}
