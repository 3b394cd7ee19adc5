// RUN: moe-opt %s --moe-lower-to-llvm --reconcile-unrealized-casts --split-input-file | FileCheck %s

// Slices, masks, and functions that LLVM has or only the C library.
// CHECK-DAG: llvm.func @_mlir_memref_to_llvm_alloc(i64) -> !llvm.ptr
// CHECK-DAG: llvm.func @erff(f32) -> f32
// CHECK-LABEL: llvm.func @kernel
// CHECK-NOT: memref
// CHECK-NOT: vector.
// CHECK: llvm.intr.masked.load
// CHECK: llvm.intr.exp
// CHECK: llvm.call @erff
// CHECK: llvm.shufflevector {{.*}} [2, 3]
// CHECK: llvm.call @_mlir_memref_to_llvm_alloc
// CHECK: llvm.return
func.func @kernel(%x: memref<?x8xf32>, %row: index, %count: index) -> f32 {
  %c0 = arith.constant 0 : index
  %zero = arith.constant dense<0.0> : vector<4xf32>
  %slice = memref.subview %x[%row, 0] [1, 8] [1, 1]
    : memref<?x8xf32> to memref<8xf32, strided<[1], offset: ?>>
  %mask = vector.create_mask %count : vector<4xi1>
  %v = vector.maskedload %slice[%c0], %mask, %zero
    : memref<8xf32, strided<[1], offset: ?>>, vector<4xi1>, vector<4xf32> into vector<4xf32>
  %e = math.exp %v : vector<4xf32>
  %first = vector.extract %e[0] : f32 from vector<4xf32>
  %erf = math.erf %first : f32
  %half = vector.extract_strided_slice %e {offsets = [2], sizes = [2], strides = [1]}
    : vector<4xf32> to vector<2xf32>
  %new = memref.alloc(%count) : memref<?xf32>
  vector.store %half, %new[%c0] : memref<?xf32>, vector<2xf32>
  return %erf : f32
}

// -----

// CHECK-LABEL: llvm.func @pairs
// CHECK: llvm.call_intrinsic "llvm.x86.avx512bf16.dpbf16ps.512"
func.func @pairs(%sum: vector<16xf32>, %a: vector<32xbf16>, %b: vector<32xbf16>) -> vector<16xf32> {
  %dot = x86vector.avx512.dot %sum, %a, %b : vector<32xbf16> -> vector<16xf32>
  return %dot : vector<16xf32>
}

// -----

// What is in the LLVM dialect stays as it is.
// CHECK-LABEL: llvm.func @lowered
// CHECK-NEXT: llvm.add
// CHECK-NEXT: llvm.return
llvm.func @lowered(%a: i64) -> i64 {
  %b = llvm.add %a, %a : i64
  llvm.return %b : i64
}
