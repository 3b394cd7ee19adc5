// RUN: moe-opt %s "--convert-moe-to-loops=many-threads tokens=64" --split-input-file | FileCheck %s --check-prefixes=CHECK,FEW
// RUN: moe-opt %s "--convert-moe-to-loops=many-threads tokens=4096" --split-input-file | FileCheck %s --check-prefixes=CHECK,MANY
// RUN: moe-opt %s --convert-moe-to-loops --split-input-file | FileCheck %s --check-prefix=CPU
// CPU-NOT: gpu.launch

// One block for few tokens, else a kernel that counts and one that places.
// CHECK-LABEL: func.func @group(
// FEW: gpu.launch blocks({{[^)]*}}) in ({{[^)]*}} = %c1{{[_0-9]*}},
// FEW-SAME: workgroup(%{{.+}} : memref<256xi32, #gpu.address_space<workgroup>>, %{{.+}} : memref<9xi32, #gpu.address_space<workgroup>>)
// MANY: %[[BLOCKS:.+]] = arith.maxsi
// MANY: gpu.launch blocks({{.*}}) in ({{.*}} = %[[BLOCKS]],
// MANY-SAME: workgroup(%{{.+}} : memref<8xi32, #gpu.address_space<workgroup>>)
// MANY: memref.atomic_rmw addi
// MANY: gpu.launch blocks({{.*}}) in ({{.*}} = %[[BLOCKS]],
// MANY-SAME: workgroup(%{{.+}} : memref<256xi32, #gpu.address_space<workgroup>>, %{{.+}} : memref<8xi32, #gpu.address_space<workgroup>>, %{{.+}} : memref<9xi32, #gpu.address_space<workgroup>>)
// CHECK-NOT: gpu.launch
// CHECK: return
func.func @group(%ids: tensor<?x2xi32>) -> (tensor<9xi32>, tensor<?xi32>, tensor<?x2xi32>) {
  %offsets, %sources, %positions = moe.group_by_expert %ids {num_experts = 8 : i64}
    : tensor<?x2xi32> -> tensor<9xi32>, tensor<?xi32>, tensor<?x2xi32>
  return %offsets, %sources, %positions : tensor<9xi32>, tensor<?xi32>, tensor<?x2xi32>
}

// -----

// Each group of tokens has bins of its own.
// CHECK-LABEL: func.func @slots(
// FEW: gpu.launch
// FEW-SAME: memref<25xi32, #gpu.address_space<workgroup>>)
// CHECK: return
func.func @slots(%ids: tensor<?x2xi32>, %capacity: index) -> (tensor<?x2xi32>, tensor<?x2xi32>) {
  %kept, %slots = moe.assign_slots token_major %ids, %capacity {groups = 3 : i64, num_experts = 8 : i64}
    : tensor<?x2xi32>
  return %kept, %slots : tensor<?x2xi32>, tensor<?x2xi32>
}

// -----

// More bins than a block can count.
// CHECK-LABEL: func.func @many_experts(
// CHECK-NOT: gpu.launch
// CHECK: return
func.func @many_experts(%ids: tensor<?x2xi32>) -> (tensor<1026xi32>, tensor<?xi32>, tensor<?x2xi32>) {
  %offsets, %sources, %positions = moe.group_by_expert %ids {num_experts = 1025 : i64}
    : tensor<?x2xi32> -> tensor<1026xi32>, tensor<?xi32>, tensor<?x2xi32>
  return %offsets, %sources, %positions : tensor<1026xi32>, tensor<?xi32>, tensor<?x2xi32>
}

// -----

// Who comes first depends on more than the order.
// CHECK-LABEL: func.func @priority(
// CHECK-NOT: gpu.launch
// CHECK: return
func.func @priority(%ids: tensor<?x2xi32>, %capacity: index, %priority: tensor<?xf32>)
    -> (tensor<?x2xi32>, tensor<?x2xi32>) {
  %kept, %slots = moe.assign_slots token_major %ids, %capacity priority(%priority : tensor<?xf32>)
    {num_experts = 8 : i64} : tensor<?x2xi32>
  return %kept, %slots : tensor<?x2xi32>, tensor<?x2xi32>
}

// -----

// A router is the kernels of its sort: warps compute the choices of tokens first, and the
// weights of rows are written where rows are placed.
// CHECK-LABEL: func.func @route(
// CHECK-NOT: scf.parallel
// CHECK: gpu.launch
// FEW-SAME: = %c1024{{[_0-9]*}},
// CHECK: scf.parallel (%[[TOKEN:.+]]) =
// CHECK: memref.alloca(){{.*}} : memref<1x8xf32>
// CHECK: math.exp
// CHECK: nvvm.barrier0
// MANY: gpu.launch
// CHECK: memref.store %{{.+}}, %{{.+}} : memref<?xf32>
// CHECK-NOT: gpu.launch
// CHECK-NOT: scf.parallel
// CHECK: return
func.func @route(%logits: tensor<?x8xf32>)
    -> (tensor<?x2xi32>, tensor<9xi32>, tensor<?xi32>, tensor<?xf32>, tensor<?xi32>) {
  %0:5 = moe.route %logits : (tensor<?x8xf32>)
      -> (tensor<?x2xi32>, tensor<9xi32>, tensor<?xi32>, tensor<?xf32>, tensor<?xi32>) {
  ^bb0(%l: tensor<?x8xf32>):
    %scores = moe.score softmax %l : tensor<?x8xf32> -> tensor<?x8xf32>
    %ids = moe.top_k %scores {k = 2 : i64} : tensor<?x8xf32>
    %weights = moe.gather_weights %scores, %ids : tensor<?x8xf32>, tensor<?x2xi32>
    %offsets, %sources, %positions = moe.group_by_expert %ids {num_experts = 8 : i64}
      : tensor<?x2xi32> -> tensor<9xi32>, tensor<?xi32>, tensor<?x2xi32>
    %rows = moe.row_weights %weights, %positions, %sources
      : tensor<?x2xf32>, tensor<?x2xi32>, tensor<?xi32> -> tensor<?xf32>
    %choices = moe.row_choices %positions, %sources : tensor<?x2xi32>, tensor<?xi32>
    moe.yield %ids, %offsets, %sources, %rows, %choices
      : tensor<?x2xi32>, tensor<9xi32>, tensor<?xi32>, tensor<?xf32>, tensor<?xi32>
  }
  return %0#0, %0#1, %0#2, %0#3, %0#4
    : tensor<?x2xi32>, tensor<9xi32>, tensor<?xi32>, tensor<?xf32>, tensor<?xi32>
}
