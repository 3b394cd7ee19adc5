// RUN: moe-opt %s --moe-lower-launches --split-input-file | FileCheck %s

module attributes {gpu.container_module} {
// CHECK-NOT: @moe_encode_tensor_map
func.func private @moe_encode_tensor_map(!llvm.ptr, !llvm.ptr<1>, i32, i64, i64, i64, i64, i64, i32, i32)

// Addresses of arguments, but those of objects as they are; the second kernel is number 1.
// CHECK-LABEL: func.func @host
// CHECK-SAME: %[[X:[a-z0-9]+]]: !llvm.ptr<1>, %[[N:[a-z0-9]+]]: i32, %[[B:[a-z0-9]+]]: index, %[[TABLE:[a-z0-9]+]]: !llvm.ptr, %[[DEVICE:[a-z0-9]+]]: !llvm.ptr)
// CHECK-DAG: %[[ARGUMENTS:.+]] = llvm.alloca %{{.+}} x !llvm.array<3 x ptr>
// CHECK-DAG: %[[SLOT0:.+]] = llvm.alloca %{{.+}} x !llvm.ptr<1>
// CHECK-DAG: %[[SLOT1:.+]] = llvm.alloca %{{.+}} x i32
// CHECK-DAG: %[[MAP:.+]] = llvm.alloca %{{.+}} x !llvm.array<128 x i8>
// CHECK: %[[AT1:.+]] = llvm.getelementptr %[[TABLE]][1]
// CHECK: %[[ENCODE:.+]] = llvm.load %[[AT1]]
// CHECK: llvm.call %[[ENCODE]](%[[DEVICE]], %[[MAP]], %[[X]], %{{.+}}) : !llvm.ptr, (!llvm.ptr, !llvm.ptr, !llvm.ptr<1>, i32, i64, i64, i64, i64, i64, i32, i32) -> ()
// CHECK-DAG: llvm.store %[[X]], %[[SLOT0]]
// CHECK-DAG: llvm.store %[[N]], %[[SLOT1]]
// CHECK-DAG: %[[A0:.+]] = llvm.getelementptr %[[ARGUMENTS]][0]
// CHECK-DAG: llvm.store %[[MAP]], %[[A0]]
// CHECK-DAG: %[[A1:.+]] = llvm.getelementptr %[[ARGUMENTS]][1]
// CHECK-DAG: llvm.store %[[SLOT0]], %[[A1]]
// CHECK-DAG: %[[AT0:.+]] = llvm.getelementptr %[[TABLE]][0]
// CHECK-DAG: %[[LAUNCH:.+]] = llvm.load %[[AT0]]
// CHECK: llvm.call %[[LAUNCH]](%[[DEVICE]], %c1_i32{{.*}}, %{{.+}}, %{{.+}}, %c4096_i32, %[[ARGUMENTS]]) : !llvm.ptr, (!llvm.ptr, i32, i32, i32, i32, !llvm.ptr) -> ()
// CHECK-NOT: gpu.launch_func
func.func @host(%x: !llvm.ptr<1>, %n: i32, %blocks: index) {
  %c1 = arith.constant 1 : index
  %c128 = arith.constant 128 : index
  %one = arith.constant 1 : i32
  %size = arith.constant 64 : i64
  %shared = arith.constant 4096 : i32
  %map = llvm.alloca %one x !llvm.array<128 x i8> : (i32) -> !llvm.ptr
  func.call @moe_encode_tensor_map(%map, %x, %one, %size, %size, %size, %size, %size, %one, %one)
    : (!llvm.ptr, !llvm.ptr<1>, i32, i64, i64, i64, i64, i64, i32, i32) -> ()
  gpu.launch_func @kernels::@second blocks in (%blocks, %c1, %c1) threads in (%c128, %c1, %c1)
    dynamic_shared_memory_size %shared args(%map : !llvm.ptr, %x : !llvm.ptr<1>, %n : i32)
  return
}

// CHECK-LABEL: func.func @nothing()
func.func @nothing() {
  return
}

gpu.module @kernels {
  llvm.func @helper() {
    llvm.return
  }
  llvm.func @first() attributes {gpu.kernel, nvvm.kernel} {
    llvm.return
  }
  llvm.func @second(%map: !llvm.ptr {llvm.byval = !llvm.array<128 x i8>, nvvm.grid_constant},
                    %x: !llvm.ptr<1>, %n: i32) attributes {gpu.kernel, nvvm.kernel} {
    llvm.return
  }
}
}
