// Llama 4: one expert, whose weight multiplies its INPUT, and a shared expert.
// The weight is the sigmoid of the chosen logit. f(w x) is not w f(x), so it has to be part of the
// dispatch, and the combination has no weights.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/llama-4.plain.in.safetensors --expect=%S/Data/llama-4.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/llama-4.ties.in.safetensors --expect=%S/Data/llama-4.ties.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/llama-4.empty.in.safetensors --expect=%S/Data/llama-4.empty.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/llama-4.flood.in.safetensors --expect=%S/Data/llama-4.flood.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/llama-4.t0.in.safetensors --expect=%S/Data/llama-4.t0.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/llama-4.t1.in.safetensors --expect=%S/Data/llama-4.t1.out.safetensors --tolerance=1e-5

// CHECK: moe.gate linear
// CHECK: moe.top_k
// CHECK: moe.score sigmoid
// CHECK: moe.gather_weights
// CHECK: moe.group_by_expert
// CHECK: moe.dispatch
// CHECK: moe.expert_mlp separate
// CHECK: moe.combine
// CHECK: moe.expert_mlp separate
// CHECK: moe.mix add

func.func @moe_layer(
    %x:           tensor<?x10xf32>   {moe.name = "hidden_states"},
    %router:      tensor<7x10xf32>   {moe.name = "router.weight"},
    %gate:        tensor<7x6x10xf32> {moe.name = "experts.gate.weight"},
    %up:          tensor<7x6x10xf32> {moe.name = "experts.up.weight"},
    %down:        tensor<7x10x6xf32> {moe.name = "experts.down.weight"},
    %shared_gate: tensor<6x10xf32>   {moe.name = "shared.gate.weight"},
    %shared_up:   tensor<6x10xf32>   {moe.name = "shared.up.weight"},
    %shared_down: tensor<10x6xf32>   {moe.name = "shared.down.weight"})
    -> (tensor<?x10xf32> {moe.name = "hidden_states"},
        tensor<?x1xi32>  {moe.name = "topk_ids"},
        tensor<?x1xf32>  {moe.name = "topk_weights"}) {
  %logits = moe.gate linear %x, %router
    : tensor<?x10xf32>, tensor<7x10xf32> -> tensor<?x7xf32>
  %ids = moe.top_k %logits {k = 1 : i64} : tensor<?x7xf32>
  %scores = moe.score sigmoid %logits : tensor<?x7xf32> -> tensor<?x7xf32>
  %weights = moe.gather_weights %scores, %ids : tensor<?x7xf32>, tensor<?x1xi32>

  %offsets, %sources, %positions = moe.group_by_expert %ids
    {num_experts = 7 : i64}
    : tensor<?x1xi32> -> tensor<8xi32>, tensor<?xi32>, tensor<?x1xi32>
  %rows = moe.dispatch %x, %sources weights(%weights : tensor<?x1xf32>)
    positions(%positions : tensor<?x1xi32>)
    : tensor<?x10xf32>, tensor<?xi32> -> tensor<?x10xf32>
  %outputs = moe.expert_mlp separate %rows offsets(%offsets : tensor<8xi32>)
    up(%up : tensor<7x6x10xf32>) gate(%gate : tensor<7x6x10xf32>)
    down(%down : tensor<7x10x6xf32>) {activation = #moe.activation<silu>}
    : tensor<?x10xf32> -> tensor<?x10xf32>
  %routed = moe.combine %outputs, %positions
    : tensor<?x10xf32>, tensor<?x1xi32> -> tensor<?x10xf32>

  %shared = moe.expert_mlp separate %x up(%shared_up : tensor<6x10xf32>)
    gate(%shared_gate : tensor<6x10xf32>) down(%shared_down : tensor<10x6xf32>)
    {activation = #moe.activation<silu>} : tensor<?x10xf32> -> tensor<?x10xf32>
  %y = moe.mix add %routed, %shared : tensor<?x10xf32>
  return %y, %ids, %weights : tensor<?x10xf32>, tensor<?x1xi32>, tensor<?x1xf32>
}
