// To the tolerance, and cut off before.

// RUN: moe-run %s --input=%S/Data/sinkhorn.plain.in.safetensors --expect=%S/Data/sinkhorn.plain.out.safetensors
// RUN: moe-run %s --input=%S/Data/sinkhorn.t1.in.safetensors --expect=%S/Data/sinkhorn.t1.out.safetensors
// RUN: moe-run %s --input=%S/Data/sinkhorn.t0.in.safetensors --expect=%S/Data/sinkhorn.t0.out.safetensors

func.func @moe_layer(%logits: tensor<?x?xf32> {moe.name = "logits"})
    -> (tensor<?x?xf32> {moe.name = "keys"}, tensor<?x?xf32> {moe.name = "cut"}) {
  %keys = moe.sinkhorn %logits {tolerance = 1.0e-4 : f64} : tensor<?x?xf32>
  %cut = moe.sinkhorn %logits {max_iterations = 2 : i64, tolerance = 1.0e-9 : f64}
    : tensor<?x?xf32>
  return %keys, %cut : tensor<?x?xf32>, tensor<?x?xf32>
}
