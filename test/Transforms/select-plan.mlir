// RUN: moe-opt %s --moe-select-plan="target=x86-64-v4" --split-input-file | FileCheck %s
// RUN: moe-opt %s --moe-select-plan="target=x86-64-v4" --split-input-file --remark-policy=all \
// RUN:   --remarks-filter=moe-select-plan -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: moe-opt %s --moe-select-plan="routing=separate gather=copy combine=slots" \
// RUN:   --split-input-file | FileCheck %s --check-prefix=GIVEN
// RUN: moe-opt %s --moe-select-plan="combine=atomic deterministic=false" \
// RUN:   --split-input-file | FileCheck %s --check-prefix=ATOMIC

// RUN: moe-opt %s --moe-select-plan="target=sm_90a" --split-input-file | FileCheck %s --check-prefix=GPU

// CHECK: func.func @plainest
// CHECK-SAME: moe.plan = #moe.plan<routing = fused, gather = fused, combine = gather_sum, shared_experts = beside>
// GIVEN: func.func @plainest
// GIVEN-SAME: moe.plan = #moe.plan<routing = separate, gather = copy, combine = slots, shared_experts = beside>
// ATOMIC: func.func @plainest
// ATOMIC-SAME: moe.plan = #moe.plan<routing = fused, gather = fused, combine = atomic, shared_experts = beside>
// REMARK: [Passed] SelectPlan {{.*}}combine = gather_sum{{.*}}shortest estimate
func.func @plainest(%x: tensor<?x64xf32>, %s: tensor<?xi32>) -> tensor<?x64xf32> {
  %rows = moe.dispatch %x, %s : tensor<?x64xf32>, tensor<?xi32> -> tensor<?x64xf32>
  return %rows : tensor<?x64xf32>
}

// -----

// Weighted copies are not read in place.
// CHECK: func.func @copies
// CHECK-SAME: gather = copy
// REMARK: [Passed] SelectPlan {{.*}}gather = copy{{.*}}the rows are weighted copies of the tokens
func.func @copies(%x: tensor<?x64xf32>, %s: tensor<?xi32>, %w: tensor<?x2xf32>,
                  %p: tensor<?x2xi32>) -> tensor<?x64xf32> {
  %rows = moe.dispatch %x, %s weights(%w : tensor<?x2xf32>) positions(%p : tensor<?x2xi32>)
    : tensor<?x64xf32>, tensor<?xi32> -> tensor<?x64xf32>
  return %rows : tensor<?x64xf32>
}

// -----

// A plan that is given stays, whatever the options.
// CHECK: func.func @given
// CHECK-SAME: #moe.plan<routing = separate, gather = copy, combine = atomic, shared_experts = rows>
// GIVEN: func.func @given
// GIVEN-SAME: combine = atomic
// REMARK: [Analysis] SelectPlan {{.*}}the plan is given
func.func @given() attributes {moe.plan = #moe.plan<
    routing = separate, gather = copy, combine = atomic, shared_experts = rows>} {
  return
}

// -----

// Processors save the kernels of a shared expert; the GEMMs of GPUs want weights in one tensor.
// CHECK: func.func @shared
// CHECK-SAME: shared_experts = rows>
// REMARK: [Passed] SelectPlan {{.*}}shared_experts = rows{{.*}}shortest estimate: fewer kernels{{.*}}candidates=16, seconds=
// GIVEN: func.func @shared
// GIVEN-SAME: combine = slots, shared_experts = rows>
// ATOMIC: func.func @shared
// ATOMIC-SAME: combine = atomic, shared_experts = rows>
// GPU: func.func @shared
// GPU-SAME: shared_experts = beside>
func.func @shared(%x: tensor<?x16xbf16>, %l: tensor<?x4xf32>,
    %up: tensor<4x8x16xbf16>, %down: tensor<4x16x8xbf16>,
    %sup: tensor<8x16xbf16>, %sdown: tensor<16x8xbf16>) -> tensor<?x16xbf16> {
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
