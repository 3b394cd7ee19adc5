// Counts, rows by expert and the experts of rows: foreign experts, empty ones, empty slots.

// RUN: moe-run %s --input=%S/Data/group-by-expert.plain.in.safetensors --expect=%S/Data/group-by-expert.plain.out.safetensors
// RUN: moe-run %s --input=%S/Data/group-by-expert.none.in.safetensors --expect=%S/Data/group-by-expert.none.out.safetensors
// RUN: moe-run %s --input=%S/Data/group-by-expert.t0.in.safetensors --expect=%S/Data/group-by-expert.t0.out.safetensors
// RUN: moe-run %s --input=%S/Data/group-by-expert.t1.in.safetensors --expect=%S/Data/group-by-expert.t1.out.safetensors

func.func @moe_layer(
    %indices: tensor<?x2xi32> {moe.name = "indices"},
    %kept: tensor<?x2xi32> {moe.name = "kept"}, %slots: tensor<?x2xi32> {moe.name = "slots"},
    %size: tensor<i32> {moe.name = "capacity"})
    -> (tensor<5xi32> {moe.name = "counts"}, tensor<5xi32> {moe.name = "first_counts"},
        tensor<4xi32> {moe.name = "sorted.offsets"}, tensor<?xi32> {moe.name = "sorted.sources"},
        tensor<?x2xi32> {moe.name = "sorted.positions"},
        tensor<?xi32> {moe.name = "sorted.experts"},
        tensor<?xi32> {moe.name = "slotted.offsets"},
        tensor<?xi32> {moe.name = "slotted.sources"},
        tensor<?x2xi32> {moe.name = "slotted.positions"},
        tensor<?xi32> {moe.name = "slotted.experts"}) {
  %counts = moe.count %indices {num_experts = 5 : i64} : tensor<?x2xi32>
  %first_counts = moe.count %indices {choices = 1 : i64, num_experts = 5 : i64} : tensor<?x2xi32>
  %sorted:3 = moe.group_by_expert %indices {first_expert = 1 : i64, num_experts = 3 : i64}
    : tensor<?x2xi32> -> tensor<4xi32>, tensor<?xi32>, tensor<?x2xi32>
  %sorted_experts = moe.row_experts %sorted#0, %sorted#1 : tensor<4xi32>, tensor<?xi32>
  %element = tensor.extract %size[] : tensor<i32>
  %capacity = arith.index_cast %element : i32 to index
  %slotted:3 = moe.group_by_expert %kept slots(%slots : tensor<?x2xi32>) capacity(%capacity)
    {first_expert = 1 : i64, groups = 2 : i64, num_experts = 3 : i64}
    : tensor<?x2xi32> -> tensor<?xi32>, tensor<?xi32>, tensor<?x2xi32>
  %slotted_experts = moe.row_experts %slotted#0, %slotted#1 : tensor<?xi32>, tensor<?xi32>
  return %counts, %first_counts, %sorted#0, %sorted#1, %sorted#2, %sorted_experts,
    %slotted#0, %slotted#1, %slotted#2, %slotted_experts
    : tensor<5xi32>, tensor<5xi32>, tensor<4xi32>, tensor<?xi32>, tensor<?x2xi32>,
      tensor<?xi32>, tensor<?xi32>, tensor<?xi32>, tensor<?x2xi32>, tensor<?xi32>
}
