// Hunyuan-Large: a token whose expert is full goes to a random expert that still has room.
// The weight is the score of the expert that serves the token.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/hunyuan-random.plain.in.safetensors --expect=%S/Data/hunyuan-random.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/hunyuan-random.full.in.safetensors --expect=%S/Data/hunyuan-random.full.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/hunyuan-random.t1.in.safetensors --expect=%S/Data/hunyuan-random.t1.out.safetensors --tolerance=1e-5

// CHECK: moe.gate linear
// CHECK: moe.score softmax
// CHECK: moe.top_k
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
    %random:      tensor<?x1xi32>    {moe.name = "random"},
    %router:      tensor<6x10xf32>   {moe.name = "router.weight"},
    %gate:        tensor<6x6x10xf32> {moe.name = "experts.gate.weight"},
    %up:          tensor<6x6x10xf32> {moe.name = "experts.up.weight"},
    %down:        tensor<6x10x6xf32> {moe.name = "experts.down.weight"},
    %shared_gate: tensor<6x10xf32>   {moe.name = "shared.gate.weight"},
    %shared_up:   tensor<6x10xf32>   {moe.name = "shared.up.weight"},
    %shared_down: tensor<10x6xf32>   {moe.name = "shared.down.weight"})
    -> (tensor<?x10xf32> {moe.name = "hidden_states"},
        tensor<?x1xi32>  {moe.name = "topk_ids"},
        tensor<?x1xf32>  {moe.name = "topk_weights"},
        tensor<i64>      {moe.name = "capacity"}) {
  %logits = moe.gate linear %x, %router
    : tensor<?x10xf32>, tensor<6x10xf32> -> tensor<?x6xf32>
  %scores = moe.score softmax %logits : tensor<?x6xf32> -> tensor<?x6xf32>
  %wanted = moe.top_k %scores {k = 1 : i64} : tensor<?x6xf32>
  %c0 = arith.constant 0 : index
  %tokens = tensor.dim %x, %c0 : tensor<?x10xf32>
  %capacity = moe.capacity mul_then_div %tokens {minimum = 1 : i64, num_experts = 6 : i64}
  %ids, %slots = moe.assign_slots k_major %wanted, %capacity random(%random : tensor<?x1xi32>)
    {num_experts = 6 : i64, overflow = #moe.overflow<random_spare>} : tensor<?x1xi32>
  %weights = moe.gather_weights %scores, %ids : tensor<?x6xf32>, tensor<?x1xi32>

  %offsets, %sources, %positions = moe.group_by_expert %ids slots(%slots : tensor<?x1xi32>)
    capacity(%capacity) {num_experts = 6 : i64}
    : tensor<?x1xi32> -> tensor<7xi32>, tensor<?xi32>, tensor<?x1xi32>
  %rows = moe.dispatch %x, %sources : tensor<?x10xf32>, tensor<?xi32> -> tensor<?x10xf32>
  %outputs = moe.expert_mlp separate %rows offsets(%offsets : tensor<7xi32>)
    up(%up : tensor<6x6x10xf32>) gate(%gate : tensor<6x6x10xf32>)
    down(%down : tensor<6x10x6xf32>) {activation = #moe.activation<silu>}
    : tensor<?x10xf32> -> tensor<?x10xf32>
  %routed = moe.combine %outputs, %positions weights(%weights : tensor<?x1xf32>)
    : tensor<?x10xf32>, tensor<?x1xi32> -> tensor<?x10xf32>

  %shared = moe.expert_mlp separate %x up(%shared_up : tensor<6x10xf32>)
    gate(%shared_gate : tensor<6x10xf32>) down(%shared_down : tensor<10x6xf32>)
    {activation = #moe.activation<silu>} : tensor<?x10xf32> -> tensor<?x10xf32>
  %y = moe.mix add %routed, %shared : tensor<?x10xf32>

  %c64 = arith.index_cast %capacity : index to i64
  %capacity_out = tensor.from_elements %c64 : tensor<i64>
  return %y, %ids, %weights, %capacity_out
    : tensor<?x10xf32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<i64>
}
