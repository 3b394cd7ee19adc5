// RUN: moe-opt %s --moe-select-schedule='target=x86-64-v4 tokens=512' --split-input-file | FileCheck %s
// RUN: moe-opt %s --moe-select-schedule='target=x86-64-v4 tokens=512' --split-input-file --remark-policy=all \
// RUN:   --remarks-filter=moe-select-schedule -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// 512 tokens choose 8 of 64 experts.
// CHECK-LABEL: @select
// CHECK: moe.grouped_gemm
// CHECK-SAME: schedule = #moe.schedule<rows = {{[0-9]+}}, columns = {{[0-9]+}}, depth = {{[0-9]+}}, stream_rows = {{[0-9]+}}, register_rows = {{[0-9]+}}, register_vectors = {{[0-9]+}}, lanes = 16, multiply = fma>
// REMARK: [Passed] SelectSchedule
// REMARK-SAME: Reason="shortest estimate: the cores compute"
// REMARK-SAME: Schedule="#moe.schedule<rows = {{.*}}, lanes = 16, multiply = fma>"
// REMARK-SAME: candidates={{[1-9][0-9]+}}
// REMARK-SAME: rowsPerExpert=6.400000e+01
// REMARK-SAME: seconds={{[0-9.]+e-[0-9]+}}
func.func @select(%x: tensor<?x2048xf32>, %i: tensor<?x8xi32>, %w: tensor<64x1024x2048xf32>)
    -> tensor<?x1024xf32> {
  %o, %s, %p = moe.group_by_expert %i {num_experts = 64 : i64}
    : tensor<?x8xi32> -> tensor<65xi32>, tensor<?xi32>, tensor<?x8xi32>
  %y = moe.grouped_gemm %x sources(%s : tensor<?xi32>) offsets(%o : tensor<65xi32>)
    weights(%w : tensor<64x1024x2048xf32>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>}
    : tensor<?x2048xf32> -> tensor<?x1024xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  return %y : tensor<?x1024xf32>
}

// -----

// The tokens choose from 256 experts, of which this device has 64.
// CHECK-LABEL: @shard
// CHECK: schedule = #moe.schedule<
// REMARK: [Passed] SelectSchedule
// REMARK-SAME: rowsPerExpert=1.600000e+01
func.func @shard(%x: tensor<?x2048xf32>, %scores: tensor<?x256xf32>,
                 %w: tensor<64x1024x2048xf32>) -> tensor<?x1024xf32> {
  %i = moe.top_k %scores {k = 8 : i64} : tensor<?x256xf32>
  %o, %s, %p = moe.group_by_expert %i {first_expert = 64 : i64, num_experts = 64 : i64}
    : tensor<?x8xi32> -> tensor<65xi32>, tensor<?xi32>, tensor<?x8xi32>
  %y = moe.grouped_gemm %x sources(%s : tensor<?xi32>) offsets(%o : tensor<65xi32>)
    weights(%w : tensor<64x1024x2048xf32>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>}
    : tensor<?x2048xf32> -> tensor<?x1024xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  return %y : tensor<?x1024xf32>
}

// -----

// Nothing tells how many experts a token chooses.
// CHECK-LABEL: @unknown_routing
// CHECK: schedule = #moe.schedule<
// REMARK: [Passed] SelectSchedule
// REMARK-SAME: rowsPerExpert=5.120000e+02
func.func @unknown_routing(%x: tensor<?x64xf32>, %o: tensor<9xi32>, %w: tensor<8x48x64xf32>)
    -> tensor<?x48xf32> {
  %y = moe.grouped_gemm %x offsets(%o : tensor<9xi32>) weights(%w : tensor<8x48x64xf32>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>}
    : tensor<?x64xf32> -> tensor<?x48xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  return %y : tensor<?x48xf32>
}

// -----

// Vectors hold half as many numbers.
// CHECK-LABEL: @f64
// CHECK: lanes = 8, multiply = fma>
func.func @f64(%x: tensor<?x64xf64>, %w: tensor<48x64xf64>) -> tensor<?x48xf64> {
  %y = moe.grouped_gemm %x weights(%w : tensor<48x64xf64>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>}
    : tensor<?x64xf64> -> tensor<?x48xf64> {
  ^bb0(%sum: f64):
    moe.yield %sum : f64
  }
  return %y : tensor<?x48xf64>
}

// -----

// A schedule that is given stays.
// CHECK-LABEL: @given
// CHECK: schedule = #moe.schedule<rows = 6, columns = 32, depth = 17, stream_rows = 3, register_rows = 2, register_vectors = 2, lanes = 16, multiply = fma>
// REMARK: [Analysis] SelectSchedule {{.*}}Reason="the schedule is given"
func.func @given(%x: tensor<?x64xf32>, %w: tensor<48x64xf32>) -> tensor<?x48xf32> {
  %y = moe.grouped_gemm %x weights(%w : tensor<48x64xf32>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>,
     schedule = #moe.schedule<rows = 6, columns = 32, depth = 17, stream_rows = 3,
                              register_rows = 2, register_vectors = 2, lanes = 16,
                              multiply = fma>}
    : tensor<?x64xf32> -> tensor<?x48xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  return %y : tensor<?x48xf32>
}

// -----

// CHECK-LABEL: @nothing_to_schedule
// CHECK-NEXT: return
// REMARK-NOT: SelectSchedule
func.func @nothing_to_schedule(%x: tensor<?x64xf32>) -> tensor<?x64xf32> {
  return %x : tensor<?x64xf32>
}
