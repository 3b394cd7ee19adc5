// RUN: moe-opt %s --convert-moe-to-loops --split-input-file --verify-diagnostics | FileCheck %s

// Rows are gathered and converted once; tasks are panels of an expert's columns; the
// epilogue's arithmetic is inlined; the table of the experts' weights is opened by address.
// CHECK-LABEL: @gemm
// CHECK-SAME: memref<4xi64>
// CHECK: scf.parallel
// CHECK: scf.if
// CHECK: arith.extf %{{.+}} : bf16 to f32
// CHECK: scf.parallel
// CHECK: scf.if
// CHECK: llvm.inttoptr
// CHECK: math.fma %{{.+}}, %{{.+}}, %{{.+}} : vector<16xf32>
// CHECK: arith.maximumf
// CHECK: arith.truncf %{{.+}} : f32 to bf16
// CHECK-NOT: moe.
func.func @gemm(%x: tensor<?x20xbf16>, %s: tensor<?xi32>, %o: tensor<5xi32>,
                %w: tensor<4x24x20xbf16, #moe.per_expert>) -> tensor<?x24xbf16> {
  %y = moe.grouped_gemm %x sources(%s : tensor<?xi32>) offsets(%o : tensor<5xi32>)
    weights(%w : tensor<4x24x20xbf16, #moe.per_expert>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>}
    : tensor<?x20xbf16> -> tensor<?x24xbf16> {
  ^bb0(%sum: f32):
    %zero = arith.constant 0.0 : f32
    %h = arith.maximumf %sum, %zero : f32
    moe.yield %h : f32
  }
  return %y : tensor<?x24xbf16>
}

// -----

// A table of addresses can be read as weights only.
// expected-note @below {{of this argument}}
func.func @table(%w: tensor<4x24x20xf32, #moe.per_expert>) -> tensor<4x24x20xf32, #moe.per_expert> {
  // expected-error @below {{takes a tensor with encoding #moe.per_expert, expected only}}
  return %w : tensor<4x24x20xf32, #moe.per_expert>
}

// -----

// A bias that is a slice of a tensor becomes a buffer once, before the loops.
// CHECK-LABEL: @slice
// CHECK: tensor.extract_slice
// CHECK: bufferization.to_buffer %{{.+}} read_only : tensor<3x4xf32> to memref<3x4xf32>
// CHECK: scf.parallel
// CHECK-NOT: bufferization.to_buffer
// CHECK: return
func.func @slice(%x: tensor<?x6xf32>, %o: tensor<4xi32>, %w: tensor<3x4x6xf32>,
                 %b: tensor<3x8xf32>) -> tensor<?x4xf32> {
  %odd = tensor.extract_slice %b[0, 1] [3, 4] [1, 2] : tensor<3x8xf32> to tensor<3x4xf32>
  %y = moe.grouped_gemm %x offsets(%o : tensor<4xi32>) weights(%w : tensor<3x4x6xf32>)
    columns(%odd : tensor<3x4xf32>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>}
    : tensor<?x6xf32> -> tensor<?x4xf32> {
  ^bb0(%sum: f32, %bias: f32):
    %h = arith.addf %sum, %bias : f32
    moe.yield %h : f32
  }
  return %y : tensor<?x4xf32>
}

// -----

// Rows go where their targets say, or nowhere.
// CHECK-LABEL: @targets
// CHECK: scf.parallel
// CHECK: %[[TARGET:.+]] = arith.index_cast %{{.+}} : i32 to index
// CHECK: %[[GOES:.+]] = arith.cmpi sge, %[[TARGET]], %{{.+}}
// CHECK: scf.if %[[GOES]] {
// CHECK-NEXT: memref.store %{{.+}}, %{{.+}}[%[[TARGET]], %{{.+}}] : memref<?x4xf32>
func.func @targets(%x: tensor<?x6xf32>, %w: tensor<4x6xf32>, %t: tensor<?xi32>, %n: index)
    -> tensor<?x4xf32> {
  %y = moe.grouped_gemm %x weights(%w : tensor<4x6xf32>) targets(%t : tensor<?xi32>) of %n
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>}
    : tensor<?x6xf32> -> tensor<?x4xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: @adds
// CHECK: %[[Y:.+]] = memref.alloc(%{{.+}}) {{.*}} : memref<?x4xf32>
// CHECK: linalg.fill ins(%{{.+}} : f32) outs(%[[Y]] : memref<?x4xf32>)
// CHECK: scf.parallel
// CHECK: scf.if
// CHECK: memref.atomic_rmw addf %{{.+}}, %[[Y]][
func.func @adds(%x: tensor<?x6xf32>, %w: tensor<4x6xf32>, %t: tensor<?xi32>, %n: index)
    -> tensor<?x4xf32> {
  %y = moe.grouped_gemm %x weights(%w : tensor<4x6xf32>) targets(%t : tensor<?xi32>) of %n
    {adds, layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>,
     strides = array<i64: 1>} : tensor<?x6xf32> -> tensor<?x4xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  return %y : tensor<?x4xf32>
}

// -----

// The table has the addresses of slices of one tensor, and that of another.
// CHECK-LABEL: @append_expert
// CHECK: %[[TABLE:.+]] = memref.alloc() {{.*}} : memref<4xi64>
// CHECK: scf.for
// CHECK: memref.extract_aligned_pointer_as_index %{{.+}} : memref<3x4x6xf32> -> index
// CHECK: arith.constant 96 : index
// CHECK: memref.store %{{.+}}, %[[TABLE]]
// CHECK: memref.extract_aligned_pointer_as_index %{{.+}} : memref<4x6xf32> -> index
// CHECK: memref.store %{{.+}}, %[[TABLE]]
// CHECK: scf.parallel
// CHECK: llvm.inttoptr
func.func @append_expert(%x: tensor<?x6xf32>, %o: tensor<5xi32>, %w: tensor<3x4x6xf32>,
                         %e: tensor<4x6xf32>) -> tensor<?x4xf32> {
  %all = moe.append_expert %w, %e : tensor<3x4x6xf32>, tensor<4x6xf32>
    -> tensor<4x4x6xf32, #moe.per_expert>
  %y = moe.grouped_gemm %x offsets(%o : tensor<5xi32>)
    weights(%all : tensor<4x4x6xf32, #moe.per_expert>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>}
    : tensor<?x6xf32> -> tensor<?x4xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  return %y : tensor<?x4xf32>
}
