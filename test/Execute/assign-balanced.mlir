// The best of all assignments, with places left over and without.

// RUN: moe-run %s --input=%S/Data/assign-balanced.plain.in.safetensors --expect=%S/Data/assign-balanced.plain.out.safetensors
// RUN: moe-run %s --input=%S/Data/assign-balanced.even.in.safetensors --expect=%S/Data/assign-balanced.even.out.safetensors
// RUN: moe-run %s --input=%S/Data/assign-balanced.flood.in.safetensors --expect=%S/Data/assign-balanced.flood.out.safetensors
// RUN: moe-run %s --input=%S/Data/assign-balanced.t2.in.safetensors --expect=%S/Data/assign-balanced.t2.out.safetensors
// RUN: moe-run %s --input=%S/Data/assign-balanced.t1.in.safetensors --expect=%S/Data/assign-balanced.t1.out.safetensors
// RUN: moe-run %s --input=%S/Data/assign-balanced.t0.in.safetensors --expect=%S/Data/assign-balanced.t0.out.safetensors

func.func @moe_layer(%scores: tensor<?x?xf32> {moe.name = "scores"})
    -> (tensor<?x1xi32> {moe.name = "indices"}) {
  %indices = moe.assign_balanced %scores : tensor<?x?xf32>
  return %indices : tensor<?x1xi32>
}
