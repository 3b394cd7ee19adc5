// Expert e multiplies by e + 1 where `down` says so; each token goes to one of three experts.
func.func @moe_layer(
    %x: tensor<?x2xf32>     {moe.name = "hidden_states"},
    %router: tensor<3x2xf32> {moe.name = "router"},
    %up: tensor<3x2x2xf32, #moe.per_expert> {moe.name = "experts.{expert}.up"},
    %down: tensor<3x2x2xf32, #moe.per_expert> {moe.name = "experts.{expert}.down"})
    -> (tensor<?x2xf32> {moe.name = "hidden_states"},
        tensor<?x1xi32> {moe.name = "topk_ids"},
        tensor<?x1xf32> {moe.name = "topk_weights"}) {
  %logits = moe.gate linear %x, %router : tensor<?x2xf32>, tensor<3x2xf32> -> tensor<?x3xf32>
  %scores = moe.score softmax %logits : tensor<?x3xf32> -> tensor<?x3xf32>
  %ids = moe.top_k %scores {k = 1} : tensor<?x3xf32>
  %chosen = moe.gather_weights %scores, %ids : tensor<?x3xf32>, tensor<?x1xi32>
  %weights = moe.normalize_weights %chosen {order = 1.0} : tensor<?x1xf32>
  %offsets, %sources, %positions = moe.group_by_expert %ids {num_experts = 3}
    : tensor<?x1xi32> -> tensor<4xi32>, tensor<?xi32>, tensor<?x1xi32>
  %rows = moe.dispatch %x, %sources : tensor<?x2xf32>, tensor<?xi32> -> tensor<?x2xf32>
  %outs = moe.expert_mlp none %rows offsets(%offsets : tensor<4xi32>)
    up(%up : tensor<3x2x2xf32, #moe.per_expert>) down(%down : tensor<3x2x2xf32, #moe.per_expert>)
    {activation = #moe.activation<identity>} : tensor<?x2xf32> -> tensor<?x2xf32>
  %y = moe.combine %outs, %positions weights(%weights : tensor<?x1xf32>)
    : tensor<?x2xf32>, tensor<?x1xi32> -> tensor<?x2xf32>
  return %y, %ids, %weights : tensor<?x2xf32>, tensor<?x1xi32>, tensor<?x1xf32>
}
