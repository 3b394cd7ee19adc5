// MegaBlocks' dropless MoE: weights divided by their L2 norm, one output bias for the whole layer.
// The second expert matrix is stored F x M.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/megablocks-dmoe.plain.in.safetensors --expect=%S/Data/megablocks-dmoe.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/megablocks-dmoe.ties.in.safetensors --expect=%S/Data/megablocks-dmoe.ties.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/megablocks-dmoe.empty.in.safetensors --expect=%S/Data/megablocks-dmoe.empty.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/megablocks-dmoe.flood.in.safetensors --expect=%S/Data/megablocks-dmoe.flood.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/megablocks-dmoe.t0.in.safetensors --expect=%S/Data/megablocks-dmoe.t0.out.safetensors --tolerance=1e-5

// CHECK: moe.gate linear
// CHECK: moe.score softmax
// CHECK: moe.top_k
// CHECK: moe.gather_weights
// CHECK: moe.normalize_weights
// CHECK: moe.group_by_expert
// CHECK: moe.dispatch
// CHECK: moe.expert_mlp none
// CHECK: moe.combine
// CHECK: moe.aux_loss balance
// CHECK: moe.aux_loss z

func.func @moe_layer(
    %x:      tensor<?x10xf32>   {moe.name = "hidden_states"},
    %router: tensor<8x10xf32>   {moe.name = "router.weight"},
    %down:   tensor<8x9x10xf32> {moe.name = "experts.down.weight"},
    %up:     tensor<8x9x10xf32> {moe.name = "experts.up.weight"},
    %bias:   tensor<10xf32>     {moe.name = "bias"})
    -> (tensor<?x10xf32> {moe.name = "hidden_states"},
        tensor<?x3xi32>  {moe.name = "topk_ids"},
        tensor<?x3xf32>  {moe.name = "topk_weights"},
        tensor<f32>      {moe.name = "aux_loss"},
        tensor<f32>      {moe.name = "z_loss"}) {
  %logits = moe.gate linear %x, %router
    : tensor<?x10xf32>, tensor<8x10xf32> -> tensor<?x8xf32>
  %scores = moe.score softmax %logits : tensor<?x8xf32> -> tensor<?x8xf32>
  %ids = moe.top_k %scores {k = 3 : i64} : tensor<?x8xf32>
  %chosen = moe.gather_weights %scores, %ids : tensor<?x8xf32>, tensor<?x3xi32>
  %weights = moe.normalize_weights %chosen {order = 2.0 : f64} : tensor<?x3xf32>

  %offsets, %sources, %positions = moe.group_by_expert %ids
    {num_experts = 8 : i64}
    : tensor<?x3xi32> -> tensor<9xi32>, tensor<?xi32>, tensor<?x3xi32>
  %rows = moe.dispatch %x, %sources : tensor<?x10xf32>, tensor<?xi32> -> tensor<?x10xf32>
  %outputs = moe.expert_mlp none %rows offsets(%offsets : tensor<9xi32>)
    up(%up : tensor<8x9x10xf32>) down(%down : tensor<8x9x10xf32>)
    {activation = #moe.activation<gelu_tanh>, down_layout = #moe.matrix_layout<in_out>}
    : tensor<?x10xf32> -> tensor<?x10xf32>
  %routed = moe.combine %outputs, %positions weights(%weights : tensor<?x3xf32>)
    : tensor<?x10xf32>, tensor<?x3xi32> -> tensor<?x10xf32>
  %biases = linalg.broadcast ins(%bias : tensor<10xf32>) outs(%x : tensor<?x10xf32>)
    dimensions = [0]
  %y = arith.addf %routed, %biases : tensor<?x10xf32>

  %aux = moe.aux_loss balance %scores indices(%ids : tensor<?x3xi32>)
    {coefficient = 0.01 : f64, divide_by_choices} : tensor<?x8xf32> -> tensor<f32>
  %z = moe.aux_loss z %logits {coefficient = 0.001 : f64} : tensor<?x8xf32> -> tensor<f32>
  return %y, %ids, %weights, %aux, %z
    : tensor<?x10xf32>, tensor<?x3xi32>, tensor<?x3xf32>, tensor<f32>, tensor<f32>
}
