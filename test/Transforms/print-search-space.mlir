// RUN: moe-opt %s --moe-print-search-space='target=x86-64-v4 tokens=512' -o %t.mlir > %t.txt
// RUN: FileCheck %s < %t.txt
// RUN: FileCheck %s --check-prefix=DEFAULT < %t.txt
// RUN: FileCheck %s --check-prefix=SELECTED < %t.txt
// RUN: moe-opt %s -o - | diff - %t.mlir

// All schedules have the form of the first and stand below their key.
// CHECK: #moe.tuning_key<{{.*}}depth = 2048, columns = 100,{{.*}}> [[#COUNT:]] schedules
// CHECK-NEXT: #moe.schedule<rows = 8, columns = 16, depth = 256, stream_rows = 4, register_rows = 4, register_vectors = 1, lanes = 16, multiply = fma> {{[0-9.]+e-[0-9]+}} s
// CHECK-COUNT-300: lanes = 16, multiply = fma>
// CHECK-NOT: dot_bf16

// DEFAULT-COUNT-1: #moe.schedule<rows = 256, columns = 48, depth = 1024, stream_rows = 16, register_rows = 8, register_vectors = 3, lanes = 16, multiply = fma> {{[0-9.e-]+}} s default
// DEFAULT-NOT: default
// SELECTED-COUNT-1: s{{( default)?}} selected{{$}}
// SELECTED-NOT: selected
func.func @space(%x: tensor<?x2048xf32>, %w: tensor<100x2048xf32>) -> tensor<?x100xf32> {
  %y = moe.grouped_gemm %x weights(%w : tensor<100x2048xf32>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>}
    : tensor<?x2048xf32> -> tensor<?x100xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  return %y : tensor<?x100xf32>
}

func.func @nothing_to_schedule(%x: tensor<?x64xf32>) -> tensor<?x64xf32> {
  return %x : tensor<?x64xf32>
}
