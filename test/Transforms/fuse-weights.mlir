// RUN: moe-opt %s --moe-fuse-weights --split-input-file | FileCheck %s
// RUN: moe-opt %s --moe-fuse-weights --split-input-file --remark-policy=all \
// RUN:   --remarks-filter=moe-fuse-weights -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// CHECK-LABEL: @fuse
// CHECK: %{{.+}}, %[[S:.+]], %[[P:.+]] = moe.group_by_expert
// CHECK: %[[W:.+]] = moe.row_weights %{{.+}}, %[[P]], %[[S]]
// CHECK: %[[Y:.+]] = moe.grouped_gemm {{.*}} rows(%[[W]] : tensor<?xf32>)
// CHECK-NEXT: ^bb0(%[[SUM:.+]]: f32, %[[WEIGHT:.+]]: f32):
// CHECK-NEXT: %[[R:.+]] = arith.mulf %[[SUM]], %[[WEIGHT]]
// CHECK-NEXT: moe.yield %[[R]]
// CHECK: moe.combine %[[Y]], %[[P]] : tensor<?x64xbf16>
// REMARK: [Passed] FuseWeights {{.*}} row_inputs=1
func.func @fuse(%h: tensor<?x48xbf16>, %i: tensor<?x2xi32>, %w: tensor<?x2xf32>,
                %down: tensor<8x64x48xbf16>) -> tensor<?x64xbf16> {
  %o, %s, %p = moe.group_by_expert %i {num_experts = 8 : i64}
    : tensor<?x2xi32> -> tensor<9xi32>, tensor<?xi32>, tensor<?x2xi32>
  %y = moe.grouped_gemm %h offsets(%o : tensor<9xi32>) weights(%down : tensor<8x64x48xbf16>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>}
    : tensor<?x48xbf16> -> tensor<?x64xbf16> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  %z = moe.combine %y, %p weights(%w : tensor<?x2xf32>)
    : tensor<?x64xbf16>, tensor<?x2xi32> -> tensor<?x64xbf16>
  return %z : tensor<?x64xbf16>
}

// -----

// Several combinations of the same rows, as with several tasks.
// CHECK-LABEL: @two_combinations
// CHECK-NOT: moe.row_weights
// CHECK-COUNT-2: moe.combine {{.*}} weights(
// REMARK-COUNT-2: [Missed] FuseWeights {{.*}} other users
func.func @two_combinations(%h: tensor<?x48xf32>, %i: tensor<?x2xi32>, %w: tensor<?x2xf32>,
                            %down: tensor<8x64x48xf32>) -> (tensor<?x64xf32>, tensor<?x64xf32>) {
  %o, %s, %p = moe.group_by_expert %i {num_experts = 8 : i64}
    : tensor<?x2xi32> -> tensor<9xi32>, tensor<?xi32>, tensor<?x2xi32>
  %y = moe.grouped_gemm %h offsets(%o : tensor<9xi32>) weights(%down : tensor<8x64x48xf32>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>}
    : tensor<?x48xf32> -> tensor<?x64xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  %a = moe.combine %y, %p weights(%w : tensor<?x2xf32>)
    : tensor<?x64xf32>, tensor<?x2xi32> -> tensor<?x64xf32>
  %b = moe.combine %y, %p weights(%w : tensor<?x2xf32>)
    : tensor<?x64xf32>, tensor<?x2xi32> -> tensor<?x64xf32>
  return %a, %b : tensor<?x64xf32>, tensor<?x64xf32>
}

// -----

// CHECK-LABEL: @rounds
// CHECK-NOT: moe.row_weights
// REMARK: [Missed] FuseWeights {{.*}} rounds each product
func.func @rounds(%h: tensor<?x48xbf16>, %i: tensor<?x2xi32>, %w: tensor<?x2xf32>,
                  %down: tensor<8x64x48xbf16>) -> tensor<?x64xbf16> {
  %o, %s, %p = moe.group_by_expert %i {num_experts = 8 : i64}
    : tensor<?x2xi32> -> tensor<9xi32>, tensor<?xi32>, tensor<?x2xi32>
  %y = moe.grouped_gemm %h offsets(%o : tensor<9xi32>) weights(%down : tensor<8x64x48xbf16>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>}
    : tensor<?x48xbf16> -> tensor<?x64xbf16> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  %z = moe.combine %y, %p weights(%w : tensor<?x2xf32>) {accumulate = #moe.accumulate<result>}
    : tensor<?x64xbf16>, tensor<?x2xi32> -> tensor<?x64xbf16>
  return %z : tensor<?x64xbf16>
}

// -----

// Positions from elsewhere might name a row twice.
// CHECK-LABEL: @unknown_positions
// CHECK-NOT: moe.row_weights
// REMARK: [Missed] FuseWeights {{.*}} may share a row
func.func @unknown_positions(%h: tensor<?x48xf32>, %o: tensor<9xi32>, %p: tensor<?x2xi32>,
                             %w: tensor<?x2xf32>, %down: tensor<8x64x48xf32>) -> tensor<?x64xf32> {
  %y = moe.grouped_gemm %h offsets(%o : tensor<9xi32>) weights(%down : tensor<8x64x48xf32>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>}
    : tensor<?x48xf32> -> tensor<?x64xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  %z = moe.combine %y, %p weights(%w : tensor<?x2xf32>)
    : tensor<?x64xf32>, tensor<?x2xi32> -> tensor<?x64xf32>
  return %z : tensor<?x64xf32>
}
