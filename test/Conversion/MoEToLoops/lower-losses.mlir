// RUN: moe-opt %s --convert-moe-to-loops | FileCheck %s --implicit-check-not="moe."
// RUN: moe-opt %s --convert-moe-to-loops=many-threads | FileCheck %s --check-prefix=THREADS --implicit-check-not="moe."

// Summed in f64 for each group and expert, only over the tokens that count, which are read in
// the order of memory.
// CHECK-LABEL: func.func @balance(
// CHECK: %[[COUNTS:.*]] = memref.alloc({{.*}}) {{.*}} : memref<?x?xf64>
// CHECK: scf.parallel (%[[GROUP:.*]]) = (%{{.*}}) to (%{{.*}}) step
// CHECK: scf.if
// CHECK: memref.store %{{.*}}, %[[COUNTS]][%[[GROUP]], %{{.*}}]
// CHECK: %[[SUMS:.*]] = memref.alloc({{.*}}) {{.*}} : memref<?x?xf64>
// CHECK: scf.parallel (%[[GROUP:.*]]) = (%{{.*}}) to (%{{.*}}) step
// CHECK: scf.if
// CHECK: arith.addf %{{.*}} : f64
// CHECK: memref.store %{{.*}}, %[[SUMS]][%[[GROUP]], %{{.*}}]
// CHECK: arith.truncf %{{.*}} : f64 to f32

// Many threads share the tokens of each group and expert.
// THREADS-LABEL: func.func @balance(
// THREADS: %[[COUNTS:.*]] = memref.alloc({{.*}}) {{.*}} : memref<?x?xf64>
// THREADS: scf.parallel (%{{.*}}) = (%{{.*}}) to (%c32{{.*}}) step
// THREADS: %[[SUM:.*]] = scf.parallel {{.*}} init (%{{.*}}) -> f64
// THREADS: memref.store %[[SUM]], %[[COUNTS]]
func.func @balance(%s: tensor<?x8xf32>, %i: tensor<?x2xi32>, %m: tensor<?xf32>) -> tensor<f32> {
  %l = moe.aux_loss balance %s indices(%i : tensor<?x2xi32>) mask(%m : tensor<?xf32>)
    {groups = 4 : i64} : tensor<?x8xf32> -> tensor<f32>
  return %l : tensor<f32>
}

// What depends on one token only is computed for all of them at once.
// CHECK-LABEL: func.func @z(
// CHECK: scf.parallel
// CHECK: math.exp
// CHECK: math.log
// CHECK: scf.parallel
func.func @z(%s: tensor<?x8xbf16>) -> tensor<f32> {
  %l = moe.aux_loss z %s : tensor<?x8xbf16> -> tensor<f32>
  return %l : tensor<f32>
}

// CHECK-LABEL: func.func @load(
// CHECK: scf.parallel
// CHECK: arith.maximumf
// CHECK: scf.parallel
// CHECK: math.erf
func.func @load(%s: tensor<?x8xf32>, %noisy: tensor<?x8xf32>) -> tensor<f32> {
  %l = moe.aux_loss load %s noisy(%noisy : tensor<?x8xf32>) {k = 2 : i64, sigma = 0.125 : f64}
    : tensor<?x8xf32> -> tensor<f32>
  return %l : tensor<f32>
}

// The comparison with the mean is exact: no count becomes a float. Lanes share the counts.
// THREADS-LABEL: func.func @update_bias(
// THREADS: scf.parallel
// THREADS: scf.parallel {{.*}} -> index
// CHECK-LABEL: func.func @update_bias(
// CHECK-NOT: arith.sitofp
// CHECK: arith.muli
// CHECK: arith.cmpi slt
func.func @update_bias(%bias: tensor<8xf32>, %counts: tensor<8xi32>) -> tensor<8xf32> {
  %updated = moe.update_bias %bias, %counts {rate = 1.0e-3 : f64} : tensor<8xf32>, tensor<8xi32>
  return %updated : tensor<8xf32>
}
