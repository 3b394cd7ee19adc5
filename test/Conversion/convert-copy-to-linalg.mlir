// RUN: moe-opt %s --moe-convert-copy-to-linalg | FileCheck %s

// CHECK-LABEL: @strided_source
// CHECK: linalg.copy ins(%{{.+}} : memref<4xf32, strided<[8]>>) outs(%{{.+}} : memref<4xf32>)
// CHECK-NOT: memref.copy
func.func @strided_source(%a: memref<4xf32, strided<[8]>>, %b: memref<4xf32>) {
  memref.copy %a, %b : memref<4xf32, strided<[8]>> to memref<4xf32>
  return
}

// CHECK-LABEL: @strided_target
// CHECK: linalg.copy
func.func @strided_target(%a: memref<?x4xf32>, %b: memref<?x4xf32, strided<[9, 1], offset: ?>>) {
  memref.copy %a, %b : memref<?x4xf32> to memref<?x4xf32, strided<[9, 1], offset: ?>>
  return
}

// CHECK-LABEL: @contiguous
// CHECK: memref.copy
// CHECK-NOT: linalg.copy
func.func @contiguous(%a: memref<?x4xf32>, %b: memref<?x4xf32>) {
  memref.copy %a, %b : memref<?x4xf32> to memref<?x4xf32>
  return
}
