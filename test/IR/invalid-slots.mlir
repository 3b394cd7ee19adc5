// RUN: moe-opt %s --split-input-file --verify-diagnostics

func.func @count_c1(%i: tensor<?x2xi32>) {
  // expected-error @below {{num_experts is 0, expected 1 to 2147483647}}
  %c = moe.count %i {num_experts = 0 : i64} : tensor<?x2xi32>
  return
}

// -----

func.func @count_c2(%i: tensor<?x2xi32>) {
  // expected-error @below {{choices is 3, expected 1 to 2}}
  %c = moe.count %i {choices = 3 : i64, num_experts = 8 : i64} : tensor<?x2xi32>
  return
}

// -----

func.func @count_c2_dynamic(%i: tensor<?x?xi32>) {
  // expected-error @below {{choices is 0, expected at least 1}}
  %c = moe.count %i {choices = 0 : i64, num_experts = 8 : i64} : tensor<?x?xi32>
  return
}

// -----

func.func @capacity_c1_num_experts(%t: index) {
  // expected-error @below {{num_experts is 0, expected 1 to 2147483647}}
  %c = moe.capacity mul_then_div %t {num_experts = 0 : i64}
  return
}

// -----

func.func @capacity_c1_choices(%t: index) {
  // expected-error @below {{choices is 0, expected 1 to 2147483647}}
  %c = moe.capacity mul_then_div %t {choices = 0 : i64, num_experts = 8 : i64}
  return
}

// -----

func.func @capacity_c1_multiplier(%t: index) {
  // expected-error @below {{multiplier is 2147483648, expected 1 to 2147483647}}
  %c = moe.capacity mul_then_div %t {multiplier = 2147483648 : i64, num_experts = 8 : i64}
  return
}

// -----

func.func @capacity_c1_multiple_of(%t: index) {
  // expected-error @below {{multiple_of is -8, expected 1 to 2147483647}}
  %c = moe.capacity mul_then_div %t {multiple_of = -8 : i64, num_experts = 8 : i64}
  return
}

// -----

func.func @capacity_c1_minimum(%t: index) {
  // expected-error @below {{minimum is -1, expected 0 to 2147483647}}
  %c = moe.capacity mul_then_div %t {minimum = -1 : i64, num_experts = 8 : i64}
  return
}

// -----

func.func @capacity_c2(%t: index) {
  // expected-error @below {{factor is INF, expected a positive number}}
  %c = moe.capacity mul_then_div %t {factor = 0x7FF0000000000000 : f64, num_experts = 8 : i64}
  return
}

// -----

func.func @capacity_c3(%t: index) {
  // expected-error @below {{counts is missing, needed for rule max_count}}
  %c = moe.capacity max_count %t {num_experts = 8 : i64}
  return
}

// -----

func.func @capacity_c4(%t: index, %counts: tensor<4xi32>) {
  // expected-error @below {{length of the counts is 4, expected 8}}
  %c = moe.capacity max_count %t counts(%counts : tensor<4xi32>) {num_experts = 8 : i64}
  return
}

// -----

func.func @assign_slots_c1(%i: tensor<?x2xi32>, %c: index) {
  // expected-error @below {{num_experts is 0, expected 1 to 2147483647}}
  %kept, %slots = moe.assign_slots k_major %i, %c {num_experts = 0 : i64} : tensor<?x2xi32>
  return
}

// -----

func.func @assign_slots_c1_groups(%i: tensor<?x2xi32>, %c: index) {
  // expected-error @below {{groups is 0, expected 1 to 2147483647}}
  %kept, %slots = moe.assign_slots k_major %i, %c {groups = 0 : i64, num_experts = 8 : i64}
    : tensor<?x2xi32>
  return
}

// -----

func.func @assign_slots_c2(%i: tensor<4x2xi32>, %c: index, %p: tensor<5xf32>) {
  // expected-error @below {{dimension 0 of priority is 5, expected 4}}
  %kept, %slots = moe.assign_slots k_major %i, %c priority(%p : tensor<5xf32>)
    {num_experts = 8 : i64} : tensor<4x2xi32>
  return
}

// -----

func.func @assign_slots_c2_per_choice(%i: tensor<?x2xi32>, %c: index, %p: tensor<?x3xf32>) {
  // expected-error @below {{dimension 1 of priority is 3, expected 2}}
  %kept, %slots = moe.assign_slots k_major %i, %c priority(%p : tensor<?x3xf32>)
    {num_experts = 8 : i64} : tensor<?x2xi32>
  return
}

// -----

func.func @assign_slots_c3(%i: tensor<?x2xi32>, %c: index, %p: tensor<?xf32>) {
  // expected-error @below {{unselected_priority is given, only allowed with a priority per choice}}
  %kept, %slots = moe.assign_slots k_major %i, %c priority(%p : tensor<?xf32>)
    {num_experts = 8 : i64, unselected_priority = 0.0 : f64} : tensor<?x2xi32>
  return
}

// -----

