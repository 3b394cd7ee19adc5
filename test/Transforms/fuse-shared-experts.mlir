// RUN: moe-opt %s --moe-fuse-shared-experts --split-input-file | FileCheck %s
// RUN: moe-opt %s --moe-fuse-shared-experts --split-input-file --remark-policy=all \
// RUN:   --remarks-filter=moe-fuse-shared-experts -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// One more choice, and one more expert; nothing is left of the branch beside.
// CHECK-LABEL: @rows
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<?x16xbf16>
// CHECK: %[[I:.+]], %[[W:.+]] = moe.append_choice %{{.+}}, %{{.+}} {expert = 4 : i64}
// CHECK-SAME: -> tensor<?x3xi32>, tensor<?x3xf32>
// CHECK: %[[O:.+]], %[[S:.+]], %[[P:.+]] = moe.group_by_expert %[[I]] {num_experts = 5 : i64}
// CHECK: %[[ROWS:.+]] = moe.dispatch %[[X]], %[[S]]
// CHECK-DAG: %[[UP:.+]] = moe.append_expert {{.*}} -> tensor<5x8x16xbf16, #moe.per_expert>
// CHECK-DAG: %[[DOWN:.+]] = moe.append_expert {{.*}} -> tensor<5x16x8xbf16, #moe.per_expert>
// CHECK: %[[E:.+]] = moe.expert_mlp none %[[ROWS]] offsets(%[[O]] : tensor<6xi32>) up(%[[UP]]
// CHECK: %[[Y:.+]] = moe.combine %[[E]], %[[P]] weights(%[[W]] : tensor<?x3xf32>)
// CHECK-NOT: moe.
// CHECK: return %[[Y]]
// REMARK: [Passed] FuseSharedExperts {{.*}} experts=5
func.func @rows(%x: tensor<?x16xbf16>, %l: tensor<?x4xf32>,
    %up: tensor<4x8x16xbf16>, %down: tensor<4x16x8xbf16>,
    %sup: tensor<8x16xbf16>, %sdown: tensor<16x8xbf16>) -> tensor<?x16xbf16>
    attributes {moe.plan = #moe.plan<
      routing = fused, gather = fused, combine = gather_sum, shared_experts = rows>} {
  %i = moe.top_k %l {k = 2 : i64} : tensor<?x4xf32>
  %w = moe.gather_weights %l, %i : tensor<?x4xf32>, tensor<?x2xi32>
  %o, %s, %p = moe.group_by_expert %i {num_experts = 4 : i64}
    : tensor<?x2xi32> -> tensor<5xi32>, tensor<?xi32>, tensor<?x2xi32>
  %rows = moe.dispatch %x, %s : tensor<?x16xbf16>, tensor<?xi32> -> tensor<?x16xbf16>
  %e = moe.expert_mlp none %rows offsets(%o : tensor<5xi32>) up(%up : tensor<4x8x16xbf16>)
    down(%down : tensor<4x16x8xbf16>) {activation = #moe.activation<silu>}
    : tensor<?x16xbf16> -> tensor<?x16xbf16>
  %y = moe.combine %e, %p weights(%w : tensor<?x2xf32>)
    : tensor<?x16xbf16>, tensor<?x2xi32> -> tensor<?x16xbf16>
  %b = moe.expert_mlp none %x up(%sup : tensor<8x16xbf16>)
    down(%sdown : tensor<16x8xbf16>) {activation = #moe.activation<silu>}
    : tensor<?x16xbf16> -> tensor<?x16xbf16>
  %m = moe.mix add %y, %b : tensor<?x16xbf16>
  return %m : tensor<?x16xbf16>
}

// -----

// The share of the shared expert becomes its weight.
// CHECK-LABEL: @share
// CHECK-SAME: %[[Q:[a-z0-9]+]]: tensor<?x1xbf16>)
// CHECK: moe.append_choice %{{.+}}, %{{.+}} coefficient(%[[Q]] : tensor<?x1xbf16>)
// CHECK-NOT: moe.mix
// REMARK: [Passed] FuseSharedExperts
func.func @share(%x: tensor<?x16xbf16>, %l: tensor<?x4xf32>,
    %up: tensor<4x8x16xbf16>, %down: tensor<4x16x8xbf16>,
    %sup: tensor<8x16xbf16>, %sdown: tensor<16x8xbf16>, %q: tensor<?x1xbf16>) -> tensor<?x16xbf16>
    attributes {moe.plan = #moe.plan<
      routing = fused, gather = fused, combine = gather_sum, shared_experts = rows>} {
  %i = moe.top_k %l {k = 2 : i64} : tensor<?x4xf32>
  %w = moe.gather_weights %l, %i : tensor<?x4xf32>, tensor<?x2xi32>
  %o, %s, %p = moe.group_by_expert %i {num_experts = 4 : i64}
    : tensor<?x2xi32> -> tensor<5xi32>, tensor<?xi32>, tensor<?x2xi32>
  %rows = moe.dispatch %x, %s : tensor<?x16xbf16>, tensor<?xi32> -> tensor<?x16xbf16>
  %e = moe.expert_mlp none %rows offsets(%o : tensor<5xi32>) up(%up : tensor<4x8x16xbf16>)
    down(%down : tensor<4x16x8xbf16>) {activation = #moe.activation<silu>}
    : tensor<?x16xbf16> -> tensor<?x16xbf16>
  %y = moe.combine %e, %p weights(%w : tensor<?x2xf32>)
    : tensor<?x16xbf16>, tensor<?x2xi32> -> tensor<?x16xbf16>
  %b = moe.expert_mlp none %x up(%sup : tensor<8x16xbf16>)
    down(%sdown : tensor<16x8xbf16>) {activation = #moe.activation<silu>}
    : tensor<?x16xbf16> -> tensor<?x16xbf16>
  %m = moe.mix sigmoid %y, %b coefficient(%q : tensor<?x1xbf16>) : tensor<?x16xbf16>
  return %m : tensor<?x16xbf16>
}

// -----

// CHECK-LABEL: @beside
// CHECK-NOT: moe.append_choice
// CHECK: moe.mix
func.func @beside(%x: tensor<?x16xbf16>, %l: tensor<?x4xf32>,
    %up: tensor<4x8x16xbf16>, %down: tensor<4x16x8xbf16>,
    %sup: tensor<8x16xbf16>, %sdown: tensor<16x8xbf16>) -> tensor<?x16xbf16>
    attributes {moe.plan = #moe.plan<
      routing = fused, gather = fused, combine = gather_sum, shared_experts = beside>} {
  %i = moe.top_k %l {k = 2 : i64} : tensor<?x4xf32>
  %w = moe.gather_weights %l, %i : tensor<?x4xf32>, tensor<?x2xi32>
  %o, %s, %p = moe.group_by_expert %i {num_experts = 4 : i64}
    : tensor<?x2xi32> -> tensor<5xi32>, tensor<?xi32>, tensor<?x2xi32>
  %rows = moe.dispatch %x, %s : tensor<?x16xbf16>, tensor<?xi32> -> tensor<?x16xbf16>
  %e = moe.expert_mlp none %rows offsets(%o : tensor<5xi32>) up(%up : tensor<4x8x16xbf16>)
    down(%down : tensor<4x16x8xbf16>) {activation = #moe.activation<silu>}
    : tensor<?x16xbf16> -> tensor<?x16xbf16>
  %y = moe.combine %e, %p weights(%w : tensor<?x2xf32>)
    : tensor<?x16xbf16>, tensor<?x2xi32> -> tensor<?x16xbf16>
  %b = moe.expert_mlp none %x up(%sup : tensor<8x16xbf16>)
    down(%sdown : tensor<16x8xbf16>) {activation = #moe.activation<silu>}
    : tensor<?x16xbf16> -> tensor<?x16xbf16>
  %m = moe.mix add %y, %b : tensor<?x16xbf16>
  return %m : tensor<?x16xbf16>
}

// -----

// Of two branches one is not added to the other experts.
// CHECK-LABEL: @unlike
// CHECK: moe.append_choice
// CHECK-NOT: moe.append_choice
// CHECK: moe.mix softmax
// REMARK: [Passed] FuseSharedExperts
// REMARK: [Missed] FuseSharedExperts {{.*}}the branches are not added
func.func @unlike(%x: tensor<?x16xbf16>, %l: tensor<?x4xf32>,
    %up: tensor<4x8x16xbf16>, %down: tensor<4x16x8xbf16>, %sup: tensor<8x16xbf16>,
    %sdown: tensor<16x8xbf16>, %q: tensor<?x2xbf16>) -> (tensor<?x16xbf16>, tensor<?x16xbf16>)
    attributes {moe.plan = #moe.plan<
      routing = fused, gather = fused, combine = gather_sum, shared_experts = rows>} {
  %i0 = moe.top_k %l {k = 2 : i64} : tensor<?x4xf32>
  %w0 = moe.gather_weights %l, %i0 : tensor<?x4xf32>, tensor<?x2xi32>
  %o0, %s0, %p0 = moe.group_by_expert %i0 {num_experts = 4 : i64}
    : tensor<?x2xi32> -> tensor<5xi32>, tensor<?xi32>, tensor<?x2xi32>
  %rows0 = moe.dispatch %x, %s0 : tensor<?x16xbf16>, tensor<?xi32> -> tensor<?x16xbf16>
  %e0 = moe.expert_mlp none %rows0 offsets(%o0 : tensor<5xi32>) up(%up : tensor<4x8x16xbf16>)
    down(%down : tensor<4x16x8xbf16>) {activation = #moe.activation<silu>}
    : tensor<?x16xbf16> -> tensor<?x16xbf16>
  %y0 = moe.combine %e0, %p0 weights(%w0 : tensor<?x2xf32>)
    : tensor<?x16xbf16>, tensor<?x2xi32> -> tensor<?x16xbf16>
  %b0 = moe.expert_mlp none %x up(%sup : tensor<8x16xbf16>)
    down(%sdown : tensor<16x8xbf16>) {activation = #moe.activation<silu>}
    : tensor<?x16xbf16> -> tensor<?x16xbf16>
  %m0 = moe.mix add %y0, %b0 : tensor<?x16xbf16>
  %i1 = moe.top_k %l {k = 2 : i64} : tensor<?x4xf32>
  %w1 = moe.gather_weights %l, %i1 : tensor<?x4xf32>, tensor<?x2xi32>
  %o1, %s1, %p1 = moe.group_by_expert %i1 {num_experts = 4 : i64}
    : tensor<?x2xi32> -> tensor<5xi32>, tensor<?xi32>, tensor<?x2xi32>
  %rows1 = moe.dispatch %x, %s1 : tensor<?x16xbf16>, tensor<?xi32> -> tensor<?x16xbf16>
  %e1 = moe.expert_mlp none %rows1 offsets(%o1 : tensor<5xi32>) up(%up : tensor<4x8x16xbf16>)
    down(%down : tensor<4x16x8xbf16>) {activation = #moe.activation<silu>}
    : tensor<?x16xbf16> -> tensor<?x16xbf16>
  %y1 = moe.combine %e1, %p1 weights(%w1 : tensor<?x2xf32>)
    : tensor<?x16xbf16>, tensor<?x2xi32> -> tensor<?x16xbf16>
  %b1 = moe.expert_mlp none %x up(%sup : tensor<8x16xbf16>)
    down(%sdown : tensor<16x8xbf16>) {activation = #moe.activation<silu>}
    : tensor<?x16xbf16> -> tensor<?x16xbf16>
  %m1 = moe.mix softmax %y1, %b1 coefficient(%q : tensor<?x2xbf16>) : tensor<?x16xbf16>
  return %m0, %m1 : tensor<?x16xbf16>, tensor<?x16xbf16>
}

// -----

// Of a part of the experts, with a capacity: choices without a slot have no row, and neither
// have those of another device, one of which is number 7, too.
// CHECK-LABEL: @part
// CHECK: %[[KEPT:.+]], %{{.+}} = moe.assign_slots
// CHECK: %[[I:.+]], %{{.+}} = moe.append_choice %[[KEPT]], %{{.+}} {expert = 7 : i64, first_expert = 3 : i64}
// CHECK: moe.group_by_expert %[[I]] {first_expert = 3 : i64, num_experts = 5 : i64}
// CHECK-NOT: moe.mix
// REMARK: [Passed] FuseSharedExperts
func.func @part(%x: tensor<?x16xbf16>, %i: tensor<?x2xi32>,
    %w: tensor<?x2xf32>, %up: tensor<4x8x16xbf16>, %down: tensor<4x16x8xbf16>,
    %sup: tensor<8x16xbf16>, %sdown: tensor<16x8xbf16>) -> tensor<?x16xbf16>
    attributes {moe.plan = #moe.plan<
      routing = fused, gather = fused, combine = gather_sum, shared_experts = rows>} {
  %capacity = arith.constant 3 : index
  %kept, %slots = moe.assign_slots k_major %i, %capacity {num_experts = 10 : i64} : tensor<?x2xi32>
  %o, %s, %p = moe.group_by_expert %kept slots(%slots : tensor<?x2xi32>) capacity(%capacity)
    {num_experts = 4 : i64, first_expert = 3 : i64}
    : tensor<?x2xi32> -> tensor<5xi32>, tensor<?xi32>, tensor<?x2xi32>
  %rows = moe.dispatch %x, %s : tensor<?x16xbf16>, tensor<?xi32> -> tensor<?x16xbf16>
  %e = moe.expert_mlp none %rows offsets(%o : tensor<5xi32>) up(%up : tensor<4x8x16xbf16>)
    down(%down : tensor<4x16x8xbf16>) {activation = #moe.activation<silu>}
    : tensor<?x16xbf16> -> tensor<?x16xbf16>
  %y = moe.combine %e, %p weights(%w : tensor<?x2xf32>)
    : tensor<?x16xbf16>, tensor<?x2xi32> -> tensor<?x16xbf16>
  %b = moe.expert_mlp none %x up(%sup : tensor<8x16xbf16>)
    down(%sdown : tensor<16x8xbf16>) {activation = #moe.activation<silu>}
    : tensor<?x16xbf16> -> tensor<?x16xbf16>
  %m = moe.mix add %y, %b : tensor<?x16xbf16>
  return %m : tensor<?x16xbf16>
}

// -----

// Codes, scales and zero points are appended; what is quantised otherwise is not.
// CHECK-LABEL: @quantised
// CHECK-DAG: %[[DATA:.+]] = moe.append_expert {{.*}} -> tensor<5x8x2xi32, #moe.per_expert>
// CHECK-DAG: %[[SCALES:.+]] = moe.append_expert {{.*}} -> tensor<5x8x2xf16, #moe.per_expert>
// CHECK: moe.dequantize int4 %[[DATA]], %[[SCALES]] {block_shape = array<i64: 1, 1, 8>}
// CHECK-COUNT-1: moe.mix
// CHECK-NOT: moe.mix
// REMARK: [Passed] FuseSharedExperts
// REMARK: [Missed] FuseSharedExperts {{.*}}the shapes or types of the weights differ
func.func @quantised(%x: tensor<?x16xbf16>, %i: tensor<?x2xi32>, %w: tensor<?x2xf32>,
    %codes: tensor<4x8x2xi32>, %scales: tensor<4x8x2xf16>, %scodes: tensor<8x2xi32>,
    %sscales: tensor<8x2xf16>, %sscales16: tensor<8x1xf16>)
    -> (tensor<?x8xbf16>, tensor<?x8xbf16>)
    attributes {moe.plan = #moe.plan<
      routing = fused, gather = fused, combine = gather_sum, shared_experts = rows>} {
  %up = moe.dequantize int4 %codes, %scales {block_shape = array<i64: 1, 1, 8>}
    : tensor<4x8x2xi32>, tensor<4x8x2xf16> -> tensor<4x8x16xbf16>
  %sup = moe.dequantize int4 %scodes, %sscales {block_shape = array<i64: 1, 8>}
    : tensor<8x2xi32>, tensor<8x2xf16> -> tensor<8x16xbf16>
  %sup16 = moe.dequantize int4 %scodes, %sscales16 {block_shape = array<i64: 1, 16>}
    : tensor<8x2xi32>, tensor<8x1xf16> -> tensor<8x16xbf16>
  %o0, %s0, %p0 = moe.group_by_expert %i {num_experts = 4 : i64}
    : tensor<?x2xi32> -> tensor<5xi32>, tensor<?xi32>, tensor<?x2xi32>
  %rows0 = moe.dispatch %x, %s0 : tensor<?x16xbf16>, tensor<?xi32> -> tensor<?x16xbf16>
  %e0 = moe.expert_mlp none %rows0 offsets(%o0 : tensor<5xi32>) up(%up : tensor<4x8x16xbf16>)
    {activation = #moe.activation<silu>} : tensor<?x16xbf16> -> tensor<?x8xbf16>
  %y0 = moe.combine %e0, %p0 weights(%w : tensor<?x2xf32>)
    : tensor<?x8xbf16>, tensor<?x2xi32> -> tensor<?x8xbf16>
  %b0 = moe.expert_mlp none %x up(%sup : tensor<8x16xbf16>)
    {activation = #moe.activation<silu>} : tensor<?x16xbf16> -> tensor<?x8xbf16>
  %m0 = moe.mix add %y0, %b0 : tensor<?x8xbf16>
  %o1, %s1, %p1 = moe.group_by_expert %i {num_experts = 4 : i64}
    : tensor<?x2xi32> -> tensor<5xi32>, tensor<?xi32>, tensor<?x2xi32>
  %rows1 = moe.dispatch %x, %s1 : tensor<?x16xbf16>, tensor<?xi32> -> tensor<?x16xbf16>
  %e1 = moe.expert_mlp none %rows1 offsets(%o1 : tensor<5xi32>) up(%up : tensor<4x8x16xbf16>)
    {activation = #moe.activation<silu>} : tensor<?x16xbf16> -> tensor<?x8xbf16>
  %y1 = moe.combine %e1, %p1 weights(%w : tensor<?x2xf32>)
    : tensor<?x8xbf16>, tensor<?x2xi32> -> tensor<?x8xbf16>
  %b1 = moe.expert_mlp none %x up(%sup16 : tensor<8x16xbf16>)
    {activation = #moe.activation<silu>} : tensor<?x16xbf16> -> tensor<?x8xbf16>
  %m1 = moe.mix add %y1, %b1 : tensor<?x8xbf16>
  return %m0, %m1 : tensor<?x8xbf16>, tensor<?x8xbf16>
}
