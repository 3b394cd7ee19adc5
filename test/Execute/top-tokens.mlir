// As many tokens as there is room for, or all of them; any number of experts.

// RUN: moe-run %s --input=%S/Data/top-tokens.plain.in.safetensors --expect=%S/Data/top-tokens.plain.out.safetensors
// RUN: moe-run %s --input=%S/Data/top-tokens.t3.in.safetensors --expect=%S/Data/top-tokens.t3.out.safetensors
// RUN: moe-run %s --input=%S/Data/top-tokens.t1.in.safetensors --expect=%S/Data/top-tokens.t1.out.safetensors
// RUN: moe-run %s --input=%S/Data/top-tokens.t0.in.safetensors --expect=%S/Data/top-tokens.t0.out.safetensors

func.func @moe_layer(%scores: tensor<?x?xf32> {moe.name = "scores"})
    -> (tensor<?x?xi32> {moe.name = "lowest"}, tensor<?x?xi32> {moe.name = "highest"},
        tensor<?x?xi32> {moe.name = "none"}) {
  %four = arith.constant 4 : index
  %lowest = moe.top_tokens %scores, %four : tensor<?x?xf32>
  %highest = moe.top_tokens %scores, %four {tie = #moe.tie<highest>} : tensor<?x?xf32>
  %zero = arith.constant 0 : index
  %none = moe.top_tokens %scores, %zero : tensor<?x?xf32>
  return %lowest, %highest, %none : tensor<?x?xi32>, tensor<?x?xi32>, tensor<?x?xi32>
}
