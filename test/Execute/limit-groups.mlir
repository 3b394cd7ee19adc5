// Ties between groups, NaN, one group, all groups, with a bias and without.

// RUN: moe-run %s --input=%S/Data/limit-groups.plain.in.safetensors --expect=%S/Data/limit-groups.plain.out.safetensors
// RUN: moe-run %s --input=%S/Data/limit-groups.t0.in.safetensors --expect=%S/Data/limit-groups.t0.out.safetensors

func.func @moe_layer(%scores: tensor<?x6xf32> {moe.name = "scores"},
                     %bias: tensor<6xf32> {moe.name = "bias"})
    -> (tensor<?x6xf32> {moe.name = "max"}, tensor<?x6xf32> {moe.name = "sum_top"},
        tensor<?x6xf32> {moe.name = "three_groups"},
        tensor<?x6xf32> {moe.name = "one_group"}, tensor<?x6xf32> {moe.name = "biased"},
        tensor<?x6xf32> {moe.name = "biased_three_groups"}) {
  %max = moe.limit_groups max %scores {keep = 1 : i64, num_groups = 3 : i64}
    : tensor<?x6xf32>
  %sum_top = moe.limit_groups sum_top %scores
    {fill = #moe.group_fill<zero>, keep = 2 : i64, num_groups = 3 : i64, top = 2 : i64}
    : tensor<?x6xf32>
  %three_groups = moe.limit_groups max %scores
    {fill = #moe.group_fill<zero>, keep = 3 : i64, num_groups = 3 : i64} : tensor<?x6xf32>
  %one_group = moe.limit_groups sum_top %scores
    {fill = #moe.group_fill<zero>, keep = 1 : i64, num_groups = 1 : i64, top = 4 : i64}
    : tensor<?x6xf32>
  %biased = moe.limit_groups sum_top %scores bias(%bias : tensor<6xf32>)
    {fill = #moe.group_fill<zero>, keep = 1 : i64, num_groups = 3 : i64, top = 2 : i64}
    : tensor<?x6xf32>
  %biased_three_groups = moe.limit_groups max %scores bias(%bias : tensor<6xf32>)
    {keep = 3 : i64, num_groups = 3 : i64} : tensor<?x6xf32>
  return %max, %sum_top, %three_groups, %one_group, %biased, %biased_three_groups
    : tensor<?x6xf32>, tensor<?x6xf32>, tensor<?x6xf32>, tensor<?x6xf32>, tensor<?x6xf32>,
      tensor<?x6xf32>
}
