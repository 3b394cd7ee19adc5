// RUN: moe-opt %s --convert-linalg-to-vector --canonicalize --cse --split-input-file | FileCheck %s

#element = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>
#column = affine_map<(d0, d1) -> (d1)>

// The ops of a norm are one loop over its rows. What a row has once is computed once, and the
// last columns are masked, which are not part of the sum.
// CHECK-LABEL: @norm
// CHECK-SAME: %[[X:[a-z0-9]+]]: memref<?x36xbf16>, %[[SCALE:[a-z0-9]+]]: memref<36xbf16>
// CHECK: %[[ROWS:.+]] = memref.dim %[[X]], %c0
// CHECK: %[[SUMS:.+]] = memref.alloc(%[[ROWS]]) : memref<?xf32>
// CHECK: %[[OUT:.+]] = memref.alloc(%[[ROWS]]) : memref<?x36xbf16>
// CHECK: scf.parallel (%[[ROW:.+]]) = (%c0) to (%[[ROWS]])
// CHECK: memref.store %cst{{.*}}, %[[SUMS]][%[[ROW]]]
// CHECK: %[[PARTS:.+]] = scf.for %{{.+}} = %c0 to %c32 step %c16 iter_args
// CHECK: vector.load %[[X]][%[[ROW]], %{{.+}}] : memref<?x36xbf16>, vector<16xbf16>
// CHECK: arith.extf
// CHECK: arith.addf %{{.+}} : vector<16xf32>
// CHECK: %[[MASK:.+]] = vector.constant_mask [4]
// CHECK: vector.maskedload %[[X]][%[[ROW]], %c32], %[[MASK]]
// CHECK: %[[NEXT:.+]] = arith.addf %[[PARTS]]
// CHECK: %[[ALL:.+]] = arith.select %[[MASK]], %[[NEXT]], %[[PARTS]]
// CHECK: vector.reduction <add>, %[[ALL]]
// CHECK: memref.store %{{.+}}, %[[SUMS]][%[[ROW]]]
// CHECK: %[[SUM:.+]] = memref.load %[[SUMS]][%[[ROW]]]
// CHECK: %[[FACTOR:.+]] = math.rsqrt %[[SUM]] : f32
// CHECK: scf.for
// CHECK: vector.load %[[X]]
// CHECK: vector.load %[[SCALE]]
// CHECK: %[[SPREAD:.+]] = vector.broadcast %[[FACTOR]] : f32 to vector<16xf32>
// CHECK: arith.mulf %{{.+}}, %[[SPREAD]]
// CHECK: vector.store %{{.+}}, %[[OUT]][%[[ROW]],
// CHECK: vector.maskedstore %[[OUT]]
// CHECK-NOT: linalg
func.func @norm(%x: memref<?x36xbf16>, %scale: memref<36xbf16>) -> memref<?x36xbf16> {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %rows = memref.dim %x, %c0 : memref<?x36xbf16>
  %sums = memref.alloc(%rows) : memref<?xf32>
  linalg.fill ins(%zero : f32) outs(%sums : memref<?xf32>)
  linalg.generic {indexing_maps = [#element, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<?x36xbf16>) outs(%sums : memref<?xf32>) {
  ^bb0(%a: bf16, %sum: f32):
    %0 = arith.extf %a : bf16 to f32
    %1 = arith.mulf %0, %0 : f32
    %2 = arith.addf %sum, %1 : f32
    linalg.yield %2 : f32
  }
  %again = memref.dim %x, %c0 : memref<?x36xbf16>
  %out = memref.alloc(%again) : memref<?x36xbf16>
  linalg.generic {indexing_maps = [#element, #row, #column, #element],
                  iterator_types = ["parallel", "parallel"]}
      ins(%x, %sums, %scale : memref<?x36xbf16>, memref<?xf32>, memref<36xbf16>)
      outs(%out : memref<?x36xbf16>) {
  ^bb0(%a: bf16, %sum: f32, %s: bf16, %old: bf16):
    %0 = arith.extf %a : bf16 to f32
    %1 = math.rsqrt %sum : f32
    %2 = arith.mulf %0, %1 : f32
    %3 = arith.extf %s : bf16 to f32
    %4 = arith.mulf %2, %3 : f32
    %5 = arith.truncf %4 : f32 to bf16
    linalg.yield %5 : bf16
  }
  return %out : memref<?x36xbf16>
}

// -----

#element = affine_map<(d0, d1) -> (d0, d1)>
#column = affine_map<(d0, d1) -> (d1)>

// What reads more than the row of what was written waits for all rows.
// CHECK-LABEL: @all_rows
// CHECK: scf.parallel
// CHECK: vector.store
// CHECK: scf.parallel
// CHECK: vector.store
func.func @all_rows(%x: memref<16x16xf32>, %bias: memref<16xf32>) -> memref<16x16xf32> {
  %a = memref.alloc() : memref<16x16xf32>
  linalg.generic {indexing_maps = [#element, #element], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<16x16xf32>) outs(%a : memref<16x16xf32>) {
  ^bb0(%v: f32, %old: f32):
    %0 = arith.negf %v : f32
    linalg.yield %0 : f32
  }
  %b = memref.alloc() : memref<16x16xf32>
  linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (0, d1)>, #element],
                  iterator_types = ["parallel", "parallel"]}
      ins(%a : memref<16x16xf32>) outs(%b : memref<16x16xf32>) {
  ^bb0(%v: f32, %old: f32):
    linalg.yield %v : f32
  }
  %c = memref.alloc() : memref<16x16xf32>
  linalg.generic {indexing_maps = [#element, #element], iterator_types = ["parallel", "parallel"]}
      ins(%b : memref<16x16xf32>) outs(%c : memref<16x16xf32>) {
  ^bb0(%v: f32, %old: f32):
    %0 = arith.negf %v : f32
    linalg.yield %0 : f32
  }
  return %c : memref<16x16xf32>
}

// -----

#element = affine_map<(d0, d1) -> (d0, d1)>
#column = affine_map<(d0, d1) -> (d1)>

// A vector that the rows share must not be one that they write.
// CHECK-LABEL: @shared
// CHECK: %[[A:.+]] = memref.alloc() : memref<16xf32>
// CHECK: linalg.fill {{.*}}outs(%[[A]]
// CHECK: scf.parallel
// CHECK: vector.load %[[A]]
// CHECK-NOT: scf.parallel
func.func @shared(%x: memref<16x16xf32>) -> memref<16x16xf32> {
  %zero = arith.constant 0.0 : f32
  %a = memref.alloc() : memref<16xf32>
  linalg.fill ins(%zero : f32) outs(%a : memref<16xf32>)
  %b = memref.alloc() : memref<16x16xf32>
  linalg.generic {indexing_maps = [#element, #column, #element],
                  iterator_types = ["parallel", "parallel"]}
      ins(%x, %a : memref<16x16xf32>, memref<16xf32>) outs(%b : memref<16x16xf32>) {
  ^bb0(%v: f32, %w: f32, %old: f32):
    %0 = arith.addf %v, %w : f32
    linalg.yield %0 : f32
  }
  return %b : memref<16x16xf32>
}

// -----

#element = affine_map<(d0, d1) -> (d0, d1)>

// Something else that reads memory stays between the ops before and after.
// CHECK-LABEL: @between
// CHECK: scf.parallel
// CHECK: call @use
// CHECK: scf.parallel
func.func private @use(memref<?x16xf32>)
func.func @between(%x: memref<?x16xf32>, %n: index) -> memref<?x16xf32> {
  %one = arith.constant 1.0 : f32
  %a = memref.alloc(%n) : memref<?x16xf32>
  linalg.fill ins(%one : f32) outs(%a : memref<?x16xf32>)
  call @use(%a) : (memref<?x16xf32>) -> ()
  linalg.fill ins(%one : f32) outs(%a : memref<?x16xf32>)
  return %a : memref<?x16xf32>
}

// -----

// Other numbers of rows are other loops.
// CHECK-LABEL: @numbers
// CHECK: scf.parallel (%{{.+}}) = (%c0) to (%arg0)
// CHECK: scf.parallel (%{{.+}}) = (%c0) to (%arg1)
func.func @numbers(%n: index, %m: index) -> (memref<?x16xf32>, memref<?x16xf32>) {
  %one = arith.constant 1.0 : f32
  %a = memref.alloc(%n) : memref<?x16xf32>
  %b = memref.alloc(%m) : memref<?x16xf32>
  linalg.fill ins(%one : f32) outs(%a : memref<?x16xf32>)
  linalg.fill ins(%one : f32) outs(%b : memref<?x16xf32>)
  return %a, %b : memref<?x16xf32>, memref<?x16xf32>
}

// -----

#element = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>
#transposed = affine_map<(d0, d1) -> (d1, d0)>

// Short rows, columns that are not contiguous, sums that are rounded one by one, bits, bodies
// that read memory, and what is not allocated here are left alone.
// CHECK-LABEL: @nothing
// CHECK-NOT: scf.parallel
// CHECK: linalg.fill
// CHECK: linalg.generic
// CHECK: linalg.generic
// CHECK: linalg.generic
// CHECK: linalg.generic
// CHECK: linalg.fill
// CHECK-NOT: scf.parallel
// CHECK: return
func.func @nothing(%x: memref<16x16xf32>, %h: memref<16x16xbf16>, %ids: memref<16x16xi32>,
                   %table: memref<8xf32>, %out: memref<16x16xf32>) {
  %one = arith.constant 1.0 : f32
  %a = memref.alloc() : memref<16x8xf32>
  linalg.fill ins(%one : f32) outs(%a : memref<16x8xf32>)
  %b = memref.alloc() : memref<16x16xf32>
  linalg.generic {indexing_maps = [#transposed, #element],
                  iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<16x16xf32>) outs(%b : memref<16x16xf32>) {
  ^bb0(%v: f32, %old: f32):
    linalg.yield %v : f32
  }
  %c = memref.alloc() : memref<16xbf16>
  linalg.generic {indexing_maps = [#element, #row], iterator_types = ["parallel", "reduction"]}
      ins(%h : memref<16x16xbf16>) outs(%c : memref<16xbf16>) {
  ^bb0(%v: bf16, %sum: bf16):
    %0 = arith.addf %sum, %v : bf16
    linalg.yield %0 : bf16
  }
  %d = memref.alloc() : memref<16x16xi1>
  linalg.generic {indexing_maps = [#element, #element],
                  iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<16x16xf32>) outs(%d : memref<16x16xi1>) {
  ^bb0(%v: f32, %old: i1):
    %0 = arith.cmpf ogt, %v, %one : f32
    linalg.yield %0 : i1
  }
  %e = memref.alloc() : memref<16x16xf32>
  linalg.generic {indexing_maps = [#element, #element],
                  iterator_types = ["parallel", "parallel"]}
      ins(%ids : memref<16x16xi32>) outs(%e : memref<16x16xf32>) {
  ^bb0(%id: i32, %old: f32):
    %0 = arith.index_cast %id : i32 to index
    %1 = memref.load %table[%0] : memref<8xf32>
    linalg.yield %1 : f32
  }
  linalg.fill ins(%one : f32) outs(%out : memref<16x16xf32>)
  return
}
