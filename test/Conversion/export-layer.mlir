// RUN: moe-opt %s --moe-export-layer=symbol=kernel --split-input-file --verify-diagnostics | FileCheck %s

// Buffers come from a table of addresses, contiguous and with the number of tokens.
// CHECK: func.func @kernel_workspace_size(
// CHECK-LABEL: llvm.func @kernel(
// CHECK-SAME: %[[BUFFERS:[a-z0-9]+]]: !llvm.ptr, %[[TOKENS:[a-z0-9]+]]: i64, %[[WORKSPACE:[a-z0-9]+]]: !llvm.ptr, %[[FOR:[a-z0-9]+]]: !llvm.ptr, %[[CONTEXT:[a-z0-9]+]]: !llvm.ptr)
// CHECK: %[[SLOT:[a-z0-9]+]] = llvm.getelementptr %[[BUFFERS]][0]
// CHECK: %[[X:[a-z0-9]+]] = llvm.load %[[SLOT]]
// CHECK: llvm.insertvalue %[[X]], %{{.+}}[1]
// CHECK: llvm.insertvalue %[[TOKENS]], %{{.+}}[3, 0]
// CHECK: llvm.getelementptr %[[BUFFERS]][1]
// CHECK: llvm.insertvalue %[[WORKSPACE]], %{{.+}}[1]
// CHECK: call @moe_layer(%{{.+}}, %{{.+}}, %{{.+}}, %[[FOR]], %[[CONTEXT]])
// CHECK: llvm.return
// CHECK: func.func private @moe_layer(
// CHECK-SAME: llvm.linkage = #llvm.linkage<internal>
func.func @moe_layer_workspace_size(%tokens: index) -> index {
  return %tokens : index
}
func.func @moe_layer(%x: memref<?x8xf32>, %y: memref<8xf32>, %workspace: memref<?xi8>,
                     %for: !llvm.ptr, %context: !llvm.ptr) {
  return
}

// -----

// Without parallel loops a layer needs no runtime.
// CHECK-LABEL: llvm.func @kernel(
// CHECK: call @moe_layer(%{{[^,]+}}, %{{[^,]+}}) :
func.func @moe_layer_workspace_size(%tokens: index) -> index {
  return %tokens : index
}
func.func @moe_layer(%x: memref<?x8xf32>, %workspace: memref<?xi8>) {
  return
}

// -----

// Other functions stay as they are.
// CHECK-LABEL: func.func @other
// CHECK-NOT: llvm.func
func.func @other(%x: memref<?x8xf32>) {
  return
}

// -----

// expected-error @below {{has no @moe_layer_workspace_size, expected one: moe-plan-workspace makes it}}
func.func @moe_layer(%x: memref<?x8xf32>) {
  return
}

// -----

// There is only one number of tokens.
func.func @moe_layer_workspace_size(%tokens: index) -> index {
  return %tokens : index
}
// expected-error @below {{argument 1 has type 'memref<?x?xf32>' with 2 dynamic extents, expected at most one, the number of tokens}}
func.func @moe_layer(%x: memref<?x8xf32>, %y: memref<?x?xf32>, %workspace: memref<?xi8>) {
  return
}
