// Latent prototype routing: tokens are compared with prototypes in a small latent space.
// The logit is minus the squared distance; the softmax is over the chosen logits.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/lpr.plain.in.safetensors --expect=%S/Data/lpr.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/lpr.ties.in.safetensors --expect=%S/Data/lpr.ties.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/lpr.t1.in.safetensors --expect=%S/Data/lpr.t1.out.safetensors --tolerance=1e-5

// CHECK: moe.expert_mlp none
// CHECK: moe.gate distance
// CHECK: moe.top_k
// CHECK: moe.gather_weights
// CHECK: moe.score softmax
// CHECK: moe.group_by_expert
// CHECK: moe.dispatch
// CHECK: moe.expert_mlp separate
// CHECK: moe.combine

func.func @moe_layer(
    %x:       tensor<?x10xf32>   {moe.name = "hidden_states"},
    %router:  tensor<8x5xf32>    {moe.name = "router.weight"},
    %encoder: tensor<5x10xf32>   {moe.name = "encoder.weight"},
    %scale:   tensor<f32>        {moe.name = "scale"},
    %gate:    tensor<8x6x10xf32> {moe.name = "experts.gate.weight"},
    %up:      tensor<8x6x10xf32> {moe.name = "experts.up.weight"},
    %down:    tensor<8x10x6xf32> {moe.name = "experts.down.weight"})
    -> (tensor<?x10xf32> {moe.name = "hidden_states"},
        tensor<?x3xi32>  {moe.name = "topk_ids"},
        tensor<?x3xf32>  {moe.name = "topk_weights"}) {
  %latent = moe.expert_mlp none %x up(%encoder : tensor<5x10xf32>)
    {activation = #moe.activation<silu>} : tensor<?x10xf32> -> tensor<?x5xf32>
  %logits = moe.gate distance %latent, %router scale(%scale : tensor<f32>)
    : tensor<?x5xf32>, tensor<8x5xf32> -> tensor<?x8xf32>
  %ids = moe.top_k %logits {k = 3 : i64} : tensor<?x8xf32>
  %chosen = moe.gather_weights %logits, %ids : tensor<?x8xf32>, tensor<?x3xi32>
  %weights = moe.score softmax %chosen : tensor<?x3xf32> -> tensor<?x3xf32>

  %offsets, %sources, %positions = moe.group_by_expert %ids
    {num_experts = 8 : i64}
    : tensor<?x3xi32> -> tensor<9xi32>, tensor<?xi32>, tensor<?x3xi32>
  %rows = moe.dispatch %x, %sources : tensor<?x10xf32>, tensor<?xi32> -> tensor<?x10xf32>
  %outputs = moe.expert_mlp separate %rows offsets(%offsets : tensor<9xi32>)
    up(%up : tensor<8x6x10xf32>) gate(%gate : tensor<8x6x10xf32>)
    down(%down : tensor<8x10x6xf32>) {activation = #moe.activation<silu>}
    : tensor<?x10xf32> -> tensor<?x10xf32>
  %y = moe.combine %outputs, %positions weights(%weights : tensor<?x3xf32>)
    : tensor<?x10xf32>, tensor<?x3xi32> -> tensor<?x10xf32>
  return %y, %ids, %weights : tensor<?x10xf32>, tensor<?x3xi32>, tensor<?x3xf32>
}
