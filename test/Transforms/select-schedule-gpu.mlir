// RUN: moe-opt %s --moe-select-schedule="target=sm_90a tokens=8192" | FileCheck %s
// RUN: moe-opt %s --moe-select-schedule="target=sm_90a tokens=8192" --remark-policy=all --remarks-filter='moe-.*' 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK
// RUN: not moe-opt %s --moe-select-schedule="target=sm_90a" --moe-select-schedule="target=x86-64-v4" 2>&1 | FileCheck %s --check-prefix=CPU

// CHECK: #moe.warpgroup_schedule<rows = 128, columns = {{[0-9]+}}, depth = 64, stages = {{[0-9]+}}, consumers = 2
// CHECK-NOT: schedule =
// The offsets have no choices, so each expert gets all tokens: 6.87e10 operations, and 8.4 MB of weights.
// REMARK: remark: [Passed] SelectSchedule | Category:moe-select-schedule | {{.*}}warpgroup_schedule{{.*}}peakSeconds=7.24{{[0-9]+}}e-05, {{.*}}weightSeconds=2.50{{[0-9]+}}e-06
// REMARK: remark: [Missed] SelectSchedule | Category:moe-select-schedule | Reason="no schedule for warpgroups is legal: schedule field 'depth' is used for rows of f32, expected rows of bf16 or f16"
// CPU: error: {{.*}}schedule field 'consumers' is for a GPU, expected a schedule for a processor on target x86-64-v4
func.func @layers(%x: tensor<?x512xbf16>, %w: tensor<8x1024x512xbf16>, %y: tensor<?x512xf32>,
                  %v: tensor<8x1024x512xf32>, %offsets: tensor<9xi32>)
    -> (tensor<?x1024xbf16>, tensor<?x1024xf32>) {
  %0 = moe.grouped_gemm %x offsets(%offsets : tensor<9xi32>) weights(%w : tensor<8x1024x512xbf16>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>}
    : tensor<?x512xbf16> -> tensor<?x1024xbf16> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  %1 = moe.grouped_gemm %y offsets(%offsets : tensor<9xi32>) weights(%v : tensor<8x1024x512xf32>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>}
    : tensor<?x512xf32> -> tensor<?x1024xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  return %0, %1 : tensor<?x1024xbf16>, tensor<?x1024xf32>
}

// RUN: moe-opt %s --moe-print-search-space="target=sm_90a tokens=8192" -o /dev/null | FileCheck %s --check-prefix=SPACE
// SPACE: #moe.tuning_key<kernel = grouped_gemm, experts = 8, {{.*}}, tokens = 8192, target = sm_90a, multiprocessors = 132> {{[0-9]+}} schedules
// SPACE-NEXT: #moe.warpgroup_schedule<rows = 128, columns = 256, depth = 64, stages = 4, consumers = 2, consumers_per_tile = 2> {{[0-9.e-]+}} s
// SPACE: consumers_per_tile = {{[12]}}, raster = 16> {{[0-9.e-]+}} s
// SPACE: consumers_per_tile = {{[12]}}, cluster = 2> {{[0-9.e-]+}} s
// SPACE: > {{[0-9.e-]+}} s selected
// SPACE: #moe.tuning_key<{{.*}}input = f32{{.*}}> 0 schedules
