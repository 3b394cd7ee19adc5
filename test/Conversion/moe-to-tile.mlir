// RUN: moe-opt %s --convert-moe-to-tile --split-input-file | FileCheck %s

// Gathered rows and the halves of one tensor.
// CHECK-LABEL: @halves
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<?x64xbf16>, %[[S:[a-z0-9]+]]: tensor<?xi32>, %[[O:[a-z0-9]+]]: tensor<9xi32>, %[[W:[a-z0-9]+]]: tensor<8x96x64xbf16>
// CHECK-DAG: %[[XB:.+]] = bufferization.to_buffer %[[X]]
// CHECK-DAG: %[[SB:.+]] = bufferization.to_buffer %[[S]]
// CHECK-DAG: %[[OB:.+]] = bufferization.to_buffer %[[O]]
// CHECK-DAG: %[[UP:.+]] = bufferization.to_buffer %[[W]]
// CHECK-DAG: %[[ROWS:.+]] = memref.dim %[[SB]]
// CHECK: %[[OUT:.+]] = memref.alloc(%[[ROWS]]) {{.*}}: memref<?x48xbf16>
// CHECK: tile.for_each offsets(%[[OB]] : memref<9xi32>) columns 48 schedule #moe.schedule<rows = 16, columns = 32, depth = 64, stream_rows = 8, register_rows = 8, register_vectors = 2, lanes = 16, multiply = fma> {
// CHECK-NEXT: ^bb0(%[[AT:.+]]: !tile.coords):
// CHECK-NEXT: %[[A:.+]] = tile.rows %[[XB]] of %[[AT]] sources(%[[SB]] : memref<?xi32>) : memref<?x64xbf16> -> !tile.source<64xbf16>
// CHECK-NEXT: %[[B:.+]] = tile.weights %{{.+}} of %[[AT]] {layout = #moe.matrix_layout<out_in>, start = 48 : i64} : memref<8x96x64xbf16> -> !tile.source<64xbf16>
// CHECK-NEXT: %[[C:.+]] = tile.weights %{{.+}} of %[[AT]] {layout = #moe.matrix_layout<out_in>} : memref<8x96x64xbf16> -> !tile.source<64xbf16>
// CHECK-NEXT: %[[SUMS:.+]]:2 = tile.contract %[[A]], %[[B]], %[[C]] : {{.+}} -> !tile.fragment<16x32xf32>, !tile.fragment<16x32xf32>
// CHECK-NEXT: %[[MAP:.+]] = tile.map %[[SUMS]]#0, %[[SUMS]]#1 : {{.+}} -> !tile.fragment<16x32xf32> {
// CHECK-NEXT: ^bb0(%[[UPSUM:.+]]: f32, %[[GATESUM:.+]]: f32):
// CHECK-NEXT: %[[PRODUCT:.+]] = arith.mulf %[[UPSUM]], %[[GATESUM]] : f32
// CHECK-NEXT: tile.yield %[[PRODUCT]] : f32
// CHECK: tile.store %[[MAP]], %[[OUT]] of %[[AT]] : !tile.fragment<16x32xf32>, memref<?x48xbf16>
// CHECK-NOT: moe.grouped_gemm
// CHECK: %[[RESULT:.+]] = bufferization.to_tensor %[[OUT]]
// CHECK: return %[[RESULT]]
func.func @halves(%x: tensor<?x64xbf16>, %s: tensor<?xi32>, %o: tensor<9xi32>,
                  %w: tensor<8x96x64xbf16>) -> tensor<?x48xbf16> {
  %h = moe.grouped_gemm %x sources(%s : tensor<?xi32>) offsets(%o : tensor<9xi32>)
    weights(%w, %w : tensor<8x96x64xbf16>, tensor<8x96x64xbf16>)
    {layouts = [#moe.matrix_layout<out_in>, #moe.matrix_layout<out_in>],
     starts = array<i64: 48, 0>, strides = array<i64: 1, 1>,
     schedule = #moe.schedule<rows = 16, columns = 32, depth = 64, stream_rows = 8,
                              register_rows = 8, register_vectors = 2, lanes = 16, multiply = fma>}
    : tensor<?x64xbf16> -> tensor<?x48xbf16> {
  ^bb0(%up: f32, %gate: f32):
    %product = arith.mulf %up, %gate : f32
    moe.yield %product : f32
  }
  return %h : tensor<?x48xbf16>
}

// -----

// Even and odd outputs.
// CHECK-LABEL: @interleaved
// CHECK: tile.weights %{{.+}} {layout = #moe.matrix_layout<in_out>, start = 1 : i64, stride = 2 : i64} : memref<8x64x96xf32> -> !tile.source<64xf32>
// CHECK: tile.weights %{{.+}} {layout = #moe.matrix_layout<in_out>, stride = 2 : i64} : memref<8x64x96xf32> -> !tile.source<64xf32>
func.func @interleaved(%x: tensor<?x64xf32>, %o: tensor<9xi32>, %w: tensor<8x64x96xf32>)
    -> tensor<?x48xf32> {
  %h = moe.grouped_gemm %x offsets(%o : tensor<9xi32>)
    weights(%w, %w : tensor<8x64x96xf32>, tensor<8x64x96xf32>)
    {layouts = [#moe.matrix_layout<in_out>, #moe.matrix_layout<in_out>],
     starts = array<i64: 1, 0>, strides = array<i64: 2, 2>,
     schedule = #moe.schedule<rows = 16, columns = 32, depth = 64, stream_rows = 8,
                              register_rows = 8, register_vectors = 2, lanes = 16, multiply = fma>}
    : tensor<?x64xf32> -> tensor<?x48xf32> {
  ^bb0(%up: f32, %gate: f32):
    %product = arith.mulf %up, %gate : f32
    moe.yield %product : f32
  }
  return %h : tensor<?x48xf32>
}

// -----

// Tables of addresses; inputs of columns and rows. Without sources there are as many rows
// as x has.
// CHECK-LABEL: @inputs
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<?x64xf16>
// CHECK-DAG: %[[XB:.+]] = bufferization.to_buffer %[[X]]
// CHECK-DAG: %[[WT:.+]] = builtin.unrealized_conversion_cast %{{.+}} : tensor<8x48x64xf16, #moe.per_expert> to memref<8xi64>
// CHECK-DAG: %[[BT:.+]] = builtin.unrealized_conversion_cast %{{.+}} : tensor<8x48xf32, #moe.per_expert> to memref<8xi64>
// CHECK-DAG: %[[ROWS:.+]] = memref.dim %[[XB]]
// CHECK: memref.alloc(%[[ROWS]])
// CHECK: tile.rows %[[XB]] of %{{[a-z0-9]+}} : memref<?x64xf16> -> !tile.source<64xf16>
// CHECK: tile.weights %[[WT]] of %{{.+}} {layout = #moe.matrix_layout<out_in>, slice = memref<48x64xf16>} : memref<8xi64> -> !tile.source<64xf16>
// CHECK: %[[SUM:.+]] = tile.contract
// CHECK: %[[BIAS:.+]] = tile.load_columns %[[BT]] of %{{.+}} {slice = memref<48xf32>} : memref<8xi64> -> !tile.fragment<1x32xf32>
// CHECK: %[[FACTOR:.+]] = tile.load_columns %{{.+}} of %{{.+}} : memref<8x48xf16> -> !tile.fragment<1x32xf32>
// CHECK: %[[WEIGHT:.+]] = tile.load_rows %{{.+}} of %{{.+}} : memref<?xf16> -> !tile.fragment<16x1xf32>
// CHECK: tile.map %[[SUM]], %[[BIAS]], %[[FACTOR]], %[[WEIGHT]] : !tile.fragment<16x32xf32>, !tile.fragment<1x32xf32>, !tile.fragment<1x32xf32>, !tile.fragment<16x1xf32> -> !tile.fragment<16x32xf32> {
func.func @inputs(%x: tensor<?x64xf16>, %o: tensor<9xi32>,
                  %w: tensor<8x48x64xf16, #moe.per_expert>,
                  %bias: tensor<8x48xf32, #moe.per_expert>, %factor: tensor<8x48xf16>,
                  %weight: tensor<?xf16>) -> tensor<?x48xf16> {
  %y = moe.grouped_gemm %x offsets(%o : tensor<9xi32>)
    weights(%w : tensor<8x48x64xf16, #moe.per_expert>)
    columns(%bias, %factor : tensor<8x48xf32, #moe.per_expert>, tensor<8x48xf16>)
    rows(%weight : tensor<?xf16>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>,
     schedule = #moe.schedule<rows = 16, columns = 32, depth = 64, stream_rows = 8,
                              register_rows = 8, register_vectors = 2, lanes = 16, multiply = fma>}
    : tensor<?x64xf16> -> tensor<?x48xf16> {
  ^bb0(%sum: f32, %b: f32, %f: f32, %r: f32):
    %s = arith.addf %sum, %b : f32
    %t = arith.mulf %s, %f : f32
    %u = arith.mulf %t, %r : f32
    moe.yield %u : f32
  }
  return %y : tensor<?x48xf16>
}

// -----

// Quantised weights are read as they are stored.
// CHECK-LABEL: @block
// CHECK-NOT: moe.dequantize
// CHECK: tile.weights %{{.+}} scales(%{{.+}} : memref<8x1x2xf32>) {block_shape = array<i64: 1, 48, 32>, layout = #moe.matrix_layout<out_in>, scheme = #moe<quant_scheme block>} : memref<8x48x64xf8E4M3FN> -> !tile.source<64xbf16>
// CHECK-NOT: moe.dequantize
func.func @block(%x: tensor<?x64xbf16>, %o: tensor<9xi32>, %d: tensor<8x48x64xf8E4M3FN>,
                 %scales: tensor<8x1x2xf32>) -> tensor<?x48xbf16> {
  %w = moe.dequantize block %d, %scales {block_shape = array<i64: 1, 48, 32>}
    : tensor<8x48x64xf8E4M3FN>, tensor<8x1x2xf32> -> tensor<8x48x64xbf16>
  %y = moe.grouped_gemm %x offsets(%o : tensor<9xi32>) weights(%w : tensor<8x48x64xbf16>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>,
     schedule = #moe.schedule<rows = 16, columns = 32, depth = 64, stream_rows = 8,
                              register_rows = 8, register_vectors = 2, lanes = 16, multiply = fma>}
    : tensor<?x64xbf16> -> tensor<?x48xbf16> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  return %y : tensor<?x48xbf16>
}

// -----

// The dequantised weights stay for their other user.
// CHECK-LABEL: @mxfp4
// CHECK: moe.dequantize mxfp4
// CHECK: tile.weights %{{.+}} scales(%{{.+}} : memref<8xi64>) {layout = #moe.matrix_layout<out_in>, scale_slice = memref<48x2xi8>, scheme = #moe<quant_scheme mxfp4>, slice = memref<48x2x16xi8>} : memref<8xi64> -> !tile.source<64xf32>
func.func @mxfp4(%x: tensor<?x64xf32>, %o: tensor<9xi32>,
                 %d: tensor<8x48x2x16xi8, #moe.per_expert>,
                 %scales: tensor<8x48x2xi8, #moe.per_expert>)
    -> (tensor<?x48xf32>, tensor<8x48x64xf32>) {
  %w = moe.dequantize mxfp4 %d, %scales
    : tensor<8x48x2x16xi8, #moe.per_expert>, tensor<8x48x2xi8, #moe.per_expert>
    -> tensor<8x48x64xf32>
  %y = moe.grouped_gemm %x offsets(%o : tensor<9xi32>) weights(%w : tensor<8x48x64xf32>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>,
     schedule = #moe.schedule<rows = 16, columns = 32, depth = 64, stream_rows = 8,
                              register_rows = 8, register_vectors = 2, lanes = 16, multiply = fma>}
    : tensor<?x64xf32> -> tensor<?x48xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  return %y, %w : tensor<?x48xf32>, tensor<8x48x64xf32>
}

// -----

// One expert has all rows; the depth is that of the weights; nothing to map.
// CHECK-LABEL: @no_offsets
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<?x?xf64>
// CHECK-DAG: %[[XB:.+]] = bufferization.to_buffer %[[X]]
// CHECK-DAG: %[[ROWS:.+]] = memref.dim %[[XB]]
// CHECK: tile.for_each rows(%[[ROWS]]) columns 48 schedule #moe.schedule<
// CHECK: tile.rows %[[XB]] of %{{[a-z0-9]+}} : memref<?x?xf64> -> !tile.source<64xf64>
// CHECK: tile.weights %{{.+}} {layout = #moe.matrix_layout<in_out>} : memref<64x48xf32> -> !tile.source<64xf32>
// CHECK: %[[SUM:.+]] = tile.contract
// CHECK-NOT: tile.map
// CHECK: tile.store %[[SUM]], %{{.+}} : !tile.fragment<16x16xf64>, memref<?x48xf64>
func.func @no_offsets(%x: tensor<?x?xf64>, %w: tensor<64x48xf32>) -> tensor<?x48xf64> {
  %y = moe.grouped_gemm %x weights(%w : tensor<64x48xf32>)
    {layouts = [#moe.matrix_layout<in_out>], starts = array<i64: 0>, strides = array<i64: 1>,
     schedule = #moe.schedule<rows = 16, columns = 16, depth = 64, stream_rows = 8,
                              register_rows = 8, register_vectors = 2, lanes = 8, multiply = fma>}
    : tensor<?x?xf64> -> tensor<?x48xf64> {
  ^bb0(%sum: f64):
    moe.yield %sum : f64
  }
  return %y : tensor<?x48xf64>
}

// -----

// Without a schedule an op stays as it is.
// CHECK-LABEL: @no_schedule
// CHECK-NOT: tile.
// CHECK: %[[Y:.+]] = moe.grouped_gemm
// CHECK: return %[[Y]]
func.func @no_schedule(%x: tensor<?x64xf32>, %w: tensor<64x48xf32>) -> tensor<?x48xf32> {
  %y = moe.grouped_gemm %x weights(%w : tensor<64x48xf32>)
    {layouts = [#moe.matrix_layout<in_out>], starts = array<i64: 0>, strides = array<i64: 1>}
    : tensor<?x64xf32> -> tensor<?x48xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  return %y : tensor<?x48xf32>
}

// -----

// Rows of other rows: added in memory that is zero before.
// CHECK-LABEL: @adds
// CHECK-SAME: %[[N:[a-z0-9]+]]: index
// CHECK: %[[T:.+]] = bufferization.to_buffer %{{.+}} read_only : tensor<?xi32>
// CHECK: %[[OUT:.+]] = memref.alloc(%[[N]]) {{.*}}: memref<?x48xf32>
// CHECK: linalg.fill ins(%{{.+}} : f32) outs(%[[OUT]] : memref<?x48xf32>)
// CHECK: tile.for_each rows(%{{.+}})
// CHECK: tile.store %{{.+}}, %[[OUT]] of %{{.+}} targets(%[[T]] : memref<?xi32>) adds
func.func @adds(%x: tensor<?x64xf32>, %w: tensor<48x64xf32>, %t: tensor<?xi32>, %n: index)
    -> tensor<?x48xf32> {
  %y = moe.grouped_gemm %x weights(%w : tensor<48x64xf32>) targets(%t : tensor<?xi32>) of %n
    {adds, layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>,
     strides = array<i64: 1>,
     schedule = #moe.schedule<rows = 16, columns = 32, depth = 64, stream_rows = 8,
                              register_rows = 8, register_vectors = 2, lanes = 16, multiply = fma>}
    : tensor<?x64xf32> -> tensor<?x48xf32> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  return %y : tensor<?x48xf32>
}
