// RUN: moe-opt %s --moe-stack-experts | FileCheck %s

// The table becomes one tensor, also where it is dequantised, and has no name any more.
// CHECK-LABEL: @stacked
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<?x64xbf16> {moe.name = "x"}, %[[W:[a-z0-9]+]]: tensor<4x48x64xbf16>, %[[OFFSETS:[a-z0-9]+]]: tensor<5xi32>
// CHECK: moe.grouped_gemm %[[X]] offsets(%[[OFFSETS]] : tensor<5xi32>) weights(%[[W]] : tensor<4x48x64xbf16>)
func.func @stacked(%x: tensor<?x64xbf16> {moe.name = "x"},
                   %w: tensor<4x48x64xbf16, #moe.per_expert> {moe.name = "experts.{expert}.w"},
                   %offsets: tensor<5xi32>) -> tensor<?x48xbf16> {
  %y = moe.grouped_gemm %x offsets(%offsets : tensor<5xi32>)
    weights(%w : tensor<4x48x64xbf16, #moe.per_expert>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>}
    : tensor<?x64xbf16> -> tensor<?x48xbf16> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  return %y : tensor<?x48xbf16>
}

// CHECK-LABEL: @one_tensor
// CHECK-SAME: %{{.+}}: tensor<4x48x64xbf16> {moe.name = "w"}
func.func @one_tensor(%w: tensor<4x48x64xbf16> {moe.name = "w"}) -> tensor<4x48x64xbf16> {
  return %w : tensor<4x48x64xbf16>
}

// What is appended makes a table of one tensor, and stays one.
// CHECK-LABEL: @append
// CHECK-SAME: %[[W:[a-z0-9]+]]: tensor<8x48x64xbf16>
// CHECK: moe.append_expert %[[W]], %{{.+}} : tensor<8x48x64xbf16>, tensor<48x64xbf16> -> tensor<9x48x64xbf16, #moe.per_expert>
func.func @append(%w: tensor<8x48x64xbf16, #moe.per_expert>, %s: tensor<48x64xbf16>)
    -> tensor<9x48x64xbf16, #moe.per_expert> {
  %r = moe.append_expert %w, %s : tensor<8x48x64xbf16, #moe.per_expert>, tensor<48x64xbf16>
    -> tensor<9x48x64xbf16, #moe.per_expert>
  return %r : tensor<9x48x64xbf16, #moe.per_expert>
}
