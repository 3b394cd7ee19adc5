// DBRX (databricks/dbrx, modeling_dbrx.py).
// * The best four of softmax over all experts, divided by their L1 norm.
// * The experts of a matrix are stacked in its rows. w2 is stored like w1 and v1: as [F, M].

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/dbrx.plain.in.safetensors --expect=%S/Data/dbrx.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/dbrx.ties.in.safetensors --expect=%S/Data/dbrx.ties.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/dbrx.empty.in.safetensors --expect=%S/Data/dbrx.empty.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/dbrx.flood.in.safetensors --expect=%S/Data/dbrx.flood.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/dbrx.t0.in.safetensors --expect=%S/Data/dbrx.t0.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/dbrx.t1.in.safetensors --expect=%S/Data/dbrx.t1.out.safetensors --tolerance=1e-5

// CHECK-LABEL: func.func @moe_layer(
// CHECK: moe.normalize_weights %{{.*}} {order = 1.000000e+00
// CHECK: tensor.expand_shape
// CHECK: down_layout = #moe.matrix_layout<in_out>
func.func @moe_layer(
    %x: tensor<?x10xf32>      {moe.name = "hidden_states"},
    %router: tensor<7x10xf32> {moe.name = "router.weight"},
    %w1: tensor<63x10xf32>    {moe.name = "experts.w1"},
    %v1: tensor<63x10xf32>    {moe.name = "experts.v1"},
    %w2: tensor<63x10xf32>    {moe.name = "experts.w2"})
    -> (tensor<?x10xf32> {moe.name = "hidden_states"},
        tensor<?x4xi32>  {moe.name = "topk_ids"},
        tensor<?x4xf32>  {moe.name = "topk_weights"}) {
  // Router.
  %logits = moe.gate linear %x, %router : tensor<?x10xf32>, tensor<7x10xf32> -> tensor<?x7xf32>
  %scores = moe.score softmax %logits : tensor<?x7xf32> -> tensor<?x7xf32>
  %ids = moe.top_k %scores {k = 4} : tensor<?x7xf32>
  %gates = moe.gather_weights %scores, %ids : tensor<?x7xf32>, tensor<?x4xi32>
  %weights = moe.normalize_weights %gates {order = 1.0} : tensor<?x4xf32>

  // Experts.
  %gate = tensor.expand_shape %w1 [[0, 1], [2]] output_shape [7, 9, 10]
    : tensor<63x10xf32> into tensor<7x9x10xf32>
  %up = tensor.expand_shape %v1 [[0, 1], [2]] output_shape [7, 9, 10]
    : tensor<63x10xf32> into tensor<7x9x10xf32>
  %down = tensor.expand_shape %w2 [[0, 1], [2]] output_shape [7, 9, 10]
    : tensor<63x10xf32> into tensor<7x9x10xf32>
  %offsets, %sources, %positions = moe.group_by_expert %ids
    {num_experts = 7} : tensor<?x4xi32> -> tensor<8xi32>, tensor<?xi32>, tensor<?x4xi32>
  %rows = moe.dispatch %x, %sources : tensor<?x10xf32>, tensor<?xi32> -> tensor<?x10xf32>
  %outs = moe.expert_mlp separate %rows offsets(%offsets : tensor<8xi32>)
    up(%up : tensor<7x9x10xf32>) gate(%gate : tensor<7x9x10xf32>) down(%down : tensor<7x9x10xf32>)
    {activation = #moe.activation<silu>, down_layout = #moe.matrix_layout<in_out>}
    : tensor<?x10xf32> -> tensor<?x10xf32>
  %y = moe.combine %outs, %positions weights(%weights : tensor<?x4xf32>)
    : tensor<?x10xf32>, tensor<?x4xi32> -> tensor<?x10xf32>
  return %y, %ids, %weights : tensor<?x10xf32>, tensor<?x4xi32>, tensor<?x4xf32>
}
