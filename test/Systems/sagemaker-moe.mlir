// Amazon SageMaker model parallel v2, expert parallelism (Mixtral on Megatron).
// * Mixtral's renormalised top-2 without capacity; balance and z loss, each times 0.001.
// * The balance loss counts both choices and is not divided by two.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/sagemaker-moe.plain.in.safetensors --expect=%S/Data/sagemaker-moe.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/sagemaker-moe.ties.in.safetensors --expect=%S/Data/sagemaker-moe.ties.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/sagemaker-moe.empty.in.safetensors --expect=%S/Data/sagemaker-moe.empty.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/sagemaker-moe.flood.in.safetensors --expect=%S/Data/sagemaker-moe.flood.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/sagemaker-moe.t0.in.safetensors --expect=%S/Data/sagemaker-moe.t0.out.safetensors --tolerance=1e-5

// CHECK-LABEL: func.func @moe_layer(
// CHECK: moe.normalize_weights
// CHECK: moe.aux_loss balance
// CHECK: moe.aux_loss z
// CHECK: moe.group_by_expert
func.func @moe_layer(
    %x: tensor<?x9xf32>      {moe.name = "hidden_states"},
    %router: tensor<6x9xf32> {moe.name = "router.weight"},
    %gate: tensor<6x8x9xf32> {moe.name = "experts.gate.weight"},
    %up: tensor<6x8x9xf32>   {moe.name = "experts.up.weight"},
    %down: tensor<6x9x8xf32> {moe.name = "experts.down.weight"})
    -> (tensor<?x9xf32> {moe.name = "hidden_states"},
        tensor<?x2xi32> {moe.name = "topk_ids"},
        tensor<?x2xf32> {moe.name = "topk_weights"},
        tensor<f32>     {moe.name = "aux_loss"},
        tensor<f32>     {moe.name = "z_loss"}) {
  // Router.
  %logits = moe.gate linear %x, %router : tensor<?x9xf32>, tensor<6x9xf32> -> tensor<?x6xf32>
  %scores = moe.score softmax %logits : tensor<?x6xf32> -> tensor<?x6xf32>
  %ids = moe.top_k %scores {k = 2} : tensor<?x6xf32>
  %gates = moe.gather_weights %scores, %ids : tensor<?x6xf32>, tensor<?x2xi32>
  %weights = moe.normalize_weights %gates {order = 1.0} : tensor<?x2xf32>
  %aux_loss = moe.aux_loss balance %scores indices(%ids : tensor<?x2xi32>)
    {coefficient = 0.001} : tensor<?x6xf32> -> tensor<f32>
  %z_loss = moe.aux_loss z %logits {coefficient = 0.001} : tensor<?x6xf32> -> tensor<f32>

  // Experts.
  %offsets, %sources, %positions = moe.group_by_expert %ids
    {num_experts = 6} : tensor<?x2xi32> -> tensor<7xi32>, tensor<?xi32>, tensor<?x2xi32>
  %rows = moe.dispatch %x, %sources : tensor<?x9xf32>, tensor<?xi32> -> tensor<?x9xf32>
  %outs = moe.expert_mlp separate %rows offsets(%offsets : tensor<7xi32>)
    up(%up : tensor<6x8x9xf32>) gate(%gate : tensor<6x8x9xf32>) down(%down : tensor<6x9x8xf32>)
    {activation = #moe.activation<silu>} : tensor<?x9xf32> -> tensor<?x9xf32>
  %y = moe.combine %outs, %positions weights(%weights : tensor<?x2xf32>)
    : tensor<?x9xf32>, tensor<?x2xi32> -> tensor<?x9xf32>
  return %y, %ids, %weights, %aux_loss, %z_loss
    : tensor<?x9xf32>, tensor<?x2xi32>, tensor<?x2xf32>, tensor<f32>, tensor<f32>
}
