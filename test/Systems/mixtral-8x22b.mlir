// Mixtral 8x22B as its own code computes it (mistral-inference, moe.py).
// * The best two LOGITS, then a softmax over these two: in exact arithmetic the same as
//   mixtral-8x7b, but other roundings and other ties.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/mixtral-8x22b.plain.in.safetensors --expect=%S/Data/mixtral-8x22b.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/mixtral-8x22b.ties.in.safetensors --expect=%S/Data/mixtral-8x22b.ties.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/mixtral-8x22b.empty.in.safetensors --expect=%S/Data/mixtral-8x22b.empty.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/mixtral-8x22b.flood.in.safetensors --expect=%S/Data/mixtral-8x22b.flood.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/mixtral-8x22b.t0.in.safetensors --expect=%S/Data/mixtral-8x22b.t0.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/mixtral-8x22b.t1.in.safetensors --expect=%S/Data/mixtral-8x22b.t1.out.safetensors --tolerance=1e-5

// CHECK-LABEL: func.func @moe_layer(
// CHECK: moe.top_k
// CHECK: moe.gather_weights
// CHECK: moe.score softmax %{{.*}} : tensor<?x2xf32>
func.func @moe_layer(
    %x: tensor<?x9xf32>       {moe.name = "hidden_states"},
    %router: tensor<8x9xf32>  {moe.name = "router.weight"},
    %gate: tensor<8x10x9xf32> {moe.name = "experts.gate.weight"},
    %up: tensor<8x10x9xf32>   {moe.name = "experts.up.weight"},
    %down: tensor<8x9x10xf32> {moe.name = "experts.down.weight"})
    -> (tensor<?x9xf32> {moe.name = "hidden_states"},
        tensor<?x2xi32> {moe.name = "topk_ids"},
        tensor<?x2xf32> {moe.name = "topk_weights"}) {
  // Router.
  %logits = moe.gate linear %x, %router : tensor<?x9xf32>, tensor<8x9xf32> -> tensor<?x8xf32>
  %ids = moe.top_k %logits {k = 2} : tensor<?x8xf32>
  %chosen = moe.gather_weights %logits, %ids : tensor<?x8xf32>, tensor<?x2xi32>
  %weights = moe.score softmax %chosen : tensor<?x2xf32> -> tensor<?x2xf32>

  // Experts.
  %offsets, %sources, %positions = moe.group_by_expert %ids
    {num_experts = 8} : tensor<?x2xi32> -> tensor<9xi32>, tensor<?xi32>, tensor<?x2xi32>
  %rows = moe.dispatch %x, %sources : tensor<?x9xf32>, tensor<?xi32> -> tensor<?x9xf32>
  %outs = moe.expert_mlp separate %rows offsets(%offsets : tensor<9xi32>)
    up(%up : tensor<8x10x9xf32>) gate(%gate : tensor<8x10x9xf32>) down(%down : tensor<8x9x10xf32>)
    {activation = #moe.activation<silu>} : tensor<?x9xf32> -> tensor<?x9xf32>
  %y = moe.combine %outs, %positions weights(%weights : tensor<?x2xf32>)
    : tensor<?x9xf32>, tensor<?x2xi32> -> tensor<?x9xf32>
  return %y, %ids, %weights : tensor<?x9xf32>, tensor<?x2xi32>, tensor<?x2xf32>
}
