// Nemotron 3 Nano: experts without a gate, activated by the squared ReLU.
// The router is GLM's: sigmoid, a bias that only chooses, normalised and scaled by 2.5. The shared
// expert is wider than the others.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/nemotron.plain.in.safetensors --expect=%S/Data/nemotron.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/nemotron.ties.in.safetensors --expect=%S/Data/nemotron.ties.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/nemotron.empty.in.safetensors --expect=%S/Data/nemotron.empty.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/nemotron.flood.in.safetensors --expect=%S/Data/nemotron.flood.out.safetensors --tolerance=1e-5

// CHECK: moe.gate linear
// CHECK: moe.score sigmoid
// CHECK: moe.top_k
// CHECK: moe.gather_weights
// CHECK: moe.normalize_weights
// CHECK: moe.group_by_expert
// CHECK: moe.dispatch
// CHECK: moe.expert_mlp none
// CHECK: moe.combine
// CHECK: moe.expert_mlp none
// CHECK: moe.mix add

func.func @moe_layer(
    %x:           tensor<?x9xf32>    {moe.name = "hidden_states"},
    %router:      tensor<11x9xf32>   {moe.name = "router.weight"},
    %bias:        tensor<11xf32>     {moe.name = "router.bias"},
    %up:          tensor<11x7x9xf32> {moe.name = "experts.up.weight"},
    %down:        tensor<11x9x7xf32> {moe.name = "experts.down.weight"},
    %shared_up:   tensor<13x9xf32>   {moe.name = "shared.up.weight"},
    %shared_down: tensor<9x13xf32>   {moe.name = "shared.down.weight"})
    -> (tensor<?x9xf32> {moe.name = "hidden_states"},
        tensor<?x4xi32> {moe.name = "topk_ids"},
        tensor<?x4xf32> {moe.name = "topk_weights"}) {
  %logits = moe.gate linear %x, %router
    : tensor<?x9xf32>, tensor<11x9xf32> -> tensor<?x11xf32>
  %scores = moe.score sigmoid %logits : tensor<?x11xf32> -> tensor<?x11xf32>
  %ids = moe.top_k %scores bias(%bias : tensor<11xf32>) {k = 4 : i64} : tensor<?x11xf32>
  %chosen = moe.gather_weights %scores, %ids : tensor<?x11xf32>, tensor<?x4xi32>
  %weights = moe.normalize_weights %chosen
    {eps = 1.0e-20 : f64, eps_mode = #moe.eps_mode<add>, order = 1.0 : f64, scale = 2.5 : f64}
    : tensor<?x4xf32>

  %offsets, %sources, %positions = moe.group_by_expert %ids
    {num_experts = 11 : i64}
    : tensor<?x4xi32> -> tensor<12xi32>, tensor<?xi32>, tensor<?x4xi32>
  %rows = moe.dispatch %x, %sources : tensor<?x9xf32>, tensor<?xi32> -> tensor<?x9xf32>
  %outputs = moe.expert_mlp none %rows offsets(%offsets : tensor<12xi32>)
    up(%up : tensor<11x7x9xf32>) down(%down : tensor<11x9x7xf32>)
    {activation = #moe.activation<relu_squared>}
    : tensor<?x9xf32> -> tensor<?x9xf32>
  %routed = moe.combine %outputs, %positions weights(%weights : tensor<?x4xf32>)
    : tensor<?x9xf32>, tensor<?x4xi32> -> tensor<?x9xf32>

  %shared = moe.expert_mlp none %x up(%shared_up : tensor<13x9xf32>)
    down(%shared_down : tensor<9x13xf32>)
    {activation = #moe.activation<relu_squared>} : tensor<?x9xf32> -> tensor<?x9xf32>
  %y = moe.mix add %routed, %shared : tensor<?x9xf32>
  return %y, %ids, %weights : tensor<?x9xf32>, tensor<?x4xi32>, tensor<?x4xf32>
}
