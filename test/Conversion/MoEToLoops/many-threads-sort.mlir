// RUN: moe-opt %s --convert-moe-to-loops=many-threads --split-input-file | FileCheck %s --check-prefixes=CHECK,FEW
// RUN: moe-opt %s "--convert-moe-to-loops=many-threads tokens=4096" --split-input-file | FileCheck %s --check-prefixes=CHECK,MANY
// RUN: moe-opt %s --convert-moe-to-loops --split-input-file | FileCheck %s --check-prefix=CPU
// CPU-NOT: gpu.launch

// One block for few tokens, else three kernels, of which the second is one block.
// CHECK-LABEL: func.func @group(
// FEW: gpu.launch blocks({{[^)]*}}) in ({{[^)]*}} = %c1{{[_0-9]*}},
// FEW-SAME: workgroup(%{{.+}} : memref<64xi32, #gpu.address_space<workgroup>>, %{{.+}} : memref<8xi32, #gpu.address_space<workgroup>>)
// MANY: %[[BLOCKS:.+]] = arith.maxsi
// MANY: gpu.launch blocks({{.*}}) in ({{.*}} = %[[BLOCKS]],
// MANY-SAME: workgroup(%{{.+}} : memref<64xi32, #gpu.address_space<workgroup>>)
// MANY: gpu.launch
// MANY-SAME: workgroup(%{{.+}} : memref<8xi32, #gpu.address_space<workgroup>>)
// MANY: gpu.launch blocks({{.*}}) in ({{.*}} = %[[BLOCKS]],
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
// FEW-SAME: memref<24xi32, #gpu.address_space<workgroup>>)
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
