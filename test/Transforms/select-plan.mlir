// RUN: moe-opt %s --moe-select-plan --split-input-file | FileCheck %s
// RUN: moe-opt %s --moe-select-plan --split-input-file --remark-policy=all \
// RUN:   --remarks-filter=moe-select-plan -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: moe-opt %s --moe-select-plan="routing=separate gather=copy combine=slots" \
// RUN:   --split-input-file | FileCheck %s --check-prefix=GIVEN
// RUN: moe-opt %s --moe-select-plan="combine=atomic deterministic=false" \
// RUN:   --split-input-file | FileCheck %s --check-prefix=ATOMIC

// CHECK: func.func @plainest
// CHECK-SAME: moe.plan = #moe.plan<routing = fused, gather = fused, combine = gather_sum, shared_experts = beside>
// GIVEN: func.func @plainest
// GIVEN-SAME: moe.plan = #moe.plan<routing = separate, gather = copy, combine = slots, shared_experts = beside>
// ATOMIC: func.func @plainest
// ATOMIC-SAME: moe.plan = #moe.plan<routing = fused, gather = fused, combine = atomic, shared_experts = beside>
// REMARK: [Passed] SelectPlan {{.*}}combine = gather_sum{{.*}}fewest passes over memory
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
