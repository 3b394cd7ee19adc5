// DeepSpeed-MoE top-k gate, drop policy "position" (deepspeed/moe/sharded_moe.py, topkgating).
// * Slots are given token by token: all choices of a token before those of the next one.
// * Capacity ceil((T / E) * 2.4) in f32, at least 4.
// * Weights are normalised after dropping; the balance loss is divided by k.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/deepspeed-moe-topk-position.plain.in.safetensors --expect=%S/Data/deepspeed-moe-topk-position.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/deepspeed-moe-topk-position.drops.in.safetensors --expect=%S/Data/deepspeed-moe-topk-position.drops.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/deepspeed-moe-topk-position.empty.in.safetensors --expect=%S/Data/deepspeed-moe-topk-position.empty.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/deepspeed-moe-topk-position.flood.in.safetensors --expect=%S/Data/deepspeed-moe-topk-position.flood.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/deepspeed-moe-topk-position.few.in.safetensors --expect=%S/Data/deepspeed-moe-topk-position.few.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/deepspeed-moe-topk-position.ties.in.safetensors --expect=%S/Data/deepspeed-moe-topk-position.ties.out.safetensors --tolerance=1e-5

// CHECK-LABEL: func.func @moe_layer(
// CHECK: moe.capacity div_then_mul
// CHECK: moe.assign_slots token_major
// CHECK: moe.normalize_weights
func.func @moe_layer(
    %x: tensor<?x9xf32>         {moe.name = "hidden_states"},
    %router: tensor<7x9xf32>    {moe.name = "router.weight"},
    %up: tensor<7x10x9xf32>     {moe.name = "experts.up.weight"},
    %up_bias: tensor<7x10xf32>  {moe.name = "experts.up.bias"},
    %down: tensor<7x9x10xf32>   {moe.name = "experts.down.weight"},
    %down_bias: tensor<7x9xf32> {moe.name = "experts.down.bias"})
    -> (tensor<?x9xf32> {moe.name = "hidden_states"},
        tensor<?x3xi32> {moe.name = "topk_ids"},
        tensor<?x3xf32> {moe.name = "topk_weights"},
        tensor<?x3xi32> {moe.name = "slots"},
        tensor<i64>     {moe.name = "capacity"},
        tensor<f32>     {moe.name = "aux_loss"}) {
  %c0 = arith.constant 0 : index
  %tokens = tensor.dim %x, %c0 : tensor<?x9xf32>

  // Router.
  %logits = moe.gate linear %x, %router : tensor<?x9xf32>, tensor<7x9xf32> -> tensor<?x7xf32>
  %scores = moe.score softmax %logits : tensor<?x7xf32> -> tensor<?x7xf32>
  %ids = moe.top_k %logits {k = 3} : tensor<?x7xf32>
  %aux_loss = moe.aux_loss balance %scores indices(%ids : tensor<?x3xi32>)
    {divide_by_choices} : tensor<?x7xf32> -> tensor<f32>

  // Slots.
  %c = moe.capacity div_then_mul %tokens
    {arithmetic = #moe.arithmetic<f32>, factor = 2.4, minimum = 4, num_experts = 7,
     rounding = #moe.rounding<ceil>}
  %c_i64 = arith.index_cast %c : index to i64
  %capacity = tensor.from_elements %c_i64 : tensor<i64>
  %kept, %slots = moe.assign_slots token_major %ids, %c {num_experts = 7} : tensor<?x3xi32>
  %offsets, %sources, %positions = moe.group_by_expert %kept
    slots(%slots : tensor<?x3xi32>) capacity(%c)
    {num_experts = 7} : tensor<?x3xi32> -> tensor<8xi32>, tensor<?xi32>, tensor<?x3xi32>

  // Weights of what was kept.
  %gates = moe.gather_weights %scores, %kept : tensor<?x7xf32>, tensor<?x3xi32>
  %weights = moe.normalize_weights %gates
    {eps = 1.1920928955078125e-07, eps_mode = #moe.eps_mode<clamp>, order = 1.0} : tensor<?x3xf32>

  // Experts.
  %rows = moe.dispatch %x, %sources : tensor<?x9xf32>, tensor<?xi32> -> tensor<?x9xf32>
  %outs = moe.expert_mlp none %rows offsets(%offsets : tensor<8xi32>)
    up(%up : tensor<7x10x9xf32>) down(%down : tensor<7x9x10xf32>)
    up_bias(%up_bias : tensor<7x10xf32>) down_bias(%down_bias : tensor<7x9xf32>)
    {activation = #moe.activation<gelu_erf>} : tensor<?x9xf32> -> tensor<?x9xf32>
  %y = moe.combine %outs, %positions weights(%weights : tensor<?x3xf32>)
    : tensor<?x9xf32>, tensor<?x3xi32> -> tensor<?x9xf32>
  return %y, %kept, %weights, %slots, %capacity, %aux_loss
    : tensor<?x9xf32>, tensor<?x3xi32>, tensor<?x3xf32>, tensor<?x3xi32>, tensor<i64>, tensor<f32>
}
