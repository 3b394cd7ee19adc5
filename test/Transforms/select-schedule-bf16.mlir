// RUN: moe-opt %s --moe-select-schedule='target=znver4 tokens=4096' | FileCheck %s --check-prefixes=CHECK,DOT
// RUN: moe-opt %s --moe-select-schedule='target=x86-64-v4 tokens=4096' | FileCheck %s --check-prefixes=CHECK,FMA
// RUN: moe-opt %s --moe-select-schedule='target=znver4 tokens=1' --remark-policy=all \
// RUN:   --remarks-filter=moe-select-schedule -o /dev/null 2>&1 | FileCheck %s --check-prefix=ONE

// One token waits for the weights.
// ONE: Reason="shortest estimate: the weights are read from memory"

// CHECK-LABEL: @stored_bf16
// DOT: multiply = dot_bf16>
// FMA: multiply = fma>
func.func @stored_bf16(%x: tensor<?x2048xbf16>, %w: tensor<1024x2048xbf16>) -> tensor<?x1024xbf16> {
  %y = moe.grouped_gemm %x weights(%w : tensor<1024x2048xbf16>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>}
    : tensor<?x2048xbf16> -> tensor<?x1024xbf16> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  return %y : tensor<?x1024xbf16>
}

// Scales cannot be taken into the instruction.
// CHECK-LABEL: @quantized
// CHECK: multiply = fma>
func.func @quantized(%x: tensor<?x2048xbf16>, %d: tensor<1024x2048xf8E4M3FN>, %s: tensor<8x16xf32>)
    -> tensor<?x1024xbf16> {
  %w = moe.dequantize block %d, %s {block_shape = array<i64: 128, 128>}
    : tensor<1024x2048xf8E4M3FN>, tensor<8x16xf32> -> tensor<1024x2048xbf16>
  %y = moe.grouped_gemm %x weights(%w : tensor<1024x2048xbf16>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>}
    : tensor<?x2048xbf16> -> tensor<?x1024xbf16> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  return %y : tensor<?x1024xbf16>
}
