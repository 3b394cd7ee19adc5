// A router whose choices are sorted by expert: for few tokens one kernel of a GPU, for many two.

// RUN: moe-run %s --input=%S/Data/route.few.in.safetensors --expect=%S/Data/route.few.out.safetensors
// RUN: moe-run %s --input=%S/Data/route.many.in.safetensors --expect=%S/Data/route.many.out.safetensors
// RUN: moe-run %s --input=%S/Data/route.t0.in.safetensors --expect=%S/Data/route.t0.out.safetensors
// RUN: moe-run %s --input=%S/Data/route.t1.in.safetensors --expect=%S/Data/route.t1.out.safetensors

func.func @moe_layer(%logits: tensor<?x32xf32> {moe.name = "logits"},
    %x: tensor<?x4xf32> {moe.name = "x"}, %experts: tensor<20x4x4xf32> {moe.name = "experts"})
    -> (tensor<?x3xi32> {moe.name = "ids"}, tensor<?x3xf32> {moe.name = "weights"},
        tensor<21xi32> {moe.name = "offsets"}, tensor<?x3xi32> {moe.name = "positions"},
        tensor<?x4xf32> {moe.name = "y"}) {
  %ids, %weights, %offsets, %sources, %positions, %row_weights, %choices = moe.route %logits
      : (tensor<?x32xf32>) -> (tensor<?x3xi32>, tensor<?x3xf32>, tensor<21xi32>, tensor<?xi32>,
                               tensor<?x3xi32>, tensor<?xf32>, tensor<?xi32>) {
  ^bb0(%l: tensor<?x32xf32>):
    %scores = moe.score sigmoid %l : tensor<?x32xf32> -> tensor<?x32xf32>
    %limited = moe.limit_groups max %scores {keep = 2 : i64, num_groups = 4 : i64} : tensor<?x32xf32>
    %i = moe.top_k %limited {k = 3 : i64} : tensor<?x32xf32>
    %chosen = moe.gather_weights %scores, %i : tensor<?x32xf32>, tensor<?x3xi32>
    %w = moe.normalize_weights %chosen {order = 1.0 : f64} : tensor<?x3xf32>
    %o, %s, %p = moe.group_by_expert %i {first_expert = 5 : i64, num_experts = 20 : i64}
      : tensor<?x3xi32> -> tensor<21xi32>, tensor<?xi32>, tensor<?x3xi32>
    %r = moe.row_weights %w, %p, %s
      : tensor<?x3xf32>, tensor<?x3xi32>, tensor<?xi32> -> tensor<?xf32>
    %c = moe.row_choices %p, %s : tensor<?x3xi32>, tensor<?xi32>
    moe.yield %i, %w, %o, %s, %p, %r, %c
      : tensor<?x3xi32>, tensor<?x3xf32>, tensor<21xi32>, tensor<?xi32>, tensor<?x3xi32>,
        tensor<?xf32>, tensor<?xi32>
  }
  %c0 = arith.constant 0 : index
  %c3 = arith.constant 3 : index
  %tokens = tensor.dim %logits, %c0 : tensor<?x32xf32>
  %count = arith.muli %tokens, %c3 : index
  %rows = moe.dispatch %x, %sources : tensor<?x4xf32>, tensor<?xi32> -> tensor<?x4xf32>
  %outs = moe.grouped_gemm %rows offsets(%offsets : tensor<21xi32>)
    weights(%experts : tensor<20x4x4xf32>) rows(%row_weights : tensor<?xf32>)
    targets(%choices : tensor<?xi32>) of %count
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>}
    : tensor<?x4xf32> -> tensor<?x4xf32> {
  ^bb0(%sum: f32, %weight: f32):
    %product = arith.mulf %sum, %weight : f32
    moe.yield %product : f32
  }
  %y = moe.combine %outs, %positions {by_choice} : tensor<?x4xf32>, tensor<?x3xi32> -> tensor<?x4xf32>
  return %ids, %weights, %offsets, %positions, %y
    : tensor<?x3xi32>, tensor<?x3xf32>, tensor<21xi32>, tensor<?x3xi32>, tensor<?x4xf32>
}
