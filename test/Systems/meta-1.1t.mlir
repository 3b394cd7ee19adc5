// Meta's 1.1T mixture of experts (fairseq, branch moe: modules/moe/top2gate.py), evaluation.
// * Capacity ceil(0.25 T): a fraction of the tokens, whatever the number of experts.
// * The second expert is the best of the others after Gumbel noise, in evaluation too.
// * Weights are normalised after dropping, the sum clamped at the f32 epsilon.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/meta-1.1t.plain.in.safetensors --expect=%S/Data/meta-1.1t.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/meta-1.1t.drops.in.safetensors --expect=%S/Data/meta-1.1t.drops.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/meta-1.1t.ties.in.safetensors --expect=%S/Data/meta-1.1t.ties.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/meta-1.1t.empty.in.safetensors --expect=%S/Data/meta-1.1t.empty.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/meta-1.1t.flood.in.safetensors --expect=%S/Data/meta-1.1t.flood.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/meta-1.1t.t0.in.safetensors --expect=%S/Data/meta-1.1t.t0.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/meta-1.1t.t1.in.safetensors --expect=%S/Data/meta-1.1t.t1.out.safetensors --tolerance=1e-5

// CHECK-LABEL: func.func @moe_layer(
// CHECK: moe.top_k %{{.*}} except(
// CHECK: moe.capacity fraction
// CHECK: moe.assign_slots k_major
// CHECK: moe.normalize_weights
func.func @moe_layer(
    %x: tensor<?x10xf32>         {moe.name = "hidden_states"},
    %gumbel: tensor<?x6xf32>     {moe.name = "gumbel"},
    %router: tensor<6x10xf32>    {moe.name = "router.weight"},
    %up: tensor<6x9x10xf32>      {moe.name = "experts.up.weight"},
    %up_bias: tensor<6x9xf32>    {moe.name = "experts.up.bias"},
    %down: tensor<6x10x9xf32>    {moe.name = "experts.down.weight"},
    %down_bias: tensor<6x10xf32> {moe.name = "experts.down.bias"})
    -> (tensor<?x10xf32> {moe.name = "hidden_states"},
        tensor<?x2xi32>  {moe.name = "topk_ids"},
        tensor<?x2xf32>  {moe.name = "topk_weights"},
        tensor<?x2xi32>  {moe.name = "slots"},
        tensor<i64>      {moe.name = "capacity"},
        tensor<f32>      {moe.name = "aux_loss"}) {
  %c0 = arith.constant 0 : index
  %tokens = tensor.dim %x, %c0 : tensor<?x10xf32>

  // Router.
  %logits = moe.gate linear %x, %router : tensor<?x10xf32>, tensor<6x10xf32> -> tensor<?x6xf32>
  %scores = moe.score softmax %logits : tensor<?x6xf32> -> tensor<?x6xf32>
  %first = moe.top_k %scores {k = 1} : tensor<?x6xf32>
  %aux_loss = moe.aux_loss balance %scores indices(%first : tensor<?x1xi32>)
    {coefficient = 0.01} : tensor<?x6xf32> -> tensor<f32>

  // The second choice: the best noisy logit of the other experts.
  %noisy = arith.addf %logits, %gumbel : tensor<?x6xf32>
  %second = moe.top_k %noisy except(%first : tensor<?x1xi32>) {k = 1} : tensor<?x6xf32>
  %ids = tensor.concat dim(1) %first, %second
    : (tensor<?x1xi32>, tensor<?x1xi32>) -> tensor<?x2xi32>

  // Slots.
  %c = moe.capacity fraction %tokens
    {factor = 0.25, num_experts = 6, rounding = #moe.rounding<ceil>}
  %c_i64 = arith.index_cast %c : index to i64
  %capacity = tensor.from_elements %c_i64 : tensor<i64>
  %kept, %slots = moe.assign_slots k_major %ids, %c {num_experts = 6} : tensor<?x2xi32>
  %offsets, %sources, %positions = moe.group_by_expert %kept
    slots(%slots : tensor<?x2xi32>) capacity(%c)
    {num_experts = 6} : tensor<?x2xi32> -> tensor<7xi32>, tensor<?xi32>, tensor<?x2xi32>

  // Weights of what was kept.
  %gates = moe.gather_weights %scores, %kept : tensor<?x6xf32>, tensor<?x2xi32>
  %weights = moe.normalize_weights %gates
    {eps = 1.1920928955078125e-07, eps_mode = #moe.eps_mode<clamp>, order = 1.0} : tensor<?x2xf32>

  // Experts.
  %rows = moe.dispatch %x, %sources : tensor<?x10xf32>, tensor<?xi32> -> tensor<?x10xf32>
  %outs = moe.expert_mlp none %rows offsets(%offsets : tensor<7xi32>)
    up(%up : tensor<6x9x10xf32>) down(%down : tensor<6x10x9xf32>)
    up_bias(%up_bias : tensor<6x9xf32>) down_bias(%down_bias : tensor<6x10xf32>)
    {activation = #moe.activation<gelu_erf>} : tensor<?x10xf32> -> tensor<?x10xf32>
  %y = moe.combine %outs, %positions weights(%weights : tensor<?x2xf32>)
    : tensor<?x10xf32>, tensor<?x2xi32> -> tensor<?x10xf32>
  return %y, %kept, %weights, %slots, %capacity, %aux_loss
    : tensor<?x10xf32>, tensor<?x2xi32>, tensor<?x2xf32>, tensor<?x2xi32>, tensor<i64>, tensor<f32>
}
