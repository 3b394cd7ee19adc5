// MegaBlocks with a capacity factor: all choices of a token are served before the next token.
// If the capacity comes out as 0 it is the largest load, so that nothing is dropped.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/megablocks-capacity.plain.in.safetensors --expect=%S/Data/megablocks-capacity.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/megablocks-capacity.drops.in.safetensors --expect=%S/Data/megablocks-capacity.drops.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/megablocks-capacity.ties.in.safetensors --expect=%S/Data/megablocks-capacity.ties.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/megablocks-capacity.empty.in.safetensors --expect=%S/Data/megablocks-capacity.empty.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/megablocks-capacity.flood.in.safetensors --expect=%S/Data/megablocks-capacity.flood.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/megablocks-capacity.few.in.safetensors --expect=%S/Data/megablocks-capacity.few.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/megablocks-capacity.t0.in.safetensors --expect=%S/Data/megablocks-capacity.t0.out.safetensors --tolerance=1e-5

// CHECK: moe.gate linear
// CHECK: moe.score softmax
// CHECK: moe.top_k
// CHECK: moe.capacity mul_then_div
// CHECK: moe.count
// CHECK: moe.capacity max_count
// CHECK: moe.assign_slots token_major
// CHECK: moe.gather_weights
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
        tensor<?x3xi32>  {moe.name = "slots"},
        tensor<i64>      {moe.name = "capacity"},
        tensor<f32>      {moe.name = "aux_loss"},
        tensor<f32>      {moe.name = "z_loss"}) {
  %logits = moe.gate linear %x, %router
    : tensor<?x10xf32>, tensor<8x10xf32> -> tensor<?x8xf32>
  %scores = moe.score softmax %logits : tensor<?x8xf32> -> tensor<?x8xf32>
  %wanted = moe.top_k %scores {k = 3 : i64} : tensor<?x8xf32>

  %c0 = arith.constant 0 : index
  %tokens = tensor.dim %x, %c0 : tensor<?x10xf32>
  %by_factor = moe.capacity mul_then_div %tokens {choices = 3 : i64, num_experts = 8 : i64}
  %counts = moe.count %wanted {num_experts = 8 : i64} : tensor<?x3xi32>
  %by_load = moe.capacity max_count %tokens counts(%counts : tensor<8xi32>) {num_experts = 8 : i64}
  %none = arith.cmpi eq, %by_factor, %c0 : index
  %capacity = arith.select %none, %by_load, %by_factor : index
  %ids, %slots = moe.assign_slots token_major %wanted, %capacity {num_experts = 8 : i64}
    : tensor<?x3xi32>
  %weights = moe.gather_weights %scores, %ids : tensor<?x8xf32>, tensor<?x3xi32>

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

  %aux = moe.aux_loss balance %scores indices(%wanted : tensor<?x3xi32>)
    {coefficient = 0.01 : f64, divide_by_choices} : tensor<?x8xf32> -> tensor<f32>
  %z = moe.aux_loss z %logits {coefficient = 0.001 : f64} : tensor<?x8xf32> -> tensor<f32>
  %c64 = arith.index_cast %capacity : index to i64
  %capacity_out = tensor.from_elements %c64 : tensor<i64>
  return %y, %ids, %weights, %slots, %capacity_out, %aux, %z
    : tensor<?x10xf32>, tensor<?x3xi32>, tensor<?x3xf32>, tensor<?x3xi32>, tensor<i64>,
      tensor<f32>, tensor<f32>
}
