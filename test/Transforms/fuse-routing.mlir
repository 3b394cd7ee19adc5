// RUN: moe-opt %s --moe-fuse-routing --split-input-file | FileCheck %s
// RUN: moe-opt %s --moe-fuse-routing --split-input-file --remark-policy=all \
// RUN:   --remarks-filter=moe-fuse-routing -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// What others use leaves the kernel; the scores do not.
// CHECK-LABEL: @fuse
// CHECK-SAME: %[[L:[a-z0-9]+]]: tensor<?x8xf32>, %[[B:[a-z0-9]+]]: tensor<8xf32>
// CHECK: %[[R:.+]]:5 = moe.route %[[L]], %[[B]]
// CHECK-NEXT: ^bb0(%[[LOGITS:.+]]: tensor<?x8xf32>, %[[BIAS:.+]]: tensor<8xf32>):
// CHECK-NEXT: %[[S:.+]] = moe.score sigmoid %[[LOGITS]]
// CHECK-NEXT: %[[I:.+]] = moe.top_k %[[S]] bias(%[[BIAS]] : tensor<8xf32>)
// CHECK-NEXT: %[[W:.+]] = moe.gather_weights %[[S]], %[[I]]
// CHECK-NEXT: %[[O:.+]], %[[SOURCES:.+]], %[[P:.+]] = moe.group_by_expert %[[I]]
// CHECK-NEXT: moe.yield %[[I]], %[[W]], %[[O]], %[[SOURCES]], %[[P]]
// CHECK: moe.grouped_gemm %{{.+}} sources(%[[R]]#3 : tensor<?xi32>) offsets(%[[R]]#2
// CHECK: moe.combine %{{.+}}, %[[R]]#4 weights(%[[R]]#1
// CHECK: return %{{.+}}, %[[R]]#0
// REMARK: [Passed] FuseRouting {{.*}} ops=4, results=5
func.func @fuse(%l: tensor<?x8xf32>, %b: tensor<8xf32>, %x: tensor<?x64xf32>,
                %w: tensor<8x48x64xf32>) -> (tensor<?x48xf32>, tensor<?x2xi32>) {
  %s = moe.score sigmoid %l : tensor<?x8xf32> -> tensor<?x8xf32>
  %i = moe.top_k %s bias(%b : tensor<8xf32>) {k = 2 : i64} : tensor<?x8xf32>
  %g = moe.gather_weights %s, %i : tensor<?x8xf32>, tensor<?x2xi32>
  %o, %r, %p = moe.group_by_expert %i {num_experts = 8 : i64}
    : tensor<?x2xi32> -> tensor<9xi32>, tensor<?xi32>, tensor<?x2xi32>
  %y = moe.grouped_gemm %x sources(%r : tensor<?xi32>) offsets(%o : tensor<9xi32>)
    weights(%w : tensor<8x48x64xf32>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>}
    : tensor<?x64xf32> -> tensor<?x48xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  %z = moe.combine %y, %p weights(%g : tensor<?x2xf32>)
    : tensor<?x48xf32>, tensor<?x2xi32> -> tensor<?x48xf32>
  return %z, %i : tensor<?x48xf32>, tensor<?x2xi32>
}

// -----

// A Sinkhorn iteration looks at all tokens: one kernel before it, one behind. Elementwise
// ops between the router's ops go with them.
// CHECK-LABEL: @two_stages
// CHECK: moe.route
// CHECK: arith.addf
// CHECK: moe.score
// CHECK: moe.yield
// CHECK: moe.sinkhorn
// CHECK: moe.route
// CHECK: moe.top_k
// CHECK: moe.gather_weights
// CHECK: moe.yield
// REMARK: [Passed] FuseRouting {{.*}} ops=2, results=1
// REMARK: [Passed] FuseRouting {{.*}} ops=2, results=2
func.func @two_stages(%l: tensor<?x8xf32>, %noise: tensor<?x8xf32>)
    -> (tensor<?x1xi32>, tensor<?x1xf32>) {
  %n = arith.addf %l, %noise : tensor<?x8xf32>
  %s = moe.score sigmoid %n : tensor<?x8xf32> -> tensor<?x8xf32>
  %k = moe.sinkhorn %s {tolerance = 1.0e-4 : f64} : tensor<?x8xf32>
  %i = moe.top_k %k {k = 1 : i64} : tensor<?x8xf32>
  %g = moe.gather_weights %s, %i : tensor<?x8xf32>, tensor<?x1xi32>
  return %i, %g : tensor<?x1xi32>, tensor<?x1xf32>
}

// -----

// An op between that uses the router moves behind it.
// CHECK-LABEL: @user_between
// CHECK: moe.route
// CHECK: moe.top_k
// CHECK: moe.gather_weights
// CHECK: tensor.dim
// REMARK: [Passed] FuseRouting
func.func @user_between(%s: tensor<?x8xf32>) -> (index, tensor<?x2xf32>) {
  %zero = arith.constant 0 : index
  %i = moe.top_k %s {k = 2 : i64} : tensor<?x8xf32>
  %d = tensor.dim %i, %zero : tensor<?x2xi32>
  %g = moe.gather_weights %s, %i : tensor<?x8xf32>, tensor<?x2xi32>
  return %d, %g : index, tensor<?x2xf32>
}

// -----

// CHECK-LABEL: @alone
// CHECK-NOT: moe.route
// REMARK: [Missed] FuseRouting {{.*}} nothing to fuse it with
func.func @alone(%s: tensor<?x8xf32>) -> tensor<?x2xi32> {
  %i = moe.top_k %s {k = 2 : i64} : tensor<?x8xf32>
  return %i : tensor<?x2xi32>
}

// -----

// CHECK-LABEL: @side_effect
// CHECK-NOT: moe.route
// REMARK: [Missed] FuseRouting {{.*}} side effects
func.func private @look(tensor<?x2xi32>)
func.func @side_effect(%s: tensor<?x8xf32>) -> tensor<?x2xf32> {
  %i = moe.top_k %s {k = 2 : i64} : tensor<?x8xf32>
  func.call @look(%i) : (tensor<?x2xi32>) -> ()
  %g = moe.gather_weights %s, %i : tensor<?x8xf32>, tensor<?x2xi32>
  return %g : tensor<?x2xf32>
}

// -----

// Softmax over tokens is not an op on a token; nothing is to do.
// CHECK-LABEL: @not_per_token
// CHECK-NOT: moe.route
func.func @not_per_token(%l: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %s = moe.score softmax %l {axis = #moe.score_axis<tokens>} : tensor<?x8xf32> -> tensor<?x8xf32>
  return %s : tensor<?x8xf32>
}
