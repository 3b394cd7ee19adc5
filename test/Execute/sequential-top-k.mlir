// Rivals of negative, zero and equal logits, -inf and NaN.

// RUN: moe-run %s --input=%S/Data/sequential-top-k.plain.in.safetensors --expect=%S/Data/sequential-top-k.plain.out.safetensors
// RUN: moe-run %s --input=%S/Data/sequential-top-k.t0.in.safetensors --expect=%S/Data/sequential-top-k.t0.out.safetensors

func.func @moe_layer(%logits: tensor<?x5xf32> {moe.name = "logits"})
    -> (tensor<?x3xi32> {moe.name = "indices"}, tensor<?x3xf32> {moe.name = "weights"}) {
  %indices, %weights = moe.sequential_top_k %logits {k = 3 : i64, relative_gap = 0.25 : f64}
    : tensor<?x5xf32>
  return %indices, %weights : tensor<?x3xi32>, tensor<?x3xf32>
}
