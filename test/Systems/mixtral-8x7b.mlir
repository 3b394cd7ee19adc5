// Mixtral 8x7B under its checkpoint's names (Hugging Face models/mixtral).
// * Softmax over all experts, the best two, divided by their sum.
// * One stored tensor per expert and matrix; w1 is the gate, w3 the up and w2 the down projection.
// * The balance loss times 0.02 counts both choices and is not divided by two.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/mixtral-8x7b.plain.in.safetensors --expect=%S/Data/mixtral-8x7b.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/mixtral-8x7b.empty.in.safetensors --expect=%S/Data/mixtral-8x7b.empty.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/mixtral-8x7b.flood.in.safetensors --expect=%S/Data/mixtral-8x7b.flood.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/mixtral-8x7b.ties.in.safetensors --expect=%S/Data/mixtral-8x7b.ties.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/mixtral-8x7b.t0.in.safetensors --expect=%S/Data/mixtral-8x7b.t0.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/mixtral-8x7b.t1.in.safetensors --expect=%S/Data/mixtral-8x7b.t1.out.safetensors --tolerance=1e-5

// CHECK-LABEL: func.func @moe_layer(
// CHECK: moe.top_k %{{.*}} {k = 2
// CHECK: moe.normalize_weights %{{.*}} {order = 1.000000e+00
// CHECK: moe.expert_mlp separate %{{.*}}#moe.per_expert
func.func @moe_layer(
    %x: tensor<?x10xf32>                       {moe.name = "hidden_states"},
    %router: tensor<8x10xf32>                  {moe.name = "block_sparse_moe.gate.weight"},
    %gate: tensor<8x9x10xf32, #moe.per_expert> {moe.name = "block_sparse_moe.experts.{expert}.w1.weight"},
    %down: tensor<8x10x9xf32, #moe.per_expert> {moe.name = "block_sparse_moe.experts.{expert}.w2.weight"},
    %up: tensor<8x9x10xf32, #moe.per_expert>   {moe.name = "block_sparse_moe.experts.{expert}.w3.weight"})
    -> (tensor<?x10xf32> {moe.name = "hidden_states"},
        tensor<?x2xi32>  {moe.name = "topk_ids"},
        tensor<?x2xf32>  {moe.name = "topk_weights"},
        tensor<f32>      {moe.name = "aux_loss"}) {
  // Router.
  %logits = moe.gate linear %x, %router : tensor<?x10xf32>, tensor<8x10xf32> -> tensor<?x8xf32>
  %scores = moe.score softmax %logits : tensor<?x8xf32> -> tensor<?x8xf32>
  %ids = moe.top_k %scores {k = 2} : tensor<?x8xf32>
  %gates = moe.gather_weights %scores, %ids : tensor<?x8xf32>, tensor<?x2xi32>
  %weights = moe.normalize_weights %gates {order = 1.0} : tensor<?x2xf32>
  %aux_loss = moe.aux_loss balance %scores indices(%ids : tensor<?x2xi32>)
    {coefficient = 0.02} : tensor<?x8xf32> -> tensor<f32>

  // Experts.
  %offsets, %sources, %positions = moe.group_by_expert %ids
    {num_experts = 8} : tensor<?x2xi32> -> tensor<9xi32>, tensor<?xi32>, tensor<?x2xi32>
  %rows = moe.dispatch %x, %sources : tensor<?x10xf32>, tensor<?xi32> -> tensor<?x10xf32>
  %outs = moe.expert_mlp separate %rows offsets(%offsets : tensor<9xi32>)
    up(%up : tensor<8x9x10xf32, #moe.per_expert>)
    gate(%gate : tensor<8x9x10xf32, #moe.per_expert>)
    down(%down : tensor<8x10x9xf32, #moe.per_expert>)
    {activation = #moe.activation<silu>} : tensor<?x10xf32> -> tensor<?x10xf32>
  %y = moe.combine %outs, %positions weights(%weights : tensor<?x2xf32>)
    : tensor<?x10xf32>, tensor<?x2xi32> -> tensor<?x10xf32>
  return %y, %ids, %weights, %aux_loss
    : tensor<?x10xf32>, tensor<?x2xi32>, tensor<?x2xf32>, tensor<f32>
}
