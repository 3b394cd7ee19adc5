// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-opt %s --mlir-print-op-generic | moe-opt | FileCheck %s

// CHECK-LABEL: @everything
// CHECK: %[[RW:.+]] = moe.row_weights %{{.+}}, %{{.+}}, %[[S:.+]] : tensor<?x2xf32>, tensor<?x2xi32>, tensor<?xi32> -> tensor<?xf32>
// CHECK: moe.grouped_gemm %{{.+}} sources(%{{.+}} : tensor<?xi32>) offsets(%{{.+}} : tensor<9xi32>)
// CHECK-SAME: weights(%[[W:.+]], %[[W]] : tensor<8x96x64xf16, #moe.per_expert>, tensor<8x96x64xf16, #moe.per_expert>)
// CHECK-SAME: columns(%{{.+}} : tensor<8x48xf32>) rows(%[[RW]] : tensor<?xf32>)
// CHECK-SAME: {layouts = [#moe.matrix_layout<out_in>, #moe.matrix_layout<out_in>], starts = array<i64: 1, 0>, strides = array<i64: 2, 2>}
// CHECK-SAME: tensor<?x64xf16> -> tensor<?x48xf16>
// CHECK-NEXT: ^bb0(%{{.+}}: f32, %{{.+}}: f32, %{{.+}}: f32, %{{.+}}: f32):
// CHECK: moe.yield %{{.+}} : f32
func.func @everything(%x: tensor<?x64xf16>, %s: tensor<?xi32>, %o: tensor<9xi32>,
                      %w: tensor<8x96x64xf16, #moe.per_expert>, %bias: tensor<8x48xf32>,
                      %weights: tensor<?x2xf32>, %p: tensor<?x2xi32>) -> tensor<?x48xf16> {
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

// One matrix, without experts.
// CHECK-LABEL: @plain
// CHECK: moe.grouped_gemm %{{.+}} weights(%{{.+}} : tensor<16x32xf64>)
// CHECK-SAME: tensor<?x16xf64> -> tensor<?x32xf64>
func.func @plain(%x: tensor<?x16xf64>, %w: tensor<16x32xf64>) -> tensor<?x32xf64> {
  %y = moe.grouped_gemm %x weights(%w : tensor<16x32xf64>)
    {layouts = [#moe.matrix_layout<in_out>], starts = array<i64: 0>, strides = array<i64: 1>}
    : tensor<?x16xf64> -> tensor<?x32xf64> {
  ^bb0(%sum: f64):
    moe.yield %sum : f64
  }
  return %y : tensor<?x32xf64>
}

// CHECK-LABEL: @scheduled
// CHECK: moe.grouped_gemm
// CHECK-SAME: schedule = #moe.schedule<rows = 256, columns = 96, depth = 1024, stream_rows = 16, register_rows = 8, register_vectors = 3, lanes = 16, multiply = fma>
func.func @scheduled(%x: tensor<?x16xf32>, %w: tensor<16x32xf32>) -> tensor<?x32xf32> {
  %y = moe.grouped_gemm %x weights(%w : tensor<16x32xf32>)
    {layouts = [#moe.matrix_layout<in_out>], starts = array<i64: 0>, strides = array<i64: 1>,
     schedule = #moe.schedule<multiply = fma, rows = 256, columns = 96, depth = 1024, stream_rows = 16,
                              register_rows = 8, register_vectors = 3, lanes = 16>}
    : tensor<?x16xf32> -> tensor<?x32xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  return %y : tensor<?x32xf32>
}

// CHECK-LABEL: @route
// CHECK: %[[R:.+]]:2 = moe.route %{{.+}} : (tensor<?x8xf32>) -> (tensor<9xi32>, tensor<?xi32>) {
// CHECK-NEXT: ^bb0(%[[SCORES:.+]]: tensor<?x8xf32>):
// CHECK-NEXT: moe.top_k %[[SCORES]]
// CHECK: moe.row_choices %{{.+}}, %{{.+}} : tensor<?x2xi32>, tensor<?xi32>
// CHECK: moe.yield %{{.+}}, %{{.+}} : tensor<9xi32>, tensor<?xi32>
func.func @route(%s: tensor<?x8xf32>) -> (tensor<9xi32>, tensor<?xi32>) {
  %r:2 = moe.route %s : (tensor<?x8xf32>) -> (tensor<9xi32>, tensor<?xi32>) {
  ^bb0(%scores: tensor<?x8xf32>):
    %ids = moe.top_k %scores {k = 2 : i64} : tensor<?x8xf32>
    %o, %sources, %p = moe.group_by_expert %ids {num_experts = 8 : i64}
      : tensor<?x2xi32> -> tensor<9xi32>, tensor<?xi32>, tensor<?x2xi32>
    %choices = moe.row_choices %p, %sources : tensor<?x2xi32>, tensor<?xi32>
    moe.yield %o, %choices : tensor<9xi32>, tensor<?xi32>
  }
  return %r#0, %r#1 : tensor<9xi32>, tensor<?xi32>
}

// CHECK-LABEL: @targets
// CHECK: moe.grouped_gemm %{{.+}} rows(%{{.+}} : tensor<9xf32>) targets(%[[T:.+]] : tensor<9xi32>) of %[[N:[a-z0-9]+]] {adds,
// CHECK-SAME: : tensor<9x16xf32> -> tensor<?x32xf32>
func.func @targets(%x: tensor<9x16xf32>, %w: tensor<16x32xf32>, %r: tensor<9xf32>,
                   %t: tensor<9xi32>, %n: index) -> tensor<?x32xf32> {
  %y = moe.grouped_gemm %x weights(%w : tensor<16x32xf32>) rows(%r : tensor<9xf32>)
    targets(%t : tensor<9xi32>) of %n
    {adds, layouts = [#moe.matrix_layout<in_out>], starts = array<i64: 0>,
     strides = array<i64: 1>} : tensor<9x16xf32> -> tensor<?x32xf32> {
  ^bb0(%sum: f32, %weight: f32):
    %p = arith.mulf %sum, %weight : f32
    moe.yield %p : f32
  }
  return %y : tensor<?x32xf32>
}

// CHECK-LABEL: @append
// CHECK: moe.append_choice %{{.+}}, %{{.+}} coefficient(%{{.+}} : tensor<?x1xbf16>) {expert = 4 : i64, scale = 2.000000e+00 : f64}
// CHECK: moe.append_choice %{{.+}}, %{{.+}} {expert = 7 : i64, first_expert = 4 : i64}
// CHECK: moe.append_expert %{{.+}}, %{{.+}} : tensor<4x8x2x16xi8>, tensor<8x2x16xi8> -> tensor<5x8x2x16xi8, #moe.per_expert>
// CHECK: moe.append_expert %{{.+}}, %{{.+}} : tensor<4x8xf32>, tensor<8xf32> -> tensor<5x8xf32, #moe.per_expert>
func.func @append(%i: tensor<?x?xi32>, %w: tensor<?x?xf32>, %q: tensor<?x1xbf16>,
                  %b: tensor<4x8xf32>, %c: tensor<8xf32>,
                  %codes: tensor<4x8x2x16xi8>, %more: tensor<8x2x16xi8>)
    -> (tensor<?x?xi32>, tensor<5x8xf32, #moe.per_expert>) {
  %j, %v = moe.append_choice %i, %w coefficient(%q : tensor<?x1xbf16>)
    {expert = 4 : i64, scale = 2.0 : f64}
    : tensor<?x?xi32>, tensor<?x?xf32> -> tensor<?x?xi32>, tensor<?x?xf32>
  %own, %own_v = moe.append_choice %i, %w {expert = 7 : i64, first_expert = 4 : i64}
    : tensor<?x?xi32>, tensor<?x?xf32> -> tensor<?x?xi32>, tensor<?x?xf32>
  %all = moe.append_expert %codes, %more : tensor<4x8x2x16xi8>, tensor<8x2x16xi8>
    -> tensor<5x8x2x16xi8, #moe.per_expert>
  %d = moe.append_expert %b, %c : tensor<4x8xf32>, tensor<8xf32>
    -> tensor<5x8xf32, #moe.per_expert>
  return %j, %d : tensor<?x?xi32>, tensor<5x8xf32, #moe.per_expert>
}
