// Router replay of Hugging Face transformers v5 (integrations/moe_routing.py).
// * The experts come from a recording; the router only weighs them, normalised over the choices.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/hf-replay.plain.in.safetensors --expect=%S/Data/hf-replay.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/hf-replay.foreign.in.safetensors --expect=%S/Data/hf-replay.foreign.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/hf-replay.t0.in.safetensors --expect=%S/Data/hf-replay.t0.out.safetensors --tolerance=1e-5

// CHECK-LABEL: func.func @moe_layer(
// CHECK: moe.gather_weights
// CHECK: moe.normalize_weights
// CHECK: moe.expert_mlp gate_first
func.func @moe_layer(
    %x: tensor<?x9xf32>            {moe.name = "hidden_states"},
    %replayed_ids: tensor<?x3xi32> {moe.name = "replayed_ids"},
    %router: tensor<6x9xf32>       {moe.name = "router.weight"},
    %gate_up: tensor<6x20x9xf32>   {moe.name = "experts.gate_up_proj"},
    %down: tensor<6x9x10xf32>      {moe.name = "experts.down_proj"})
    -> (tensor<?x9xf32> {moe.name = "hidden_states"},
        tensor<?x3xi32> {moe.name = "topk_ids"},
        tensor<?x3xf32> {moe.name = "topk_weights"}) {
  // Router.
  %logits = moe.gate linear %x, %router : tensor<?x9xf32>, tensor<6x9xf32> -> tensor<?x6xf32>
  %scores = moe.score softmax %logits : tensor<?x6xf32> -> tensor<?x6xf32>
  %gates = moe.gather_weights %scores, %replayed_ids : tensor<?x6xf32>, tensor<?x3xi32>
  %weights = moe.normalize_weights %gates {order = 1.0} : tensor<?x3xf32>

  // Experts.
  %offsets, %sources, %positions = moe.group_by_expert %replayed_ids
    {num_experts = 6} : tensor<?x3xi32> -> tensor<7xi32>, tensor<?xi32>, tensor<?x3xi32>
  %rows = moe.dispatch %x, %sources : tensor<?x9xf32>, tensor<?xi32> -> tensor<?x9xf32>
  %outs = moe.expert_mlp gate_first %rows offsets(%offsets : tensor<7xi32>)
    up(%gate_up : tensor<6x20x9xf32>) down(%down : tensor<6x9x10xf32>)
    {activation = #moe.activation<silu>} : tensor<?x9xf32> -> tensor<?x9xf32>
  %y = moe.combine %outs, %positions weights(%weights : tensor<?x3xf32>)
    : tensor<?x9xf32>, tensor<?x3xi32> -> tensor<?x9xf32>
  return %y, %replayed_ids, %weights : tensor<?x9xf32>, tensor<?x3xi32>, tensor<?x3xf32>
}
