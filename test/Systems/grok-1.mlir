// Grok-1 (xai-org/grok-1, model.py).
// * Softmax over all experts in f32, the best two, NOT renormalised.
// * Gated GELU experts (tanh form). The released code rounds weights and sums to bf16; here all is
//   f32.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/grok-1.plain.in.safetensors --expect=%S/Data/grok-1.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/grok-1.ties.in.safetensors --expect=%S/Data/grok-1.ties.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/grok-1.empty.in.safetensors --expect=%S/Data/grok-1.empty.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/grok-1.flood.in.safetensors --expect=%S/Data/grok-1.flood.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/grok-1.t0.in.safetensors --expect=%S/Data/grok-1.t0.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/grok-1.t1.in.safetensors --expect=%S/Data/grok-1.t1.out.safetensors --tolerance=1e-5

// CHECK-LABEL: func.func @moe_layer(
// CHECK: moe.score softmax
// CHECK: moe.top_k
// CHECK: moe.gather_weights
// CHECK: #moe.activation<gelu_tanh>
func.func @moe_layer(
    %x: tensor<?x10xf32>      {moe.name = "hidden_states"},
    %router: tensor<8x10xf32> {moe.name = "router.weight"},
    %gate: tensor<8x9x10xf32> {moe.name = "experts.gate.weight"},
    %up: tensor<8x9x10xf32>   {moe.name = "experts.up.weight"},
    %down: tensor<8x10x9xf32> {moe.name = "experts.down.weight"})
    -> (tensor<?x10xf32> {moe.name = "hidden_states"},
        tensor<?x2xi32>  {moe.name = "topk_ids"},
        tensor<?x2xf32>  {moe.name = "topk_weights"}) {
  // Router.
  %logits = moe.gate linear %x, %router : tensor<?x10xf32>, tensor<8x10xf32> -> tensor<?x8xf32>
  %scores = moe.score softmax %logits : tensor<?x8xf32> -> tensor<?x8xf32>
  %ids = moe.top_k %scores {k = 2} : tensor<?x8xf32>
  %weights = moe.gather_weights %scores, %ids : tensor<?x8xf32>, tensor<?x2xi32>

  // Experts.
  %offsets, %sources, %positions = moe.group_by_expert %ids
    {num_experts = 8} : tensor<?x2xi32> -> tensor<9xi32>, tensor<?xi32>, tensor<?x2xi32>
  %rows = moe.dispatch %x, %sources : tensor<?x10xf32>, tensor<?xi32> -> tensor<?x10xf32>
  %outs = moe.expert_mlp separate %rows offsets(%offsets : tensor<9xi32>)
    up(%up : tensor<8x9x10xf32>) gate(%gate : tensor<8x9x10xf32>) down(%down : tensor<8x10x9xf32>)
    {activation = #moe.activation<gelu_tanh>} : tensor<?x10xf32> -> tensor<?x10xf32>
  %y = moe.combine %outs, %positions weights(%weights : tensor<?x2xf32>)
    : tensor<?x10xf32>, tensor<?x2xi32> -> tensor<?x10xf32>
  return %y, %ids, %weights : tensor<?x10xf32>, tensor<?x2xi32>, tensor<?x2xf32>
}
