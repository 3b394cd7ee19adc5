// NLLB-200 54B with conditional MoE routing (fairseq, branch nllb: modules/moe/moe_cmr_layer.py).
// * Padding has no experts and takes no slots; it counts in the capacity 2 ceil(T / E).
// * The second choice stays with probability 2 p2, p2 its score before normalisation.
// * Weights are normalised after dropping.
// * A gate g mixes a dense MLP and the experts: (1 - g) dense + g moe. Padding has g = 0: its gate
//   logit gets ln 0 added, others ln 1.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/nllb-moe.plain.in.safetensors --expect=%S/Data/nllb-moe.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/nllb-moe.drops.in.safetensors --expect=%S/Data/nllb-moe.drops.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/nllb-moe.padding.in.safetensors --expect=%S/Data/nllb-moe.padding.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/nllb-moe.ties.in.safetensors --expect=%S/Data/nllb-moe.ties.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/nllb-moe.empty.in.safetensors --expect=%S/Data/nllb-moe.empty.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/nllb-moe.flood.in.safetensors --expect=%S/Data/nllb-moe.flood.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/nllb-moe.t0.in.safetensors --expect=%S/Data/nllb-moe.t0.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/nllb-moe.t1.in.safetensors --expect=%S/Data/nllb-moe.t1.out.safetensors --tolerance=1e-5

// CHECK-LABEL: func.func @moe_layer(
// CHECK: moe.mask_choices
// CHECK: moe.filter_choices %{{.*}} {scale = 2.000000e+00
// CHECK: moe.capacity ceil_div_then_mul
// CHECK: moe.mix convex_sigmoid
func.func @moe_layer(
    %x: tensor<?x9xf32>              {moe.name = "hidden_states"},
    %mask: tensor<?xf32>             {moe.name = "mask"},
    %random: tensor<?xf32>           {moe.name = "random"},
    %router: tensor<5x9xf32>         {moe.name = "router.weight"},
    %up: tensor<5x10x9xf32>          {moe.name = "experts.up.weight"},
    %up_bias: tensor<5x10xf32>       {moe.name = "experts.up.bias"},
    %down: tensor<5x9x10xf32>        {moe.name = "experts.down.weight"},
    %down_bias: tensor<5x9xf32>      {moe.name = "experts.down.bias"},
    %shared_up: tensor<8x9xf32>      {moe.name = "shared.up.weight"},
    %shared_up_bias: tensor<8xf32>   {moe.name = "shared.up.bias"},
    %shared_down: tensor<9x8xf32>    {moe.name = "shared.down.weight"},
    %shared_down_bias: tensor<9xf32> {moe.name = "shared.down.bias"},
    %cmr: tensor<1x9xf32>            {moe.name = "cmr.weight"},
    %cmr_bias: tensor<1xf32>         {moe.name = "cmr.bias"})
    -> (tensor<?x9xf32> {moe.name = "hidden_states"},
        tensor<?x2xi32> {moe.name = "topk_ids"},
        tensor<?x2xf32> {moe.name = "topk_weights"},
        tensor<?x2xi32> {moe.name = "slots"},
        tensor<i64>     {moe.name = "capacity"},
        tensor<f32>     {moe.name = "aux_loss"}) {
  %c0 = arith.constant 0 : index
  %tokens = tensor.dim %x, %c0 : tensor<?x9xf32>

  // Router.
  %logits = moe.gate linear %x, %router : tensor<?x9xf32>, tensor<5x9xf32> -> tensor<?x5xf32>
  %scores = moe.score softmax %logits : tensor<?x5xf32> -> tensor<?x5xf32>
  %ids = moe.top_k %scores {k = 2} : tensor<?x5xf32>
  %chances = moe.gather_weights %scores, %ids : tensor<?x5xf32>, tensor<?x2xi32>
  %real = moe.mask_choices %ids, %mask : tensor<?x2xi32>, tensor<?xf32>
  %wanted = moe.filter_choices %real, %chances, %random {scale = 2.0}
    : tensor<?x2xi32>, tensor<?x2xf32>, tensor<?xf32>
  %first = tensor.extract_slice %wanted[0, 0] [%tokens, 1] [1, 1]
    : tensor<?x2xi32> to tensor<?x1xi32>
  %aux_loss = moe.aux_loss balance %scores indices(%first : tensor<?x1xi32>)
    : tensor<?x5xf32> -> tensor<f32>

  // Slots.
  %c = moe.capacity ceil_div_then_mul %tokens
    {factor = 2.0, num_experts = 5}
  %c_i64 = arith.index_cast %c : index to i64
  %capacity = tensor.from_elements %c_i64 : tensor<i64>
  %kept, %slots = moe.assign_slots k_major %wanted, %c {num_experts = 5} : tensor<?x2xi32>
  %offsets, %sources, %positions = moe.group_by_expert %kept
    slots(%slots : tensor<?x2xi32>) capacity(%c)
    {num_experts = 5} : tensor<?x2xi32> -> tensor<6xi32>, tensor<?xi32>, tensor<?x2xi32>

  // Weights of what was kept.
  %gates = moe.gather_weights %scores, %kept : tensor<?x5xf32>, tensor<?x2xi32>
  %weights = moe.normalize_weights %gates
    {eps = 1.1920928955078125e-07, eps_mode = #moe.eps_mode<clamp>, order = 1.0} : tensor<?x2xf32>

  // Experts beside the dense MLP.
  %rows = moe.dispatch %x, %sources : tensor<?x9xf32>, tensor<?xi32> -> tensor<?x9xf32>
  %outs = moe.expert_mlp none %rows offsets(%offsets : tensor<6xi32>)
    up(%up : tensor<5x10x9xf32>) down(%down : tensor<5x9x10xf32>)
    up_bias(%up_bias : tensor<5x10xf32>) down_bias(%down_bias : tensor<5x9xf32>)
    {activation = #moe.activation<relu>} : tensor<?x9xf32> -> tensor<?x9xf32>
  %moe = moe.combine %outs, %positions weights(%weights : tensor<?x2xf32>)
    : tensor<?x9xf32>, tensor<?x2xi32> -> tensor<?x9xf32>
  %dense = moe.expert_mlp none %x
    up(%shared_up : tensor<8x9xf32>) down(%shared_down : tensor<9x8xf32>)
    up_bias(%shared_up_bias : tensor<8xf32>) down_bias(%shared_down_bias : tensor<9xf32>)
    {activation = #moe.activation<relu>} : tensor<?x9xf32> -> tensor<?x9xf32>
  %gate = moe.gate linear %x, %cmr bias(%cmr_bias : tensor<1xf32>)
    : tensor<?x9xf32>, tensor<1x9xf32> -> tensor<?x1xf32>
  %log_mask = math.log %mask : tensor<?xf32>
  %closed = tensor.expand_shape %log_mask [[0, 1]] output_shape [%tokens, 1]
    : tensor<?xf32> into tensor<?x1xf32>
  %masked_gate = arith.addf %gate, %closed : tensor<?x1xf32>
  %y = moe.mix convex_sigmoid %dense, %moe coefficient(%masked_gate : tensor<?x1xf32>)
    : tensor<?x9xf32>
  return %y, %kept, %weights, %slots, %capacity, %aux_loss
    : tensor<?x9xf32>, tensor<?x2xi32>, tensor<?x2xf32>, tensor<?x2xi32>, tensor<i64>, tensor<f32>
}