func.func @assign_slots_c4(%i: tensor<?x2xi32>, %c: index) {
  // expected-error @below {{random is missing, needed for overflow random_spare}}
  %kept, %slots = moe.assign_slots k_major %i, %c
    {num_experts = 8 : i64, overflow = #moe.overflow<random_spare>} : tensor<?x2xi32>
  return
}

// -----

func.func @assign_slots_c4_unused(%i: tensor<?x2xi32>, %c: index, %r: tensor<?x2xi32>) {
  // expected-error @below {{random is given, only allowed for overflow random_spare}}
  %kept, %slots = moe.assign_slots k_major %i, %c random(%r : tensor<?x2xi32>)
    {num_experts = 8 : i64} : tensor<?x2xi32>
  return
}

// -----

func.func @assign_slots_c4_shape(%i: tensor<?x2xi32>, %c: index, %r: tensor<?x1xi32>) {
  // expected-error @below {{dimension 1 of random is 1, expected 2}}
  %kept, %slots = moe.assign_slots k_major %i, %c random(%r : tensor<?x1xi32>)
    {num_experts = 8 : i64, overflow = #moe.overflow<random_spare>} : tensor<?x2xi32>
  return
}

// -----

func.func @assign_slots_c5(%i: tensor<?x2xi32>, %c: index, %p: tensor<?x2xf32>) {
  // expected-error @below {{overflow is next_choice, expected drop with a priority per choice}}
  %kept, %slots = moe.assign_slots k_major %i, %c priority(%p : tensor<?x2xf32>)
    {num_experts = 8 : i64, overflow = #moe.overflow<next_choice>} : tensor<?x2xi32>
  return
}

// -----

func.func @group_by_expert_c1(%i: tensor<?x2xi32>) {
  // expected-error @below {{first_expert is -1, expected 0 to 2147483647}}
  %o, %s, %p = moe.group_by_expert %i {first_expert = -1 : i64, num_experts = 8 : i64}
    : tensor<?x2xi32> -> tensor<9xi32>, tensor<?xi32>, tensor<?x2xi32>
  return
}

// -----

func.func @group_by_expert_c1_enormous(%i: tensor<?x2xi32>) {
  // expected-error @below {{num_experts is 9223372036854775807, expected 1 to 2147483647}}
  %o, %s, %p = moe.group_by_expert %i {num_experts = 9223372036854775807 : i64}
    : tensor<?x2xi32> -> tensor<?xi32>, tensor<?xi32>, tensor<?x2xi32>
  return
}

// -----

func.func @group_by_expert_c1_groups(%i: tensor<?x2xi32>) {
  // expected-error @below {{groups is 0, expected 1 to 2147483647}}
  %o, %s, %p = moe.group_by_expert %i {groups = 0 : i64, num_experts = 8 : i64}
    : tensor<?x2xi32> -> tensor<9xi32>, tensor<?xi32>, tensor<?x2xi32>
  return
}

// -----

func.func @group_by_expert_c2(%i: tensor<?x2xi32>, %slots: tensor<?x2xi32>) {
  // expected-error @below {{slots are given without a capacity}}
  %o, %s, %p = moe.group_by_expert %i slots(%slots : tensor<?x2xi32>) {num_experts = 8 : i64}
    : tensor<?x2xi32> -> tensor<9xi32>, tensor<?xi32>, tensor<?x2xi32>
  return
}

// -----

func.func @group_by_expert_c2_capacity(%i: tensor<?x2xi32>, %c: index) {
  // expected-error @below {{capacity is given without slots}}
  %o, %s, %p = moe.group_by_expert %i capacity(%c) {num_experts = 8 : i64}
    : tensor<?x2xi32> -> tensor<9xi32>, tensor<?xi32>, tensor<?x2xi32>
  return
}

// -----

func.func @group_by_expert_c2_shape(%i: tensor<?x2xi32>, %slots: tensor<?x1xi32>, %c: index) {
  // expected-error @below {{dimension 1 of slots is 1, expected 2}}
  %o, %s, %p = moe.group_by_expert %i slots(%slots : tensor<?x1xi32>) capacity(%c)
    {num_experts = 8 : i64} : tensor<?x2xi32> -> tensor<9xi32>, tensor<?xi32>, tensor<?x2xi32>
  return
}

// -----

func.func @group_by_expert_c3(%i: tensor<?x2xi32>) {
  // expected-error @below {{length of the offsets is 8, expected 9}}
  %o, %s, %p = moe.group_by_expert %i {num_experts = 8 : i64}
    : tensor<?x2xi32> -> tensor<8xi32>, tensor<?xi32>, tensor<?x2xi32>
  return
}

// -----

func.func @group_by_expert_c4(%i: tensor<?x2xi32>) {
  // expected-error @below {{dimension 1 of positions is 3, expected 2}}
  %o, %s, %p = moe.group_by_expert %i {num_experts = 8 : i64}
    : tensor<?x2xi32> -> tensor<9xi32>, tensor<?xi32>, tensor<?x3xi32>
  return
}

// -----

func.func @group_by_expert_c5(%i: tensor<3x2xi32>) {
  // expected-error@+1 {{number of sources is 5, expected 6}}
  %o, %s, %p = moe.group_by_expert %i {num_experts = 8 : i64}
    : tensor<3x2xi32> -> tensor<9xi32>, tensor<5xi32>, tensor<3x2xi32>
  return
}

// -----

func.func @group_by_expert_c5_dynamic(%i: tensor<?x2xi32>) {
  // expected-error@+1 {{number of sources is 5, expected a dynamic number: it is not known here}}
  %o, %s, %p = moe.group_by_expert %i {num_experts = 8 : i64}
    : tensor<?x2xi32> -> tensor<9xi32>, tensor<5xi32>, tensor<?x2xi32>
  return
}

// -----

func.func @group_by_expert_c5_capacity(%i: tensor<3x2xi32>, %slots: tensor<3x2xi32>) {
  %c = arith.constant 4 : index
  // expected-error@+1 {{number of sources is 5, expected 32}}
  %o, %s, %p = moe.group_by_expert %i slots(%slots : tensor<3x2xi32>) capacity(%c) {num_experts = 8 : i64}
    : tensor<3x2xi32> -> tensor<9xi32>, tensor<5xi32>, tensor<3x2xi32>
  return
}
