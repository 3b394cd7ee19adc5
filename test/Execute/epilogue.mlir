// Functions of the epilogue, on vectors, near zero, far from it, infinite and NaN.

// RUN: moe-run %s --input=%S/Data/epilogue.tiny.in.safetensors --expect=%S/Data/epilogue.tiny.out.safetensors
// RUN: moe-run %s --input=%S/Data/epilogue.plain.in.safetensors --expect=%S/Data/epilogue.plain.out.safetensors
// RUN: moe-run %s --input=%S/Data/epilogue.negative.in.safetensors --expect=%S/Data/epilogue.negative.out.safetensors
// RUN: moe-run %s --input=%S/Data/epilogue.large.in.safetensors --expect=%S/Data/epilogue.large.out.safetensors
// RUN: moe-run %s --input=%S/Data/epilogue.special.in.safetensors --expect=%S/Data/epilogue.special.out.safetensors

func.func @moe_layer(%x: tensor<?x1xf32> {moe.name = "x"}, %one: tensor<1x1xf32> {moe.name = "one"})
    -> (tensor<?x1xf32> {moe.name = "exp"}, tensor<?x1xf32> {moe.name = "tanh"},
        tensor<?x1xf32> {moe.name = "erf"}, tensor<?x1xf32> {moe.name = "silu"}) {
  %exp = moe.grouped_gemm %x weights(%one : tensor<1x1xf32>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>}
    : tensor<?x1xf32> -> tensor<?x1xf32> {
  ^bb0(%sum: f32):
    %y = math.exp %sum : f32
    moe.yield %y : f32
  }
  %tanh = moe.grouped_gemm %x weights(%one : tensor<1x1xf32>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>}
    : tensor<?x1xf32> -> tensor<?x1xf32> {
  ^bb0(%sum: f32):
    %y = math.tanh %sum : f32
    moe.yield %y : f32
  }
  %erf = moe.grouped_gemm %x weights(%one : tensor<1x1xf32>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>}
    : tensor<?x1xf32> -> tensor<?x1xf32> {
  ^bb0(%sum: f32):
    %y = math.erf %sum : f32
    moe.yield %y : f32
  }
  %silu = moe.grouped_gemm %x weights(%one : tensor<1x1xf32>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>}
    : tensor<?x1xf32> -> tensor<?x1xf32> {
  ^bb0(%sum: f32):
    %one_f32 = arith.constant 1.0 : f32
    %minus = arith.negf %sum : f32
    %exponential = math.exp %minus : f32
    %denominator = arith.addf %exponential, %one_f32 : f32
    %y = arith.divf %sum, %denominator : f32
    moe.yield %y : f32
  }
  return %exp, %tanh, %erf, %silu
    : tensor<?x1xf32>, tensor<?x1xf32>, tensor<?x1xf32>, tensor<?x1xf32>
}
