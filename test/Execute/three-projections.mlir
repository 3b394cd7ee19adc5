// Three weights, of which the first is laid out in another way than the two behind it, which are
// computed by the same code.

// DEFINE: %{stream_rows} = 4
// DEFINE: %{case} = few
// DEFINE: %{run} = sed -e 's/STREAM/%{stream_rows}/' -e 's/LANES/%lanes32/' %s > %t.mlir && \
// DEFINE:   moe-run %t.mlir --input=%S/Data/three-projections.%{case}.in.safetensors \
// DEFINE:   --expect=%S/Data/three-projections.%{case}.out.safetensors --tolerance=0
// RUN: %{run}
// REDEFINE: %{case} = many
// RUN: %{run}
// REDEFINE: %{case} = t0
// RUN: %{run}
// REDEFINE: %{stream_rows} = 0
// REDEFINE: %{case} = few
// RUN: %{run}

#schedule = #moe.schedule<rows = 4, columns = 16, depth = 16, stream_rows = STREAM, register_rows = 4, register_vectors = 1, lanes = LANES, multiply = fma>
func.func @moe_layer(%x: tensor<?x19xf32> {moe.name = "x"}, %a: tensor<19x21xf32> {moe.name = "a"},
                     %b: tensor<21x19xf32> {moe.name = "b"}, %c: tensor<21x19xf32> {moe.name = "c"})
    -> (tensor<?x21xf32> {moe.name = "y"}) {
  %y = moe.grouped_gemm %x
    weights(%a, %b, %c : tensor<19x21xf32>, tensor<21x19xf32>, tensor<21x19xf32>)
    {layouts = [#moe.matrix_layout<in_out>, #moe.matrix_layout<out_in>, #moe.matrix_layout<out_in>],
     starts = array<i64: 0, 0, 0>, strides = array<i64: 1, 1, 1>, schedule = #schedule}
    : tensor<?x19xf32> -> tensor<?x21xf32> {
  ^bb0(%p: f32, %q: f32, %r: f32):
    %product = arith.mulf %p, %q : f32
    %sum = arith.addf %product, %r : f32
    moe.yield %sum : f32
  }
  return %y : tensor<?x21xf32>
}
