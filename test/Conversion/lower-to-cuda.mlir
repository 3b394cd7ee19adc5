// A whole layer: the host knows nothing but the number of tokens and where buffers lie, and asks
// a runtime to launch kernels.

// RUN: moe-opt %s --moe-lower-to-cuda="target=sm_90a symbol=entry" | FileCheck %s
// RUN: moe-opt %s --moe-lower-to-cuda="target=sm_90a symbol=entry" | moe-opt --gpu-module-to-binary=format=isa | FileCheck %s --check-prefix=PTX

// The same in two steps, as bundles are made: level 2 is what variants are told apart by.
// RUN: moe-opt %s --pass-pipeline="builtin.module(moe-lower-to-cuda{target=sm_90a symbol=entry})" -o %t.whole
// RUN: moe-opt %s --pass-pipeline="builtin.module(inline,func.func(moe-stack-experts),moe-plan-kernels{target=sm_90a},moe-lower-to-cuda-bundle{symbol=entry})" -o %t.steps
// RUN: diff %t.whole %t.steps

// CHECK-NOT: memref.
// CHECK-DAG: llvm.func @entry(%{{.+}}: !llvm.ptr, %{{.+}}: i64, %{{.+}}: !llvm.ptr, %{{.+}}: !llvm.ptr, %{{.+}}: !llvm.ptr)
// CHECK-DAG: llvm.func @entry_workspace_size(%{{.+}}: i64) -> i64
// CHECK: gpu.module @kernels [#nvvm.target<O = 3, chip = "sm_90a"
// CHECK-NOT: __nv_
// CHECK: llvm.func @{{.+}} attributes {gpu.kernel, nvvm.kernel
// CHECK-NOT: __nv_

// The text of PTX needs no toolkit.
// PTX: gpu.binary @kernels
// PTX-SAME: .target sm_90a
// PTX-SAME: .visible .entry
// PTX-SAME: match.any.sync.b32

func.func @moe_layer(
    %x: tensor<?x16xf32> {moe.name = "hidden_states"}, %router: tensor<4x16xf32> {moe.name = "router"},
    %up: tensor<4x8x16xf32> {moe.name = "up"}, %down: tensor<4x16x8xf32> {moe.name = "down"})
    -> (tensor<?x16xf32> {moe.name = "hidden_states"}) {
  %logits = moe.gate linear %x, %router : tensor<?x16xf32>, tensor<4x16xf32> -> tensor<?x4xf32>
  %scores = moe.score softmax %logits : tensor<?x4xf32> -> tensor<?x4xf32>
  %ids = moe.top_k %scores {k = 2} : tensor<?x4xf32>
  %weights = moe.gather_weights %scores, %ids : tensor<?x4xf32>, tensor<?x2xi32>
  %offsets, %sources, %positions = moe.group_by_expert %ids {num_experts = 4}
    : tensor<?x2xi32> -> tensor<5xi32>, tensor<?xi32>, tensor<?x2xi32>
  %rows = moe.dispatch %x, %sources : tensor<?x16xf32>, tensor<?xi32> -> tensor<?x16xf32>
  %outs = moe.expert_mlp none %rows offsets(%offsets : tensor<5xi32>)
    up(%up : tensor<4x8x16xf32>) down(%down : tensor<4x16x8xf32>)
    {activation = #moe.activation<silu>} : tensor<?x16xf32> -> tensor<?x16xf32>
  %y = moe.combine %outs, %positions weights(%weights : tensor<?x2xf32>)
    : tensor<?x16xf32>, tensor<?x2xi32> -> tensor<?x16xf32>
  return %y : tensor<?x16xf32>
}
