// Switch with "no token left behind": a token has four candidates and takes the first with room.
// The i-th candidates are only asked after all tokens' earlier ones, so a token has one place.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/switch-ntlb.plain.in.safetensors --expect=%S/Data/switch-ntlb.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/switch-ntlb.large.in.safetensors --expect=%S/Data/switch-ntlb.large.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/switch-ntlb.ties.in.safetensors --expect=%S/Data/switch-ntlb.ties.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/switch-ntlb.empty.in.safetensors --expect=%S/Data/switch-ntlb.empty.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/switch-ntlb.flood.in.safetensors --expect=%S/Data/switch-ntlb.flood.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/switch-ntlb.t0.in.safetensors --expect=%S/Data/switch-ntlb.t0.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/switch-ntlb.t1.in.safetensors --expect=%S/Data/switch-ntlb.t1.out.safetensors --tolerance=1e-5

// CHECK: moe.gate linear
// CHECK: moe.score softmax
// CHECK: moe.top_k
// CHECK: moe.capacity mul_then_div
// CHECK: moe.assign_slots k_major
// CHECK: moe.gather_weights
// CHECK: moe.group_by_expert
// CHECK: moe.dispatch
// CHECK: moe.expert_mlp none
// CHECK: moe.combine
// CHECK: moe.aux_loss balance

func.func @moe_layer(
    %x:      tensor<?x10xf32>   {moe.name = "hidden_states"},
    %router: tensor<6x10xf32>   {moe.name = "router.weight"},
    %up:     tensor<6x9x10xf32> {moe.name = "experts.up.weight"},
    %down:   tensor<6x10x9xf32> {moe.name = "experts.down.weight"})
    -> (tensor<?x10xf32> {moe.name = "hidden_states"},
        tensor<?x4xi32>  {moe.name = "topk_ids"},
        tensor<?x4xf32>  {moe.name = "topk_weights"},
        tensor<?x4xi32>  {moe.name = "slots"},
        tensor<i64>      {moe.name = "capacity"},
        tensor<f32>      {moe.name = "aux_loss"}) {
  %logits = moe.gate linear %x, %router
    : tensor<?x10xf32>, tensor<6x10xf32> -> tensor<?x6xf32>
  %scores = moe.score softmax %logits : tensor<?x6xf32> -> tensor<?x6xf32>
  %wanted = moe.top_k %scores {k = 4 : i64} : tensor<?x6xf32>

  %c0 = arith.constant 0 : index
  %tokens = tensor.dim %x, %c0 : tensor<?x10xf32>
  %capacity = moe.capacity mul_then_div %tokens
    {at_most_tokens, minimum = 4 : i64, num_experts = 6 : i64}
  %ids, %slots = moe.assign_slots k_major %wanted, %capacity
    {num_experts = 6 : i64, overflow = #moe.overflow<next_choice>} : tensor<?x4xi32>
  %weights = moe.gather_weights %scores, %ids : tensor<?x6xf32>, tensor<?x4xi32>

  %offsets, %sources, %positions = moe.group_by_expert %ids slots(%slots : tensor<?x4xi32>)
    capacity(%capacity) {num_experts = 6 : i64}
    : tensor<?x4xi32> -> tensor<7xi32>, tensor<?xi32>, tensor<?x4xi32>
  %rows = moe.dispatch %x, %sources : tensor<?x10xf32>, tensor<?xi32> -> tensor<?x10xf32>
  %outputs = moe.expert_mlp none %rows offsets(%offsets : tensor<7xi32>)
    up(%up : tensor<6x9x10xf32>) down(%down : tensor<6x10x9xf32>)
    {activation = #moe.activation<relu>}
    : tensor<?x10xf32> -> tensor<?x10xf32>
  %y = moe.combine %outputs, %positions weights(%weights : tensor<?x4xf32>)
    : tensor<?x10xf32>, tensor<?x4xi32> -> tensor<?x10xf32>

  %aux = moe.aux_loss balance %scores indices(%wanted : tensor<?x4xi32>)
    {divide_by_choices} : tensor<?x6xf32> -> tensor<f32>
  %c64 = arith.index_cast %capacity : index to i64
  %capacity_out = tensor.from_elements %c64 : tensor<i64>
  return %y, %ids, %weights, %slots, %capacity_out, %aux
    : tensor<?x10xf32>, tensor<?x4xi32>, tensor<?x4xf32>, tensor<?x4xi32>, tensor<i64>, tensor<f32>
}
