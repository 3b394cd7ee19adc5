// Hash layers (ParlAI): a fixed random table gives the expert of each token id.
// The residual and the layer norm after it belong to the layer; there is no router and no weight.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/hash-layer.plain.in.safetensors --expect=%S/Data/hash-layer.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/hash-layer.empty.in.safetensors --expect=%S/Data/hash-layer.empty.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/hash-layer.foreign.in.safetensors --expect=%S/Data/hash-layer.foreign.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/hash-layer.t0.in.safetensors --expect=%S/Data/hash-layer.t0.out.safetensors --tolerance=1e-5

// CHECK: moe.lookup
// CHECK: moe.group_by_expert
// CHECK: moe.dispatch
// CHECK: moe.expert_mlp none
// CHECK: moe.combine
// CHECK: moe.mix add

#element = affine_map<(t, m) -> (t, m)>
#row = affine_map<(t, m) -> (t)>
#column = affine_map<(t, m) -> (m)>

func.func @moe_layer(
    %x:         tensor<?x10xf32>   {moe.name = "hidden_states"},
    %token_ids: tensor<?xi32>      {moe.name = "token_ids"},
    %table:     tensor<40xi32>     {moe.name = "table"},
    %up:        tensor<5x8x10xf32> {moe.name = "experts.up.weight"},
    %up_bias:   tensor<5x8xf32>    {moe.name = "experts.up.bias"},
    %down:      tensor<5x10x8xf32> {moe.name = "experts.down.weight"},
    %down_bias: tensor<5x10xf32>   {moe.name = "experts.down.bias"},
    %norm_bias: tensor<10xf32>     {moe.name = "norm.bias"},
    %norm:      tensor<10xf32>     {moe.name = "norm.weight"})
    -> (tensor<?x10xf32> {moe.name = "hidden_states"},
        tensor<?x1xi32>  {moe.name = "topk_ids"}) {
  %ids = moe.lookup %table, %token_ids : tensor<40xi32>, tensor<?xi32>
  %offsets, %sources, %positions = moe.group_by_expert %ids
    {num_experts = 5 : i64}
    : tensor<?x1xi32> -> tensor<6xi32>, tensor<?xi32>, tensor<?x1xi32>
  %rows = moe.dispatch %x, %sources : tensor<?x10xf32>, tensor<?xi32> -> tensor<?x10xf32>
  %outputs = moe.expert_mlp none %rows offsets(%offsets : tensor<6xi32>)
    up(%up : tensor<5x8x10xf32>) down(%down : tensor<5x10x8xf32>)
    up_bias(%up_bias : tensor<5x8xf32>) down_bias(%down_bias : tensor<5x10xf32>)
    {activation = #moe.activation<relu>}
    : tensor<?x10xf32> -> tensor<?x10xf32>
  %routed = moe.combine %outputs, %positions
    : tensor<?x10xf32>, tensor<?x1xi32> -> tensor<?x10xf32>
  %sum = moe.mix add %x, %routed : tensor<?x10xf32>

  %c0 = arith.constant 0 : index
  %tokens = tensor.dim %x, %c0 : tensor<?x10xf32>
  %zero = arith.constant 0.0 : f32
  %width = arith.constant 10.0 : f32
  %epsilon = arith.constant 1.0e-5 : f32
  %zeros = tensor.splat %zero[%tokens] : tensor<?xf32>
  %sums = linalg.reduce {arith.addf} ins(%sum : tensor<?x10xf32>) outs(%zeros : tensor<?xf32>)
    dimensions = [1]
  %centred = linalg.generic {indexing_maps = [#element, #row, #element],
      iterator_types = ["parallel", "parallel"]}
    ins(%sum, %sums : tensor<?x10xf32>, tensor<?xf32>) outs(%sum : tensor<?x10xf32>) {
  ^bb0(%v: f32, %s: f32, %unused: f32):
    %mean = arith.divf %s, %width : f32
    %difference = arith.subf %v, %mean : f32
    linalg.yield %difference : f32
  } -> tensor<?x10xf32>
  %square = arith.mulf %centred, %centred : tensor<?x10xf32>
  %squares = linalg.reduce {arith.addf} ins(%square : tensor<?x10xf32>) outs(%zeros : tensor<?xf32>)
    dimensions = [1]
  %y = linalg.generic {indexing_maps = [#element, #row, #column, #column, #element],
      iterator_types = ["parallel", "parallel"]}
    ins(%centred, %squares, %norm, %norm_bias
        : tensor<?x10xf32>, tensor<?xf32>, tensor<10xf32>, tensor<10xf32>)
    outs(%centred : tensor<?x10xf32>) {
  ^bb0(%v: f32, %s: f32, %g: f32, %b: f32, %unused: f32):
    %variance = arith.divf %s, %width : f32
    %shifted = arith.addf %variance, %epsilon : f32
    %inverse = math.rsqrt %shifted : f32
    %unit = arith.mulf %v, %inverse : f32
    %scaled = arith.mulf %unit, %g : f32
    %result = arith.addf %scaled, %b : f32
    linalg.yield %result : f32
  } -> tensor<?x10xf32>
  return %y, %ids : tensor<?x10xf32>, tensor<?x1xi32>
}
