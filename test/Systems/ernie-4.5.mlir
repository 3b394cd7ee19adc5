// ERNIE-4.5: the bias for the choice is added to the softmax probabilities.
// The weights are the probabilities without the bias, divided by their sum (at least 1e-12).

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/ernie-4.5.plain.in.safetensors --expect=%S/Data/ernie-4.5.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/ernie-4.5.ties.in.safetensors --expect=%S/Data/ernie-4.5.ties.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/ernie-4.5.empty.in.safetensors --expect=%S/Data/ernie-4.5.empty.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/ernie-4.5.flood.in.safetensors --expect=%S/Data/ernie-4.5.flood.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/ernie-4.5.t0.in.safetensors --expect=%S/Data/ernie-4.5.t0.out.safetensors --tolerance=1e-5

// CHECK: moe.gate linear
// CHECK: moe.score softmax
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
    %x:           tensor<?x10xf32>   {moe.name = "hidden_states"},
    %router:      tensor<9x10xf32>   {moe.name = "router.weight"},
    %bias:        tensor<9xf32>      {moe.name = "router.bias"},
    %gate:        tensor<9x5x10xf32> {moe.name = "experts.gate.weight"},
    %up:          tensor<9x5x10xf32> {moe.name = "experts.up.weight"},
    %down:        tensor<9x10x5xf32> {moe.name = "experts.down.weight"},
    %shared_gate: tensor<10x10xf32>  {moe.name = "shared.gate.weight"},
    %shared_up:   tensor<10x10xf32>  {moe.name = "shared.up.weight"},
    %shared_down: tensor<10x10xf32>  {moe.name = "shared.down.weight"})
    -> (tensor<?x10xf32> {moe.name = "hidden_states"},
        tensor<?x4xi32>  {moe.name = "topk_ids"},
        tensor<?x4xf32>  {moe.name = "topk_weights"}) {
  %logits = moe.gate linear %x, %router
    : tensor<?x10xf32>, tensor<9x10xf32> -> tensor<?x9xf32>
  %scores = moe.score softmax %logits : tensor<?x9xf32> -> tensor<?x9xf32>
  %ids = moe.top_k %scores bias(%bias : tensor<9xf32>) {k = 4 : i64} : tensor<?x9xf32>
  %chosen = moe.gather_weights %scores, %ids : tensor<?x9xf32>, tensor<?x4xi32>
  %weights = moe.normalize_weights %chosen
    {eps = 1.0e-12 : f64, eps_mode = #moe.eps_mode<clamp>, order = 1.0 : f64}
    : tensor<?x4xf32>

  %offsets, %sources, %positions = moe.group_by_expert %ids
    {num_experts = 9 : i64}
    : tensor<?x4xi32> -> tensor<10xi32>, tensor<?xi32>, tensor<?x4xi32>
  %rows = moe.dispatch %x, %sources : tensor<?x10xf32>, tensor<?xi32> -> tensor<?x10xf32>
  %outputs = moe.expert_mlp separate %rows offsets(%offsets : tensor<10xi32>)
    up(%up : tensor<9x5x10xf32>) gate(%gate : tensor<9x5x10xf32>)
    down(%down : tensor<9x10x5xf32>) {activation = #moe.activation<silu>}
    : tensor<?x10xf32> -> tensor<?x10xf32>
  %routed = moe.combine %outputs, %positions weights(%weights : tensor<?x4xf32>)
    : tensor<?x10xf32>, tensor<?x4xi32> -> tensor<?x10xf32>

  %shared = moe.expert_mlp separate %x up(%shared_up : tensor<10x10xf32>)
    gate(%shared_gate : tensor<10x10xf32>) down(%shared_down : tensor<10x10xf32>)
    {activation = #moe.activation<silu>} : tensor<?x10xf32> -> tensor<?x10xf32>
  %y = moe.mix add %routed, %shared : tensor<?x10xf32>
  return %y, %ids, %weights : tensor<?x10xf32>, tensor<?x4xi32>, tensor<?x4xf32>
}
