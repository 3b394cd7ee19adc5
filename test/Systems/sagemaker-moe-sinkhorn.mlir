// Amazon SageMaker model parallel v2 with its default load balancing (Megatron's Sinkhorn).
// * Sinkhorn iteration makes keys under which the experts are about equally attractive; they
//   choose, but do not weigh.
// * Weights are the scores of a softmax over all experts, not normalised: not Mixtral's weights.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/sagemaker-moe-sinkhorn.plain.in.safetensors --expect=%S/Data/sagemaker-moe-sinkhorn.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/sagemaker-moe-sinkhorn.skewed.in.safetensors --expect=%S/Data/sagemaker-moe-sinkhorn.skewed.out.safetensors --tolerance=1e-5

// CHECK-LABEL: func.func @moe_layer(
// CHECK: moe.sinkhorn
// CHECK: moe.top_k
// CHECK: moe.score softmax
// CHECK: moe.gather_weights
func.func @moe_layer(
    %x: tensor<?x8xf32>      {moe.name = "hidden_states"},
    %router: tensor<5x8xf32> {moe.name = "router.weight"},
    %gate: tensor<5x9x8xf32> {moe.name = "experts.gate.weight"},
    %up: tensor<5x9x8xf32>   {moe.name = "experts.up.weight"},
    %down: tensor<5x8x9xf32> {moe.name = "experts.down.weight"})
    -> (tensor<?x8xf32> {moe.name = "hidden_states"},
        tensor<?x2xi32> {moe.name = "topk_ids"},
        tensor<?x2xf32> {moe.name = "topk_weights"}) {
  // Router.
  %logits = moe.gate linear %x, %router : tensor<?x8xf32>, tensor<5x8xf32> -> tensor<?x5xf32>
  %keys = moe.sinkhorn %logits {tolerance = 1.0e-4} : tensor<?x5xf32>
  %ids = moe.top_k %keys {k = 2} : tensor<?x5xf32>
  %scores = moe.score softmax %logits : tensor<?x5xf32> -> tensor<?x5xf32>
  %weights = moe.gather_weights %scores, %ids : tensor<?x5xf32>, tensor<?x2xi32>

  // Experts.
  %offsets, %sources, %positions = moe.group_by_expert %ids
    {num_experts = 5} : tensor<?x2xi32> -> tensor<6xi32>, tensor<?xi32>, tensor<?x2xi32>
  %rows = moe.dispatch %x, %sources : tensor<?x8xf32>, tensor<?xi32> -> tensor<?x8xf32>
  %outs = moe.expert_mlp separate %rows offsets(%offsets : tensor<6xi32>)
    up(%up : tensor<5x9x8xf32>) gate(%gate : tensor<5x9x8xf32>) down(%down : tensor<5x8x9xf32>)
    {activation = #moe.activation<silu>} : tensor<?x8xf32> -> tensor<?x8xf32>
  %y = moe.combine %outs, %positions weights(%weights : tensor<?x2xf32>)
    : tensor<?x8xf32>, tensor<?x2xi32> -> tensor<?x8xf32>
  return %y, %ids, %weights : tensor<?x8xf32>, tensor<?x2xi32>, tensor<?x2xf32>
}
