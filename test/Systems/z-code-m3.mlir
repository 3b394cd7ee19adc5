// Z-Code M3 (Microsoft Translator's multilingual model, on DeepSpeed-MoE).
// * DeepSpeed's top-1 gate with jitter on the router's copy of the tokens.
// * Random token selection: a full expert keeps the tokens with the largest random draws.
// * Capacity ceil((T / E) * 1.25) in f32, at least 4.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/z-code-m3.plain.in.safetensors --expect=%S/Data/z-code-m3.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/z-code-m3.drops.in.safetensors --expect=%S/Data/z-code-m3.drops.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/z-code-m3.ties.in.safetensors --expect=%S/Data/z-code-m3.ties.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/z-code-m3.empty.in.safetensors --expect=%S/Data/z-code-m3.empty.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/z-code-m3.flood.in.safetensors --expect=%S/Data/z-code-m3.flood.out.safetensors --tolerance=1e-5

// CHECK-LABEL: func.func @moe_layer(
// CHECK: moe.capacity div_then_mul %{{.*}} {arithmetic = #moe.arithmetic<f32>
// CHECK: moe.assign_slots k_major %{{.*}} priority(%{{.*}} : tensor<?x1xf32>)
func.func @moe_layer(
    %x: tensor<?x9xf32>         {moe.name = "hidden_states"},
    %jitter: tensor<?x9xf32>    {moe.name = "jitter"},
    %random: tensor<?x6xf32>    {moe.name = "random"},
    %router: tensor<6x9xf32>    {moe.name = "router.weight"},
    %up: tensor<6x8x9xf32>      {moe.name = "experts.up.weight"},
    %up_bias: tensor<6x8xf32>   {moe.name = "experts.up.bias"},
    %down: tensor<6x9x8xf32>    {moe.name = "experts.down.weight"},
    %down_bias: tensor<6x9xf32> {moe.name = "experts.down.bias"})
    -> (tensor<?x9xf32> {moe.name = "hidden_states"},
        tensor<?x1xi32> {moe.name = "topk_ids"},
        tensor<?x1xf32> {moe.name = "topk_weights"},
        tensor<i64>     {moe.name = "capacity"},
        tensor<f32>     {moe.name = "aux_loss"}) {
  %c0 = arith.constant 0 : index
  %tokens = tensor.dim %x, %c0 : tensor<?x9xf32>

  // Router.
  %jittered = arith.mulf %x, %jitter : tensor<?x9xf32>
  %logits = moe.gate linear %jittered, %router : tensor<?x9xf32>, tensor<6x9xf32> -> tensor<?x6xf32>
  %scores = moe.score softmax %logits : tensor<?x6xf32> -> tensor<?x6xf32>
  %ids = moe.top_k %scores {k = 1} : tensor<?x6xf32>
  %aux_loss = moe.aux_loss balance %scores indices(%ids : tensor<?x1xi32>)
    {coefficient = 0.01} : tensor<?x6xf32> -> tensor<f32>

  // Slots by random draw.
  %draws = moe.gather_weights %random, %ids : tensor<?x6xf32>, tensor<?x1xi32>
  %c = moe.capacity div_then_mul %tokens
    {arithmetic = #moe.arithmetic<f32>, factor = 1.25, minimum = 4, num_experts = 6,
     rounding = #moe.rounding<ceil>}
  %c_i64 = arith.index_cast %c : index to i64
  %capacity = tensor.from_elements %c_i64 : tensor<i64>
  %kept, %slots = moe.assign_slots k_major %ids, %c priority(%draws : tensor<?x1xf32>)
    {num_experts = 6} : tensor<?x1xi32>
  %offsets, %sources, %positions = moe.group_by_expert %kept
    slots(%slots : tensor<?x1xi32>) capacity(%c)
    {num_experts = 6} : tensor<?x1xi32> -> tensor<7xi32>, tensor<?xi32>, tensor<?x1xi32>
  %weights = moe.gather_weights %scores, %kept : tensor<?x6xf32>, tensor<?x1xi32>

  // Experts.
  %rows = moe.dispatch %x, %sources : tensor<?x9xf32>, tensor<?xi32> -> tensor<?x9xf32>
  %outs = moe.expert_mlp none %rows offsets(%offsets : tensor<7xi32>)
    up(%up : tensor<6x8x9xf32>) down(%down : tensor<6x9x8xf32>) up_bias(%up_bias : tensor<6x8xf32>)
    down_bias(%down_bias : tensor<6x9xf32>)
    {activation = #moe.activation<relu>} : tensor<?x9xf32> -> tensor<?x9xf32>
  %y = moe.combine %outs, %positions weights(%weights : tensor<?x1xf32>)
    : tensor<?x9xf32>, tensor<?x1xi32> -> tensor<?x9xf32>
  return %y, %kept, %weights, %capacity, %aux_loss
    : tensor<?x9xf32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<i64>, tensor<f32>
}
