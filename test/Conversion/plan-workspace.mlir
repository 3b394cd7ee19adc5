// RUN: moe-opt %s --moe-plan-workspace --canonicalize --split-input-file --verify-diagnostics | FileCheck %s

// The result is written in place; the first and the last of three buffers, which no op uses
// together, share the slice that begins at 0. A size is whole cache lines.
// CHECK-LABEL: func.func @chain_workspace_size(
// CHECK-SAME: %[[TOKENS:.+]]: index) -> index
// CHECK-DAG: %[[C64:.+]] = arith.constant 64 : index
// CHECK-DAG: %[[C32:.+]] = arith.constant 32 : index
// CHECK: %[[BYTES:.+]] = arith.muli %[[TOKENS]], %[[C32]]
// CHECK: %[[LINES:.+]] = arith.ceildivui %[[BYTES]], %[[C64]]
// CHECK: %[[SLICE:.+]] = arith.muli %[[LINES]], %[[C64]]
// CHECK: %[[BOTH:.+]] = arith.addi
// CHECK: return %[[BOTH]]
// CHECK-LABEL: func.func @chain(
// CHECK-SAME: %[[X:[^:]+]]: memref<?x8xf32> {moe.name = "x"}, %[[Y:[^:]+]]: memref<?x8xf32> {moe.name = "y"},
// CHECK-SAME: %[[WORKSPACE:[^:]+]]: memref<?xi8>)
// CHECK: %[[C0:.+]] = arith.constant 0 : index
// CHECK: %[[A:.+]] = memref.view %[[WORKSPACE]][%[[C0]]]
// CHECK: %[[B:.+]] = memref.view %[[WORKSPACE]][%[[OFFSET:.+]]][
// CHECK: memref.copy %[[X]], %[[A]]
// CHECK: memref.copy %[[A]], %[[B]]
// CHECK: %[[C:.+]] = memref.view %[[WORKSPACE]][%[[C0]]]
// CHECK: memref.copy %[[B]], %[[C]]
// CHECK: memref.copy %[[C]], %[[Y]]
// CHECK-NOT: memref.alloc
// CHECK-NOT: memref.dealloc
// CHECK: return{{$}}
func.func @chain(%x: memref<?x8xf32> {moe.name = "x"}) -> (memref<?x8xf32> {moe.name = "y"}) {
  %c0 = arith.constant 0 : index
  %tokens = memref.dim %x, %c0 : memref<?x8xf32>
  %a = memref.alloc(%tokens) : memref<?x8xf32>
  %b = memref.alloc(%tokens) : memref<?x8xf32>
  memref.copy %x, %a : memref<?x8xf32> to memref<?x8xf32>
  memref.copy %a, %b : memref<?x8xf32> to memref<?x8xf32>
  memref.dealloc %a : memref<?x8xf32>
  %c = memref.alloc(%tokens) : memref<?x8xf32>
  memref.copy %b, %c : memref<?x8xf32> to memref<?x8xf32>
  %y = memref.alloc(%tokens) : memref<?x8xf32>
  memref.copy %c, %y : memref<?x8xf32> to memref<?x8xf32>
  return %y : memref<?x8xf32>
}

// -----

// A buffer lives as long as a view of it.
// CHECK-LABEL: func.func @view(
// CHECK: memref.view %{{.+}}[%c0][] : memref<?xi8> to memref<16xf32>
// CHECK: memref.view %{{.+}}[%c64][] : memref<?xi8> to memref<8xf32>
func.func @view(%y: memref<8xf32>) -> memref<1xi32> {
  %a = memref.alloc() : memref<16xf32>
  %half = memref.subview %a[8] [8] [1] : memref<16xf32> to memref<8xf32, strided<[1], offset: 8>>
  %b = memref.alloc() : memref<8xf32>
  memref.copy %y, %b : memref<8xf32> to memref<8xf32>
  memref.copy %half, %y : memref<8xf32, strided<[1], offset: 8>> to memref<8xf32>
  memref.copy %b, %y : memref<8xf32> to memref<8xf32>
  %r = memref.alloc() : memref<1xi32>
  return %r : memref<1xi32>
}

