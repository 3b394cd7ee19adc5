// Counts above, below and at the mean.

// RUN: moe-run %s --input=%S/Data/update-bias.plain.in.safetensors --expect=%S/Data/update-bias.plain.out.safetensors
// RUN: moe-run %s --input=%S/Data/update-bias.equal.in.safetensors --expect=%S/Data/update-bias.equal.out.safetensors
// RUN: moe-run %s --input=%S/Data/update-bias.one.in.safetensors --expect=%S/Data/update-bias.one.out.safetensors

func.func @moe_layer(%bias: tensor<?xf32> {moe.name = "bias"},
                     %counts: tensor<?xi32> {moe.name = "counts"})
    -> (tensor<?xf32> {moe.name = "updated"}) {
  %updated = moe.update_bias %bias, %counts {rate = 0.125 : f64} : tensor<?xf32>, tensor<?xi32>
  return %updated : tensor<?xf32>
}
