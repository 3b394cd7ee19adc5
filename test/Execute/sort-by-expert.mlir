// Rows and slots in the order of the choices of each expert, for few tokens and for so many that
// blocks of a GPU share them.

// RUN: moe-run %s --input=%S/Data/sort-by-expert.few.in.safetensors --expect=%S/Data/sort-by-expert.few.out.safetensors
// RUN: moe-run %s --input=%S/Data/sort-by-expert.many.in.safetensors --expect=%S/Data/sort-by-expert.many.out.safetensors
// RUN: moe-run %s --input=%S/Data/sort-by-expert.none.in.safetensors --expect=%S/Data/sort-by-expert.none.out.safetensors
// RUN: moe-run %s --input=%S/Data/sort-by-expert.t0.in.safetensors --expect=%S/Data/sort-by-expert.t0.out.safetensors
// RUN: moe-run %s --input=%S/Data/sort-by-expert.t1.in.safetensors --expect=%S/Data/sort-by-expert.t1.out.safetensors

func.func @moe_layer(
    %indices: tensor<?x3xi32> {moe.name = "indices"},
    %slot_indices: tensor<?x3xi32> {moe.name = "slot_indices"},
    %x: tensor<?x4xf32> {moe.name = "x"}, %size: tensor<i32> {moe.name = "capacity"})
    -> (tensor<41xi32> {moe.name = "offsets"}, tensor<?x3xi32> {moe.name = "positions"},
        tensor<?x4xf32> {moe.name = "returned"},
        tensor<?x3xi32> {moe.name = "token_major.kept"}, tensor<?x3xi32> {moe.name = "token_major.slots"},
        tensor<?x3xi32> {moe.name = "k_major.kept"}, tensor<?x3xi32> {moe.name = "k_major.slots"}) {
  %offsets, %sources, %positions = moe.group_by_expert %indices
    {first_expert = 3 : i64, num_experts = 40 : i64}
    : tensor<?x3xi32> -> tensor<41xi32>, tensor<?xi32>, tensor<?x3xi32>
  %rows = moe.dispatch %x, %sources : tensor<?x4xf32>, tensor<?xi32> -> tensor<?x4xf32>
  %returned = moe.combine %rows, %positions : tensor<?x4xf32>, tensor<?x3xi32> -> tensor<?x4xf32>
  %element = tensor.extract %size[] : tensor<i32>
  %capacity = arith.index_cast %element : i32 to index
  %token_major:2 = moe.assign_slots token_major %slot_indices, %capacity
    {groups = 2 : i64, num_experts = 4 : i64} : tensor<?x3xi32>
  %k_major:2 = moe.assign_slots k_major %slot_indices, %capacity
    {groups = 2 : i64, num_experts = 4 : i64} : tensor<?x3xi32>
  return %offsets, %positions, %returned, %token_major#0, %token_major#1, %k_major#0, %k_major#1
    : tensor<41xi32>, tensor<?x3xi32>, tensor<?x4xf32>, tensor<?x3xi32>, tensor<?x3xi32>,
      tensor<?x3xi32>, tensor<?x3xi32>
}