// -----

// Iterations of a parallel loop have slices of their own: 8 floats are one line of 64 bytes
// for each token.
// CHECK-LABEL: func.func @parallel_workspace_size(
// CHECK-SAME: %[[TOKENS:.+]]: index) -> index
// CHECK: %[[C64:.+]] = arith.constant 64 : index
// CHECK: %[[SIZE:.+]] = arith.muli %[[TOKENS]], %[[C64]]
// CHECK: return %[[SIZE]]
// CHECK-LABEL: func.func @parallel(
// CHECK: scf.parallel (%[[I:.+]]) =
// CHECK: %[[OFFSET:.+]] = arith.muli %[[I]], %{{.+}} : index
// CHECK: memref.view %{{.+}}[%[[OFFSET]]][] : memref<?xi8> to memref<8xf32>
func.func @parallel(%x: memref<?x8xf32>) -> memref<f32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %tokens = memref.dim %x, %c0 : memref<?x8xf32>
  scf.parallel (%i) = (%c0) to (%tokens) step (%c1) {
    %scratch = memref.alloc() : memref<8xf32>
    %value = memref.load %x[%i, %c0] : memref<?x8xf32>
    memref.store %value, %scratch[%c0] : memref<8xf32>
  }
  %r = memref.alloc() : memref<f32>
  return %r : memref<f32>
}

// -----

// A size that is data is known from above if it is a minimum with something that is.
// CHECK-LABEL: func.func @bounded_workspace_size(
// CHECK-SAME: %[[TOKENS:.+]]: index) -> index
// CHECK: arith.muli %[[TOKENS]], %c8{{.*}} : index
// CHECK-LABEL: func.func @bounded(
// CHECK: %[[ROWS:.+]] = arith.minsi
// CHECK: memref.view %{{.+}}[%c0][%[[ROWS]]] : memref<?xi8> to memref<?xi32>
func.func @bounded(%x: memref<?xi32>) -> memref<?xi32> {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %tokens = memref.dim %x, %c0 : memref<?xi32>
  %data = memref.load %x[%c0] : memref<?xi32>
  %found = arith.index_cast %data : i32 to index
  %largest = arith.muli %tokens, %c2 : index
  %rows = arith.minsi %found, %largest : index
  %a = memref.alloc(%rows) : memref<?xi32>
  memref.store %data, %a[%c0] : memref<?xi32>
  %y = memref.alloc(%tokens) : memref<?xi32>
  return %y : memref<?xi32>
}

// -----

// The capacity of a factor, in floats: rounding keeps the order.
// CHECK-LABEL: func.func @capacity_workspace_size(
// CHECK-SAME: %[[TOKENS:.+]]: index) -> index
// CHECK: arith.sitofp
// CHECK: arith.mulf
// CHECK: math.ceil
// CHECK: arith.fptosi
func.func @capacity(%x: memref<?xf32>) -> memref<?xf32> {
  %c0 = arith.constant 0 : index
  %factor = arith.constant 1.25 : f64
  %tokens = memref.dim %x, %c0 : memref<?xf32>
  %integer = arith.index_cast %tokens : index to i64
  %real = arith.sitofp %integer : i64 to f64
  %scaled = arith.mulf %real, %factor : f64
  %up = math.ceil %scaled : f64
  %rounded = arith.fptosi %up : f64 to i64
  %rows = arith.index_cast %rounded : i64 to index
  %a = memref.alloc(%rows) : memref<?xf32>
  memref.copy %a, %a : memref<?xf32> to memref<?xf32>
  %y = memref.alloc(%tokens) : memref<?xf32>
  return %y : memref<?xf32>
}

// -----

