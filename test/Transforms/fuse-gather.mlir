// RUN: moe-opt %s --moe-fuse-gather --split-input-file | FileCheck %s
// RUN: moe-opt %s --moe-fuse-gather --split-input-file --remark-policy=all \
// RUN:   --remarks-filter=moe-fuse-gather -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// CHECK-LABEL: @fuse
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<?x64xf32>, %[[S:[a-z0-9]+]]: tensor<?xi32>
// CHECK-NOT: moe.dispatch
// CHECK: moe.grouped_gemm %[[X]] sources(%[[S]] : tensor<?xi32>)
// REMARK: [Passed] FuseGather {{.*}} width=64
func.func @fuse(%x: tensor<?x64xf32>, %s: tensor<?xi32>, %o: tensor<9xi32>,
                %w: tensor<8x48x64xf32>) -> tensor<?x48xf32> {
  %rows = moe.dispatch %x, %s : tensor<?x64xf32>, tensor<?xi32> -> tensor<?x64xf32>
  %y = moe.grouped_gemm %rows offsets(%o : tensor<9xi32>) weights(%w : tensor<8x48x64xf32>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>}
    : tensor<?x64xf32> -> tensor<?x48xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  return %y : tensor<?x48xf32>
}

// -----

// The copy stays for its other user.
// CHECK-LABEL: @other_user
// CHECK: %[[ROWS:.+]] = moe.dispatch
// CHECK: moe.grouped_gemm %{{.+}} sources(
// CHECK: return %{{.+}}, %[[ROWS]]
// REMARK: [Passed] FuseGather
func.func @other_user(%x: tensor<?x64xf32>, %s: tensor<?xi32>, %o: tensor<9xi32>,
                      %w: tensor<8x48x64xf32>) -> (tensor<?x48xf32>, tensor<?x64xf32>) {
  %rows = moe.dispatch %x, %s : tensor<?x64xf32>, tensor<?xi32> -> tensor<?x64xf32>
  %y = moe.grouped_gemm %rows offsets(%o : tensor<9xi32>) weights(%w : tensor<8x48x64xf32>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>}
    : tensor<?x64xf32> -> tensor<?x48xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  return %y, %rows : tensor<?x48xf32>, tensor<?x64xf32>
}

// -----

// The routing weight acts on the copies.
// CHECK-LABEL: @weighted
// CHECK: %[[ROWS:.+]] = moe.dispatch
// CHECK: moe.grouped_gemm %[[ROWS]] offsets
// REMARK: [Missed] FuseGather {{.*}} weighted copies
func.func @weighted(%x: tensor<?x64xf32>, %s: tensor<?xi32>, %o: tensor<9xi32>,
                    %w: tensor<8x48x64xf32>, %rw: tensor<?x2xf32>, %p: tensor<?x2xi32>)
    -> tensor<?x48xf32> {
  %rows = moe.dispatch %x, %s weights(%rw : tensor<?x2xf32>) positions(%p : tensor<?x2xi32>)
    : tensor<?x64xf32>, tensor<?xi32> -> tensor<?x64xf32>
  %y = moe.grouped_gemm %rows offsets(%o : tensor<9xi32>) weights(%w : tensor<8x48x64xf32>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>}
    : tensor<?x64xf32> -> tensor<?x48xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  return %y : tensor<?x48xf32>
}

// -----

// Rows that a copy rounds are not those that the GEMM would read.
// CHECK-LABEL: @converted
// CHECK: moe.grouped_gemm %{{.+}} offsets
// REMARK: [Missed] FuseGather {{.*}} converts the tokens
func.func @converted(%x: tensor<?x64xf32>, %s: tensor<?xi32>, %o: tensor<9xi32>,
                     %w: tensor<8x48x64xbf16>) -> tensor<?x48xbf16> {
  %rows = moe.dispatch %x, %s : tensor<?x64xf32>, tensor<?xi32> -> tensor<?x64xbf16>
  %y = moe.grouped_gemm %rows offsets(%o : tensor<9xi32>) weights(%w : tensor<8x48x64xbf16>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>}
    : tensor<?x64xbf16> -> tensor<?x48xbf16> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  return %y : tensor<?x48xbf16>
}
