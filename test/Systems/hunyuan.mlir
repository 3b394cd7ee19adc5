// Hunyuan-A13B: drops choices beyond the capacity at inference too, after normalising the weights.
// All first choices are served before the second ones. What is left is not scaled up.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/hunyuan.plain.in.safetensors --expect=%S/Data/hunyuan.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/hunyuan.drops.in.safetensors --expect=%S/Data/hunyuan.drops.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/hunyuan.ties.in.safetensors --expect=%S/Data/hunyuan.ties.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/hunyuan.empty.in.safetensors --expect=%S/Data/hunyuan.empty.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/hunyuan.flood.in.safetensors --expect=%S/Data/hunyuan.flood.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/hunyuan.t0.in.safetensors --expect=%S/Data/hunyuan.t0.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/hunyuan.t1.in.safetensors --expect=%S/Data/hunyuan.t1.out.safetensors --tolerance=1e-5

// CHECK: moe.gate linear
// CHECK: moe.score softmax
// CHECK: moe.top_k
// CHECK: moe.gather_weights
// CHECK: moe.normalize_weights
// CHECK: moe.capacity mul_then_div
// CHECK: moe.assign_slots k_major
// CHECK: moe.gather_weights
// CHECK: moe.group_by_expert
// CHECK: moe.dispatch
// CHECK: moe.expert_mlp separate
// CHECK: moe.combine
// CHECK: moe.expert_mlp separate
// CHECK: moe.mix add

func.func @moe_layer(
    %x:           tensor<?x10xf32>   {moe.name = "hidden_states"},
    %router:      tensor<8x10xf32>   {moe.name = "router.weight"},
    %gate:        tensor<8x6x10xf32> {moe.name = "experts.gate.weight"},
    %up:          tensor<8x6x10xf32> {moe.name = "experts.up.weight"},
    %down:        tensor<8x10x6xf32> {moe.name = "experts.down.weight"},
    %shared_gate: tensor<6x10xf32>   {moe.name = "shared.gate.weight"},
    %shared_up:   tensor<6x10xf32>   {moe.name = "shared.up.weight"},
    %shared_down: tensor<10x6xf32>   {moe.name = "shared.down.weight"})
    -> (tensor<?x10xf32> {moe.name = "hidden_states"},
        tensor<?x3xi32>  {moe.name = "topk_ids"},
        tensor<?x3xf32>  {moe.name = "topk_weights"},
        tensor<?x3xi32>  {moe.name = "slots"},
        tensor<i64>      {moe.name = "capacity"}) {
  %logits = moe.gate linear %x, %router
    : tensor<?x10xf32>, tensor<8x10xf32> -> tensor<?x8xf32>
  %scores = moe.score softmax %logits : tensor<?x8xf32> -> tensor<?x8xf32>
  %wanted = moe.top_k %scores {k = 3 : i64} : tensor<?x8xf32>
  %chosen = moe.gather_weights %scores, %wanted : tensor<?x8xf32>, tensor<?x3xi32>
  %normalized = moe.normalize_weights %chosen
    {eps = 1.1920928955078125e-7 : f64, eps_mode = #moe.eps_mode<clamp>, order = 1.0 : f64}
    : tensor<?x3xf32>

  %c0 = arith.constant 0 : index
  %tokens = tensor.dim %x, %c0 : tensor<?x10xf32>
  %capacity = moe.capacity mul_then_div %tokens
    {choices = 3 : i64, minimum = 3 : i64, num_experts = 8 : i64}
  %ids, %slots = moe.assign_slots k_major %wanted, %capacity {num_experts = 8 : i64}
    : tensor<?x3xi32>

  // The weights of dropped choices are 0.
  %one = arith.constant 1.0 : f32
  %ones = tensor.splat %one[%tokens] : tensor<?x8xf32>
  %kept = moe.gather_weights %ones, %ids : tensor<?x8xf32>, tensor<?x3xi32>
  %weights = arith.mulf %normalized, %kept : tensor<?x3xf32>

  %offsets, %sources, %positions = moe.group_by_expert %ids slots(%slots : tensor<?x3xi32>)
    capacity(%capacity) {num_experts = 8 : i64}
    : tensor<?x3xi32> -> tensor<9xi32>, tensor<?xi32>, tensor<?x3xi32>
  %rows = moe.dispatch %x, %sources : tensor<?x10xf32>, tensor<?xi32> -> tensor<?x10xf32>
  %outputs = moe.expert_mlp separate %rows offsets(%offsets : tensor<9xi32>)
    up(%up : tensor<8x6x10xf32>) gate(%gate : tensor<8x6x10xf32>)
    down(%down : tensor<8x10x6xf32>) {activation = #moe.activation<silu>}
    : tensor<?x10xf32> -> tensor<?x10xf32>
  %routed = moe.combine %outputs, %positions weights(%weights : tensor<?x3xf32>)
    : tensor<?x10xf32>, tensor<?x3xi32> -> tensor<?x10xf32>

  %shared = moe.expert_mlp separate %x up(%shared_up : tensor<6x10xf32>)
    gate(%shared_gate : tensor<6x10xf32>) down(%shared_down : tensor<10x6xf32>)
    {activation = #moe.activation<silu>} : tensor<?x10xf32> -> tensor<?x10xf32>
  %y = moe.mix add %routed, %shared : tensor<?x10xf32>

  %c64 = arith.index_cast %capacity : index to i64
  %capacity_out = tensor.from_elements %c64 : tensor<i64>
  return %y, %ids, %weights, %slots, %capacity_out
    : tensor<?x10xf32>, tensor<?x3xi32>, tensor<?x3xf32>, tensor<?x3xi32>, tensor<i64>
}
