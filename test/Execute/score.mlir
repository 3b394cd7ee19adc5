// Logits far from zero, infinite, and NaN.

// RUN: moe-run %s --input=%S/Data/score.plain.in.safetensors --expect=%S/Data/score.plain.out.safetensors
// RUN: moe-run %s --input=%S/Data/score.small.in.safetensors --expect=%S/Data/score.small.out.safetensors
// RUN: moe-run %s --input=%S/Data/score.t1.in.safetensors --expect=%S/Data/score.t1.out.safetensors
// RUN: moe-run %s --input=%S/Data/score.t0.in.safetensors --expect=%S/Data/score.t0.out.safetensors

func.func @moe_layer(%logits: tensor<?x?xf32> {moe.name = "logits"})
    -> (tensor<?x?xf32> {moe.name = "softmax"},
        tensor<?x?xf32> {moe.name = "softmax_over_tokens"},
        tensor<?x?xf32> {moe.name = "sigmoid"}, tensor<?x?xf32> {moe.name = "relu"},
        tensor<?x?xf32> {moe.name = "sqrt_softplus"}) {
  %softmax = moe.score softmax %logits : tensor<?x?xf32> -> tensor<?x?xf32>
  %over_tokens = moe.score softmax %logits {axis = #moe.score_axis<tokens>}
    : tensor<?x?xf32> -> tensor<?x?xf32>
  %sigmoid = moe.score sigmoid %logits : tensor<?x?xf32> -> tensor<?x?xf32>
  %relu = moe.score relu %logits : tensor<?x?xf32> -> tensor<?x?xf32>
  %sqrt_softplus = moe.score sqrt_softplus %logits : tensor<?x?xf32> -> tensor<?x?xf32>
  return %softmax, %over_tokens, %sigmoid, %relu, %sqrt_softplus
    : tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?xf32>
}
