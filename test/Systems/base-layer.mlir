// BASE layers in training: every expert gets the same number of tokens, with the largest total
// affinity. The expert, with a layer norm of its own and a residual, is mixed with its input by the
// sigmoid of the affinity. There is no loss.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/base-layer.plain.in.safetensors --expect=%S/Data/base-layer.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/base-layer.large.in.safetensors --expect=%S/Data/base-layer.large.out.safetensors --tolerance=1e-5

// CHECK: moe.gate linear
// CHECK: moe.assign_balanced
// CHECK: moe.gather_weights
// CHECK: moe.score sigmoid
// CHECK: moe.group_by_expert
// CHECK: moe.dispatch
// CHECK: moe.row_experts
// CHECK: moe.expert_mlp none
// CHECK: moe.combine
// CHECK: moe.mix convex_sigmoid

#element = affine_map<(t, m) -> (t, m)>
#row = affine_map<(t, m) -> (t)>

func.func @moe_layer(
    %x:         tensor<?x10xf32>   {moe.name = "hidden_states"},
    %router:    tensor<4x10xf32>   {moe.name = "router.weight"},
    %norm:      tensor<4x10xf32>   {moe.name = "experts.norm.weight"},
    %norm_bias: tensor<4x10xf32>   {moe.name = "experts.norm.bias"},
    %up:        tensor<4x7x10xf32> {moe.name = "experts.up.weight"},
    %up_bias:   tensor<4x7xf32>    {moe.name = "experts.up.bias"},
    %down:      tensor<4x10x7xf32> {moe.name = "experts.down.weight"},
    %down_bias: tensor<4x10xf32>   {moe.name = "experts.down.bias"})
    -> (tensor<?x10xf32> {moe.name = "hidden_states"},
        tensor<?x1xi32>  {moe.name = "topk_ids"},
        tensor<?x1xf32>  {moe.name = "topk_weights"}) {
  %logits = moe.gate linear %x, %router
    : tensor<?x10xf32>, tensor<4x10xf32> -> tensor<?x4xf32>
  %ids = moe.assign_balanced %logits : tensor<?x4xf32>
  %affinity = moe.gather_weights %logits, %ids : tensor<?x4xf32>, tensor<?x1xi32>
  %weights = moe.score sigmoid %affinity : tensor<?x1xf32> -> tensor<?x1xf32>

  %offsets, %sources, %positions = moe.group_by_expert %ids
    {num_experts = 4 : i64}
    : tensor<?x1xi32> -> tensor<5xi32>, tensor<?xi32>, tensor<?x1xi32>
  %rows = moe.dispatch %x, %sources : tensor<?x10xf32>, tensor<?xi32> -> tensor<?x10xf32>
  %experts = moe.row_experts %offsets, %sources : tensor<5xi32>, tensor<?xi32>
  %c0 = arith.constant 0 : index
  %count = tensor.dim %rows, %c0 : tensor<?x10xf32>
  %zero = arith.constant 0.0 : f32
  %width = arith.constant 10.0 : f32
  %epsilon = arith.constant 1.0e-5 : f32
  %zeros = tensor.splat %zero[%count] : tensor<?xf32>
  %sums = linalg.reduce {arith.addf} ins(%rows : tensor<?x10xf32>) outs(%zeros : tensor<?xf32>)
    dimensions = [1]
  %centred = linalg.generic {indexing_maps = [#element, #row, #element],
      iterator_types = ["parallel", "parallel"]}
    ins(%rows, %sums : tensor<?x10xf32>, tensor<?xf32>) outs(%rows : tensor<?x10xf32>) {
  ^bb0(%v: f32, %s: f32, %unused: f32):
    %mean = arith.divf %s, %width : f32
    %difference = arith.subf %v, %mean : f32
    linalg.yield %difference : f32
  } -> tensor<?x10xf32>
  %square = arith.mulf %centred, %centred : tensor<?x10xf32>
  %squares = linalg.reduce {arith.addf} ins(%square : tensor<?x10xf32>) outs(%zeros : tensor<?xf32>)
    dimensions = [1]
  %normed = linalg.generic {indexing_maps = [#element, #row, #row, #element],
      iterator_types = ["parallel", "parallel"]}
    ins(%centred, %squares, %experts : tensor<?x10xf32>, tensor<?xf32>, tensor<?xi32>)
    outs(%centred : tensor<?x10xf32>) {
  ^bb0(%v: f32, %s: f32, %id: i32, %unused: f32):
    %variance = arith.divf %s, %width : f32
    %shifted = arith.addf %variance, %epsilon : f32
    %inverse = math.rsqrt %shifted : f32
    %unit = arith.mulf %v, %inverse : f32
    %e = arith.index_cast %id : i32 to index
    %column = linalg.index 1 : index
    %g = tensor.extract %norm[%e, %column] : tensor<4x10xf32>
    %b = tensor.extract %norm_bias[%e, %column] : tensor<4x10xf32>
    %scaled = arith.mulf %unit, %g : f32
    %result = arith.addf %scaled, %b : f32
    linalg.yield %result : f32
  } -> tensor<?x10xf32>
  %change = moe.expert_mlp none %normed offsets(%offsets : tensor<5xi32>)
    up(%up : tensor<4x7x10xf32>) down(%down : tensor<4x10x7xf32>)
    up_bias(%up_bias : tensor<4x7xf32>) down_bias(%down_bias : tensor<4x10xf32>)
    {activation = #moe.activation<relu>}
    : tensor<?x10xf32> -> tensor<?x10xf32>
  %outputs = arith.addf %rows, %change : tensor<?x10xf32>
  %routed = moe.combine %outputs, %positions
    : tensor<?x10xf32>, tensor<?x1xi32> -> tensor<?x10xf32>

  %y = moe.mix convex_sigmoid %x, %routed coefficient(%affinity : tensor<?x1xf32>)
    : tensor<?x10xf32>
  return %y, %ids, %weights : tensor<?x10xf32>, tensor<?x1xi32>, tensor<?x1xf32>
}
