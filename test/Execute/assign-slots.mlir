// Every order, priority and overflow; experts that are full, empty or without a slot.

// RUN: moe-run %s --input=%S/Data/assign-slots.plain.in.safetensors --expect=%S/Data/assign-slots.plain.out.safetensors
// RUN: moe-run %s --input=%S/Data/assign-slots.full.in.safetensors --expect=%S/Data/assign-slots.full.out.safetensors
// RUN: moe-run %s --input=%S/Data/assign-slots.none.in.safetensors --expect=%S/Data/assign-slots.none.out.safetensors
// RUN: moe-run %s --input=%S/Data/assign-slots.roomy.in.safetensors --expect=%S/Data/assign-slots.roomy.out.safetensors
// RUN: moe-run %s --input=%S/Data/assign-slots.t0.in.safetensors --expect=%S/Data/assign-slots.t0.out.safetensors
// RUN: moe-run %s --input=%S/Data/assign-slots.t1.in.safetensors --expect=%S/Data/assign-slots.t1.out.safetensors

func.func @moe_layer(
    %indices: tensor<?x3xi32> {moe.name = "indices"}, %size: tensor<i32> {moe.name = "capacity"},
    %priority: tensor<?x3xf32> {moe.name = "priority"},
    %token_priority: tensor<?xf32> {moe.name = "token_priority"},
    %random: tensor<?x3xi32> {moe.name = "random"})
    -> (tensor<?x3xi32> {moe.name = "k_major.kept"}, tensor<?x3xi32> {moe.name = "k_major.slots"},
        tensor<?x3xi32> {moe.name = "token_major.kept"}, tensor<?x3xi32> {moe.name = "token_major.slots"},
        tensor<?x3xi32> {moe.name = "prioritised.kept"}, tensor<?x3xi32> {moe.name = "prioritised.slots"},
        tensor<?x3xi32> {moe.name = "next.kept"}, tensor<?x3xi32> {moe.name = "next.slots"},
        tensor<?x3xi32> {moe.name = "spare.kept"}, tensor<?x3xi32> {moe.name = "spare.slots"},
        tensor<?x3xi32> {moe.name = "by_column.kept"}, tensor<?x3xi32> {moe.name = "by_column.slots"},
        tensor<?x3xi32> {moe.name = "by_choice.kept"}, tensor<?x3xi32> {moe.name = "by_choice.slots"},
        tensor<?x3xi32> {moe.name = "column_and_idle.kept"}, tensor<?x3xi32> {moe.name = "column_and_idle.slots"},
        tensor<?x3xi32> {moe.name = "choice_and_idle.kept"}, tensor<?x3xi32> {moe.name = "choice_and_idle.slots"}) {
  %element = tensor.extract %size[] : tensor<i32>
  %capacity = arith.index_cast %element : i32 to index
  %k_major:2 = moe.assign_slots k_major %indices, %capacity
    {groups = 4 : i64, num_experts = 4 : i64} : tensor<?x3xi32>
  %token_major:2 = moe.assign_slots token_major %indices, %capacity
    {num_experts = 4 : i64} : tensor<?x3xi32>
  %prioritised:2 = moe.assign_slots k_major %indices, %capacity priority(%token_priority : tensor<?xf32>)
    {groups = 3 : i64, num_experts = 4 : i64} : tensor<?x3xi32>
  %next:2 = moe.assign_slots token_major %indices, %capacity priority(%token_priority : tensor<?xf32>)
    {overflow = #moe.overflow<next_choice>, num_experts = 4 : i64} : tensor<?x3xi32>
  %spare:2 = moe.assign_slots k_major %indices, %capacity random(%random : tensor<?x3xi32>)
    {groups = 2 : i64, overflow = #moe.overflow<random_spare>, num_experts = 4 : i64} : tensor<?x3xi32>
  %by_column:2 = moe.assign_slots k_major %indices, %capacity priority(%priority : tensor<?x3xf32>)
    {groups = 2 : i64, num_experts = 4 : i64} : tensor<?x3xi32>
  %by_choice:2 = moe.assign_slots token_major %indices, %capacity priority(%priority : tensor<?x3xf32>)
    {num_experts = 4 : i64} : tensor<?x3xi32>
  %column_and_idle:2 = moe.assign_slots k_major %indices, %capacity priority(%priority : tensor<?x3xf32>)
    {groups = 2 : i64, unselected_priority = 0.0 : f64, num_experts = 4 : i64} : tensor<?x3xi32>
  %choice_and_idle:2 = moe.assign_slots token_major %indices, %capacity priority(%priority : tensor<?x3xf32>)
    {unselected_priority = -1.0 : f64, num_experts = 4 : i64} : tensor<?x3xi32>
  return %k_major#0, %k_major#1, %token_major#0, %token_major#1, %prioritised#0, %prioritised#1,
    %next#0, %next#1, %spare#0, %spare#1, %by_column#0, %by_column#1,
    %by_choice#0, %by_choice#1, %column_and_idle#0, %column_and_idle#1, %choice_and_idle#0, %choice_and_idle#1
    : tensor<?x3xi32>, tensor<?x3xi32>, tensor<?x3xi32>, tensor<?x3xi32>, tensor<?x3xi32>,
      tensor<?x3xi32>, tensor<?x3xi32>, tensor<?x3xi32>, tensor<?x3xi32>, tensor<?x3xi32>,
      tensor<?x3xi32>, tensor<?x3xi32>, tensor<?x3xi32>, tensor<?x3xi32>, tensor<?x3xi32>,
      tensor<?x3xi32>, tensor<?x3xi32>, tensor<?x3xi32>
}