// A result that is no memory of its own is copied, and a second one of the same memory too.
// CHECK-LABEL: func.func @copied(
// CHECK-SAME: %[[X:[^:]+]]: memref<4xf32>, %[[A:[^:]+]]: memref<4xf32>, %[[B:[^:]+]]: memref<4xf32>, %[[C:[^:]+]]: memref<4xf32>
// CHECK-DAG: memref.copy %[[X]], %[[A]]
// CHECK-DAG: memref.copy %[[B]], %[[C]]
func.func @copied(%x: memref<4xf32>) -> (memref<4xf32>, memref<4xf32>, memref<4xf32>) {
  %y = memref.alloc() : memref<4xf32>
  memref.copy %x, %y : memref<4xf32> to memref<4xf32>
  return %x, %y, %y : memref<4xf32>, memref<4xf32>, memref<4xf32>
}

// -----

// Private functions are no layers.
// CHECK-LABEL: func.func private @private(
// CHECK: memref.alloc
func.func private @private(%count: index) -> f32 {
  %a = memref.alloc(%count) : memref<?xf32>
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  memref.store %zero, %a[%c0] : memref<?xf32>
  %kept = memref.load %a[%c0] : memref<?xf32>
  memref.dealloc %a : memref<?xf32>
  return %kept : f32
}

// -----

func.func @data(%x: memref<?xi32>) -> memref<?xi32> {
  %c0 = arith.constant 0 : index
  %tokens = memref.dim %x, %c0 : memref<?xi32>
  %data = memref.load %x[%c0] : memref<?xi32>
  %rows = arith.index_cast %data : i32 to index
  // expected-error @below {{allocates memory whose size depends on data, expected a function of the number of tokens}}
  %a = memref.alloc(%rows) : memref<?xi32>
  memref.store %data, %a[%c0] : memref<?xi32>
  %y = memref.alloc(%tokens) : memref<?xi32>
  return %y : memref<?xi32>
}

// -----

// What may fall when the number of tokens grows has no bound of this kind.
func.func @falling(%x: memref<?xi32>) -> memref<1xi32> {
  %c0 = arith.constant 0 : index
  %c7 = arith.constant 7 : index
  %tokens = memref.dim %x, %c0 : memref<?xi32>
  %rows = arith.remsi %tokens, %c7 : index
  // expected-error @below {{allocates memory whose size depends on data}}
  %a = memref.alloc(%rows) : memref<?xi32>
  memref.copy %a, %x : memref<?xi32> to memref<?xi32>
  %y = memref.alloc() : memref<1xi32>
  return %y : memref<1xi32>
}

// -----

func.func @carried(%x: memref<8xf32>) -> memref<1xi32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %last = scf.for %i = %c0 to %c8 step %c1 iter_args(%before = %x) -> (memref<8xf32>) {
    // expected-error @below {{is carried out of an iteration of its loop}}
    %a = memref.alloc() : memref<8xf32>
    memref.copy %before, %a : memref<8xf32> to memref<8xf32>
    scf.yield %a : memref<8xf32>
  }
  memref.copy %last, %x : memref<8xf32> to memref<8xf32>
  %y = memref.alloc() : memref<1xi32>
  return %y : memref<1xi32>
}

// -----

// expected-error @below {{result 0 has type 'memref<?xi32>', expected a buffer whose only dynamic extent is the number of tokens}}
func.func @rows(%x: memref<?xi32>) -> memref<?xi32> {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %tokens = memref.dim %x, %c0 : memref<?xi32>
  %rows = arith.muli %tokens, %c2 : index
  %y = memref.alloc(%rows) : memref<?xi32>
  return %y : memref<?xi32>
}

// -----

// expected-error @below {{argument 0 has type 'memref<?x4x?xf32>' with 2 dynamic extents, expected at most one, the number of tokens}}
func.func @two_extents(%x: memref<?x4x?xf32>) {
  return
}
