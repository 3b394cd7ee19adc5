// RUN: moe-opt %s | moe-opt | FileCheck --strict-whitespace %s
// RUN: moe-opt %s --mlir-print-op-generic | moe-opt | FileCheck --strict-whitespace %s
// RUN: moe-opt %s --emit-bytecode | moe-opt | FileCheck --strict-whitespace %s

// CHECK-LABEL: func.func @count(
func.func @count(%i: tensor<?x2xi32>) {
  // CHECK: moe.count %arg0 {num_experts = 8 : i64} : tensor<?x2xi32>
  %all = moe.count %i {num_experts = 8 : i64} : tensor<?x2xi32>
  // CHECK: moe.count %arg0 {choices = 1 : i64, num_experts = 8 : i64} : tensor<?x2xi32>
  %first = moe.count %i {choices = 1 : i64, num_experts = 8 : i64} : tensor<?x2xi32>
  return
}

// CHECK-LABEL: func.func @capacity(
func.func @capacity(%tokens: index) {
  // CHECK: moe.capacity mul_then_div %arg0 {num_experts = 8 : i64}
  %mul = moe.capacity mul_then_div %tokens {num_experts = 8 : i64}
  // CHECK: moe.capacity div_then_mul %arg0 {arithmetic = #moe.arithmetic<f32>, factor = 1.250000e+00 : f64, num_experts = 8 : i64, rounding = #moe.rounding<ceil>}
  %div = moe.capacity div_then_mul %tokens
    {arithmetic = #moe.arithmetic<f32>, factor = 1.25 : f64, num_experts = 8 : i64,
     rounding = #moe.rounding<ceil>}
  // CHECK: moe.capacity ceil_div_then_mul %arg0 {choices = 2 : i64, minimum = 4 : i64, num_experts = 8 : i64, rounding = #moe.rounding<half_even>}
  %ceil = moe.capacity ceil_div_then_mul %tokens
    {choices = 2 : i64, minimum = 4 : i64, num_experts = 8 : i64,
     rounding = #moe.rounding<half_even>}
  // CHECK: moe.capacity floor_div_then_mul %arg0 {multiple_of = 8 : i64, multiplier = 2 : i64, num_experts = 8 : i64}
  %floor = moe.capacity floor_div_then_mul %tokens
    {multiple_of = 8 : i64, multiplier = 2 : i64, num_experts = 8 : i64}
  // CHECK: moe.capacity fraction %arg0 {at_most_tokens, factor = 1.250000e-01 : f64, num_experts = 8 : i64}
  %fraction = moe.capacity fraction %tokens
    {at_most_tokens, factor = 0.125 : f64, num_experts = 8 : i64}
  return
}

// CHECK-LABEL: func.func @capacity_counts(
func.func @capacity_counts(%tokens: index, %counts: tensor<8xi32>) {
  // CHECK: moe.capacity max_count %arg0 counts(%arg1 : tensor<8xi32>) {num_experts = 8 : i64}
  %max = moe.capacity max_count %tokens counts(%counts : tensor<8xi32>) {num_experts = 8 : i64}
  // CHECK: moe.capacity mul_then_div %arg0 counts(%arg1 : tensor<8xi32>) {num_experts = 8 : i64}
  %limited = moe.capacity mul_then_div %tokens counts(%counts : tensor<8xi32>)
    {num_experts = 8 : i64}
  return
}

// CHECK-LABEL: func.func @assign_slots(
func.func @assign_slots(%i: tensor<?x2xi32>, %c: index) {
  // CHECK: moe.assign_slots k_major %arg0, %arg1 {num_experts = 8 : i64} : tensor<?x2xi32>
  %kept, %slots = moe.assign_slots k_major %i, %c {num_experts = 8 : i64} : tensor<?x2xi32>
  // CHECK: moe.assign_slots token_major %arg0, %arg1 {groups = 4 : i64, num_experts = 8 : i64} : tensor<?x2xi32>
  %kept_t, %slots_t = moe.assign_slots token_major %i, %c {groups = 4 : i64, num_experts = 8 : i64}
    : tensor<?x2xi32>
  // CHECK: moe.assign_slots k_major %arg0, %arg1 {num_experts = 8 : i64, overflow = #moe.overflow<next_choice>} : tensor<?x2xi32>
  %kept_n, %slots_n = moe.assign_slots k_major %i, %c
    {num_experts = 8 : i64, overflow = #moe.overflow<next_choice>} : tensor<?x2xi32>
  return
}

// CHECK-LABEL: func.func @assign_slots_priority(
func.func @assign_slots_priority(%i: tensor<?x2xi32>, %c: index, %token: tensor<?xf32>,
                                 %choice: tensor<?x2xf32>) {
  // CHECK: moe.assign_slots k_major %arg0, %arg1 priority(%arg2 : tensor<?xf32>) {num_experts = 8 : i64} : tensor<?x2xi32>
  %kept, %slots = moe.assign_slots k_major %i, %c priority(%token : tensor<?xf32>)
    {num_experts = 8 : i64} : tensor<?x2xi32>
  // CHECK: moe.assign_slots token_major %arg0, %arg1 priority(%arg3 : tensor<?x2xf32>) {num_experts = 8 : i64, unselected_priority = 0.000000e+00 : f64} : tensor<?x2xi32>
  %kept_c, %slots_c = moe.assign_slots token_major %i, %c priority(%choice : tensor<?x2xf32>)
    {num_experts = 8 : i64, unselected_priority = 0.0 : f64} : tensor<?x2xi32>
  return
}

// CHECK-LABEL: func.func @assign_slots_random(
func.func @assign_slots_random(%i: tensor<?x2xi32>, %c: index, %r: tensor<?x2xi32>,
                               %token: tensor<?xf32>) {
  // CHECK: moe.assign_slots k_major %arg0, %arg1 priority(%arg3 : tensor<?xf32>) random(%arg2 : tensor<?x2xi32>) {num_experts = 8 : i64, overflow = #moe.overflow<random_spare>} : tensor<?x2xi32>
  %kept, %slots = moe.assign_slots k_major %i, %c priority(%token : tensor<?xf32>)
    random(%r : tensor<?x2xi32>) {num_experts = 8 : i64, overflow = #moe.overflow<random_spare>}
    : tensor<?x2xi32>
  return
}

// CHECK-LABEL: func.func @group_by_expert(
func.func @group_by_expert(%i: tensor<?x2xi32>, %slots: tensor<?x2xi32>, %c: index) {
  // CHECK: moe.group_by_expert %arg0 {num_experts = 8 : i64} : tensor<?x2xi32> -> tensor<9xi32>, tensor<?xi32>, tensor<?x2xi32>
  %o, %s, %p = moe.group_by_expert %i {num_experts = 8 : i64}
    : tensor<?x2xi32> -> tensor<9xi32>, tensor<?xi32>, tensor<?x2xi32>
  // CHECK: moe.group_by_expert %arg0 {first_expert = 4 : i64, num_experts = 4 : i64} : tensor<?x2xi32> -> tensor<5xi32>, tensor<?xi32>, tensor<?x2xi32>
  %shard_o, %shard_s, %shard_p = moe.group_by_expert %i {first_expert = 4 : i64, num_experts = 4 : i64}
    : tensor<?x2xi32> -> tensor<5xi32>, tensor<?xi32>, tensor<?x2xi32>
  // CHECK: moe.group_by_expert %arg0 slots(%arg1 : tensor<?x2xi32>) capacity(%arg2) {groups = 2 : i64, num_experts = 8 : i64} : tensor<?x2xi32> -> tensor<9xi32>, tensor<?xi32>, tensor<?x2xi32>
  %slot_o, %slot_s, %slot_p = moe.group_by_expert %i slots(%slots : tensor<?x2xi32>) capacity(%c)
    {groups = 2 : i64, num_experts = 8 : i64}
    : tensor<?x2xi32> -> tensor<9xi32>, tensor<?xi32>, tensor<?x2xi32>
  return
}

// CHECK-LABEL: func.func @row_experts(
func.func @row_experts(%o: tensor<9xi32>, %s: tensor<?xi32>) {
  // CHECK: moe.row_experts %arg0, %arg1 : tensor<9xi32>, tensor<?xi32>
  %e = moe.row_experts %o, %s : tensor<9xi32>, tensor<?xi32>
  return
}
