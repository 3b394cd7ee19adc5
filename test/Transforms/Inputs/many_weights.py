"""Prints a grouped GEMM with so many projections that no tile fits the memory of a thread."""

COUNT = 3000
TYPE = "tensor<16x16xf32>"


def repeat(text):
    return ", ".join([text] * COUNT)


arguments = ", ".join(f"%a{i}: f32" for i in range(COUNT))
print(f"""func.func @many(%x: tensor<?x16xf32>, %w: {TYPE}) -> tensor<?x16xf32> {{
  %y = moe.grouped_gemm %x weights({repeat("%w")} : {repeat(TYPE)})
    {{layouts = [{repeat("#moe.matrix_layout<out_in>")}], starts = array<i64: {repeat("0")}>,
     strides = array<i64: {repeat("1")}>}} : tensor<?x16xf32> -> tensor<?x16xf32> {{
  ^bb0({arguments}):
    moe.yield %a0 : f32
  }}
  return %y : tensor<?x16xf32>
}}""")
