// RUN: moe-opt %s --moe-print-tuning-key='target=x86-64-v3 tokens=300' -o %t.mlir | FileCheck %s
// RUN: moe-opt %s -o - | diff - %t.mlir

// Gate and up projection with everything that a fused GEMM can have, from a shard of
// 8 of 32 experts.
// CHECK: #moe.tuning_key<kernel = grouped_gemm, experts = 8, total_experts = 32, top_k = 2, depth = 64, columns = 48, projections = 2, weights = [f16 out_in stride 2], input = f16, result = f16, sums = f32, gathers_rows = true, column_inputs = 1, row_inputs = 1, epilogue = [arith.addf+2*arith.mulf], tokens = 512, target = x86-64-v3, cpu = x86-64-v3, vector_bits = 256, dot_bf16 = false, cores = 8>{{$}}
func.func @fused(%x: tensor<?x64xf16>, %scores: tensor<?x32xf32>, %bias: tensor<8x48xf32>,
                 %w: tensor<8x96x64xf16, #moe.per_expert>, %weights: tensor<?x2xf32>)
    -> tensor<?x48xf16> {
  %i = moe.top_k %scores {k = 2 : i64} : tensor<?x32xf32>
  %o, %s, %p = moe.group_by_expert %i {num_experts = 8 : i64}
    : tensor<?x2xi32> -> tensor<9xi32>, tensor<?xi32>, tensor<?x2xi32>
  %rw = moe.row_weights %weights, %p, %s
    : tensor<?x2xf32>, tensor<?x2xi32>, tensor<?xi32> -> tensor<?xf32>
  %y = moe.grouped_gemm %x sources(%s : tensor<?xi32>) offsets(%o : tensor<9xi32>)
    weights(%w, %w : tensor<8x96x64xf16, #moe.per_expert>, tensor<8x96x64xf16, #moe.per_expert>)
    columns(%bias : tensor<8x48xf32>) rows(%rw : tensor<?xf32>)
    {layouts = [#moe.matrix_layout<out_in>, #moe.matrix_layout<out_in>],
     starts = array<i64: 1, 0>, strides = array<i64: 2, 2>}
    : tensor<?x64xf16> -> tensor<?x48xf16> {
  ^bb0(%up: f32, %gate: f32, %b: f32, %weight: f32):
    %u = arith.addf %up, %b : f32
    %h = arith.mulf %u, %gate : f32
    %r = arith.mulf %h, %weight : f32
    moe.yield %r : f32
  }
  return %y : tensor<?x48xf16>
}

// Weights of two kinds, and one expert that gets all tokens.
// CHECK: #moe.tuning_key<kernel = grouped_gemm, experts = 1, total_experts = 1, top_k = 1, depth = 64, columns = 48, projections = 2, weights = [f8E4M3FN/16x32:f32 out_in, mxfp4 out_in], input = bf16, result = f32, sums = f32, gathers_rows = false, column_inputs = 0, row_inputs = 0, epilogue = [arith.mulf], tokens = 512,
func.func @quantized(%x: tensor<?x64xbf16>, %d: tensor<48x64xf8E4M3FN>, %s: tensor<3x2xf32>,
                     %m: tensor<48x2x16xi8>, %ms: tensor<48x2xi8>) -> tensor<?x48xf32> {
  %u = moe.dequantize block %d, %s {block_shape = array<i64: 16, 32>}
    : tensor<48x64xf8E4M3FN>, tensor<3x2xf32> -> tensor<48x64xbf16>
  %g = moe.dequantize mxfp4 %m, %ms : tensor<48x2x16xi8>, tensor<48x2xi8> -> tensor<48x64xbf16>
  %y = moe.grouped_gemm %x weights(%u, %g : tensor<48x64xbf16>, tensor<48x64xbf16>)
    {layouts = [#moe.matrix_layout<out_in>, #moe.matrix_layout<out_in>],
     starts = array<i64: 0, 0>, strides = array<i64: 1, 1>}
    : tensor<?x64xbf16> -> tensor<?x48xf32> {
  ^bb0(%up: f32, %gate: f32):
    %r = arith.mulf %up, %gate : f32
    moe.yield %r : f32
  }
  return %y : tensor<?x48xf32>
}

// Offsets from elsewhere tell nothing about the routing.
// CHECK: experts = 8, total_experts = 8, top_k = 0, depth = 64, columns = 48, projections = 1, weights = [f64 in_out], input = f32, result = f32, sums = f64,
func.func @unknown_routing(%x: tensor<?x64xf32>, %o: tensor<9xi32>, %w: tensor<8x64x48xf64>)
    -> tensor<?x48xf32> {
  %y = moe.grouped_gemm %x offsets(%o : tensor<9xi32>) weights(%w : tensor<8x64x48xf64>)
    {layouts = [#moe.matrix_layout<in_out>], starts = array<i64: 0>, strides = array<i64: 1>}
    : tensor<?x64xf32> -> tensor<?x48xf32> {
  ^bb0(%sum: f64):
    moe.yield %sum : f64
  }
  return %y : tensor<?x48xf32>
}

// Where rows go, and which router gave them.
// CHECK: experts = 8, total_experts = 8, top_k = 2, {{.*}} epilogue = [adds+arith.mulf],
func.func @adds(%x: tensor<?x64xf32>, %l: tensor<?x8xf32>, %t: tensor<?xi32>, %n: index,
                %w: tensor<8x64x48xf32>) -> tensor<?x48xf32> {
  %o = moe.route %l : (tensor<?x8xf32>) -> tensor<9xi32> {
  ^bb0(%logits: tensor<?x8xf32>):
    %i = moe.top_k %logits {k = 2 : i64} : tensor<?x8xf32>
    %offsets, %s, %p = moe.group_by_expert %i {num_experts = 8 : i64}
      : tensor<?x2xi32> -> tensor<9xi32>, tensor<?xi32>, tensor<?x2xi32>
    moe.yield %offsets : tensor<9xi32>
  }
  %y = moe.grouped_gemm %x offsets(%o : tensor<9xi32>) weights(%w : tensor<8x64x48xf32>)
    targets(%t : tensor<?xi32>) of %n
    {adds, layouts = [#moe.matrix_layout<in_out>], starts = array<i64: 0>,
     strides = array<i64: 1>} : tensor<?x64xf32> -> tensor<?x48xf32> {
  ^bb0(%sum: f32):
    %square = arith.mulf %sum, %sum : f32
    moe.yield %square : f32
  }
  return %y : tensor<?x48xf32>
}

// CHECK-NOT: tuning_key
func.func @nothing_to_schedule(%x: tensor<?x64xf32>) -> tensor<?x64xf32> {
  return %x : tensor<?x64xf32>
}

// A layer whose plan is still to be obeyed.
// CHECK: #moe.tuning_key<kernel = layer, experts = 4, total_experts = 4, top_k = 2, inputs = 16, columns = 16, input = bf16, result = bf16, sums = f32, router_ops = 3, shared_experts = 1, tokens = 512, target = x86-64-v3, cpu = x86-64-v3, vector_bits = 256, dot_bf16 = false, cores = 8>{{$}}
func.func @shared(%x: tensor<?x16xbf16>, %l: tensor<?x4xf32>,
    %up: tensor<4x8x16xbf16>, %down: tensor<4x16x8xbf16>,
    %sup: tensor<8x16xbf16>, %sdown: tensor<16x8xbf16>) -> tensor<?x16xbf16> {
  %i = moe.top_k %l {k = 2 : i64} : tensor<?x4xf32>
  %w = moe.gather_weights %l, %i : tensor<?x4xf32>, tensor<?x2xi32>
  %o, %s, %p = moe.group_by_expert %i {num_experts = 4 : i64}
    : tensor<?x2xi32> -> tensor<5xi32>, tensor<?xi32>, tensor<?x2xi32>
  %rows = moe.dispatch %x, %s : tensor<?x16xbf16>, tensor<?xi32> -> tensor<?x16xbf16>
  %e = moe.expert_mlp none %rows offsets(%o : tensor<5xi32>) up(%up : tensor<4x8x16xbf16>)
    down(%down : tensor<4x16x8xbf16>) {activation = #moe.activation<silu>}
    : tensor<?x16xbf16> -> tensor<?x16xbf16>
  %y = moe.combine %e, %p weights(%w : tensor<?x2xf32>)
    : tensor<?x16xbf16>, tensor<?x2xi32> -> tensor<?x16xbf16>
  %b = moe.expert_mlp none %x up(%sup : tensor<8x16xbf16>)
    down(%sdown : tensor<16x8xbf16>) {activation = #moe.activation<silu>}
    : tensor<?x16xbf16> -> tensor<?x16xbf16>
  %m = moe.mix add %y, %b : tensor<?x16xbf16>
  return %m : tensor<?x16xbf16>
}
