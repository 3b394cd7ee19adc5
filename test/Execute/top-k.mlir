// Order by key, then index, whatever the keys and exceptions are.

// RUN: moe-run %s --input=%S/Data/top-k.plain.in.safetensors --expect=%S/Data/top-k.plain.out.safetensors
// RUN: moe-run %s --input=%S/Data/top-k.t1.in.safetensors --expect=%S/Data/top-k.t1.out.safetensors
// RUN: moe-run %s --input=%S/Data/top-k.t0.in.safetensors --expect=%S/Data/top-k.t0.out.safetensors

func.func @moe_layer(%scores: tensor<?x6xf32> {moe.name = "scores"},
                     %bias: tensor<6xf32> {moe.name = "bias"},
                     %exceptions: tensor<?x3xi32> {moe.name = "exceptions"})
    -> (tensor<?x3xi32> {moe.name = "lowest"}, tensor<?x3xi32> {moe.name = "highest"},
        tensor<?x3xi32> {moe.name = "biased"}, tensor<?x6xi32> {moe.name = "all"},
        tensor<?x3xi32> {moe.name = "others"}, tensor<?x2xi32> {moe.name = "highest_others"}) {
  %lowest = moe.top_k %scores {k = 3 : i64} : tensor<?x6xf32>
  %highest = moe.top_k %scores {k = 3 : i64, tie = #moe.tie<highest>} : tensor<?x6xf32>
  %biased = moe.top_k %scores bias(%bias : tensor<6xf32>) {k = 3 : i64} : tensor<?x6xf32>
  %all = moe.top_k %scores {k = 6 : i64} : tensor<?x6xf32>
  %others = moe.top_k %scores except(%exceptions : tensor<?x3xi32>) {k = 3 : i64}
    : tensor<?x6xf32>
  %highest_others = moe.top_k %scores bias(%bias : tensor<6xf32>)
    except(%exceptions : tensor<?x3xi32>) {k = 2 : i64, tie = #moe.tie<highest>}
    : tensor<?x6xf32>
  return %lowest, %highest, %biased, %all, %others, %highest_others
    : tensor<?x3xi32>, tensor<?x3xi32>, tensor<?x3xi32>, tensor<?x6xi32>, tensor<?x3xi32>,
      tensor<?x2xi32>
}
