// V-MoE with Batch Priority Routing (vmoe nn/routing.py).
// * Tokens are served by the score of their first choice, best first, not by position: when the
//   capacity is small, the tokens that matter least are dropped.
// * Capacity ceil(0.6 * 2 T / E), rounded up to a multiple of 4.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/v-moe-bpr.plain.in.safetensors --expect=%S/Data/v-moe-bpr.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/v-moe-bpr.drops.in.safetensors --expect=%S/Data/v-moe-bpr.drops.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/v-moe-bpr.empty.in.safetensors --expect=%S/Data/v-moe-bpr.empty.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/v-moe-bpr.flood.in.safetensors --expect=%S/Data/v-moe-bpr.flood.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/v-moe-bpr.ties.in.safetensors --expect=%S/Data/v-moe-bpr.ties.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/v-moe-bpr.t0.in.safetensors --expect=%S/Data/v-moe-bpr.t0.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/v-moe-bpr.t1.in.safetensors --expect=%S/Data/v-moe-bpr.t1.out.safetensors --tolerance=1e-5

// CHECK-LABEL: func.func @moe_layer(
// CHECK: tensor.extract_slice
// CHECK: moe.assign_slots k_major %{{.*}} priority(%{{.*}} : tensor<?xf32>)
// CHECK: moe.combine
func.func @moe_layer(
    %x: tensor<?x11xf32>         {moe.name = "hidden_states"},
    %router: tensor<6x11xf32>    {moe.name = "router.weight"},
    %up: tensor<6x10x11xf32>     {moe.name = "experts.up.weight"},
    %up_bias: tensor<6x10xf32>   {moe.name = "experts.up.bias"},
    %down: tensor<6x11x10xf32>   {moe.name = "experts.down.weight"},
    %down_bias: tensor<6x11xf32> {moe.name = "experts.down.bias"})
    -> (tensor<?x11xf32> {moe.name = "hidden_states"},
        tensor<?x2xi32>  {moe.name = "topk_ids"},
        tensor<?x2xf32>  {moe.name = "topk_weights"},
        tensor<?x2xi32>  {moe.name = "slots"},
        tensor<i64>      {moe.name = "capacity"}) {
  %c0 = arith.constant 0 : index
  %tokens = tensor.dim %x, %c0 : tensor<?x11xf32>

  // Router.
  %logits = moe.gate linear %x, %router : tensor<?x11xf32>, tensor<6x11xf32> -> tensor<?x6xf32>
  %scores = moe.score softmax %logits : tensor<?x6xf32> -> tensor<?x6xf32>
  %ids = moe.top_k %scores {k = 2} : tensor<?x6xf32>
  %weights = moe.gather_weights %scores, %ids : tensor<?x6xf32>, tensor<?x2xi32>

  // Slots.
  %priority = tensor.extract_slice %weights[0, 0] [%tokens, 1] [1, 1]
    : tensor<?x2xf32> to tensor<?xf32>
  %c = moe.capacity mul_then_div %tokens
    {choices = 2, factor = 0.6, multiple_of = 4, num_experts = 6, rounding = #moe.rounding<ceil>}
  %c_i64 = arith.index_cast %c : index to i64
  %capacity = tensor.from_elements %c_i64 : tensor<i64>
  %kept, %slots = moe.assign_slots k_major %ids, %c priority(%priority : tensor<?xf32>)
    {num_experts = 6} : tensor<?x2xi32>
  %offsets, %sources, %positions = moe.group_by_expert %kept
    slots(%slots : tensor<?x2xi32>) capacity(%c)
    {num_experts = 6} : tensor<?x2xi32> -> tensor<7xi32>, tensor<?xi32>, tensor<?x2xi32>

  // Experts.
  %rows = moe.dispatch %x, %sources : tensor<?x11xf32>, tensor<?xi32> -> tensor<?x11xf32>
  %outs = moe.expert_mlp none %rows offsets(%offsets : tensor<7xi32>)
    up(%up : tensor<6x10x11xf32>) down(%down : tensor<6x11x10xf32>)
    up_bias(%up_bias : tensor<6x10xf32>) down_bias(%down_bias : tensor<6x11xf32>)
    {activation = #moe.activation<gelu_tanh>} : tensor<?x11xf32> -> tensor<?x11xf32>
  %y = moe.combine %outs, %positions weights(%weights : tensor<?x2xf32>)
    : tensor<?x11xf32>, tensor<?x2xi32> -> tensor<?x11xf32>
  return %y, %ids, %weights, %slots, %capacity
    : tensor<?x11xf32>, tensor<?x2xi32>, tensor<?x2xf32>, tensor<?x2xi32>, tensor<i64>
}
