// RUN: moe-opt %s --convert-nvvm-to-simulator | FileCheck %s
// RUN: moe-opt %s --convert-nvvm-to-simulator | moe-opt --convert-nvvm-to-simulator | FileCheck %s

// CHECK: module attributes {sim.locations = [
// CHECK-SAME: "llvm.load at nvvm-to-simulator.mlir:[[# @LINE + 28]]"

// Functions of the host stay as they are.
// CHECK-LABEL: func.func @host
// CHECK-NEXT: return
func.func @host() {
  return
}

// CHECK-NOT: gpu.module
gpu.module @kernels {
  // CHECK-NOT: llvm.mlir.global
  llvm.mlir.global internal @fixed() {addr_space = 3 : i32, alignment = 16 : i64} : !llvm.array<3 x i32>
  llvm.mlir.global external @dynamic() {addr_space = 3 : i32, alignment = 128 : i64} : !llvm.array<0 x i8>

  // Fixed variables begin at 1024, dynamic memory after them.
  // CHECK-LABEL: llvm.func @kernel(
  // CHECK-SAME: %[[IN:.*]]: !llvm.ptr<1>)
  // CHECK-SAME: sim.kernel = {block = array<i32: 64>, shared = 128 : i64}
  llvm.func @kernel(%in: !llvm.ptr<1>) attributes {nvvm.kernel, nvvm.reqntid = array<i32: 64>} {
    // CHECK: %[[FIXED:.*]] = llvm.mlir.constant(1024 : i64)
    // CHECK: llvm.inttoptr %[[FIXED]] : i64 to !llvm.ptr<3>
    %0 = llvm.mlir.addressof @fixed : !llvm.ptr<3>
    // CHECK: llvm.mlir.constant(1152 : i64)
    %1 = llvm.mlir.addressof @dynamic : !llvm.ptr<3>
    // CHECK: %[[BITS:.*]] = llvm.ptrtoint %[[IN]] : !llvm.ptr<1> to i64
    // CHECK: %[[ADDRESS:.*]] = llvm.call @moe_sim_load(%[[BITS]], {{.*}}) : (i64, i32, i64, i64, i32) -> !llvm.ptr
    // CHECK: llvm.load %[[ADDRESS]] {alignment = 1 : i64} : !llvm.ptr -> f32
    %2 = llvm.load %in : !llvm.ptr<1> -> f32
    // CHECK: llvm.call @moe_sim_store(
    llvm.store %2, %0 : f32, !llvm.ptr<3>
    // CHECK: llvm.call @moe_sim_barrier_sync(
    nvvm.barrier0
    // What only the thread sees is not checked.
    // CHECK: %[[LOCAL:.*]] = llvm.alloca
    // CHECK: llvm.load %[[LOCAL]] : !llvm.ptr -> f32
    %one = llvm.mlir.constant(1 : i32) : i32
    %local = llvm.alloca %one x f32 : (i32) -> !llvm.ptr
    %3 = llvm.load %local : !llvm.ptr -> f32
    llvm.store %3, %1 : f32, !llvm.ptr<3>
    llvm.return
  }
}
