// RUN: moe-opt %s --verify-roundtrip | FileCheck %s

// CHECK-LABEL: @everything
// CHECK: tile.for_each offsets(%{{.+}} : memref<9xi32>) columns 48 schedule #moe.schedule<rows = 16, columns = 48, depth = 64, stream_rows = 8, register_rows = 8, register_vectors = 3, lanes = 16, multiply = fma> {
// CHECK-NEXT: ^bb0(%[[AT:.+]]: !tile.coords):
// CHECK-NEXT: %[[ROWS:.+]] = tile.rows %{{.+}} of %[[AT]] sources(%{{.+}} : memref<?xi32>) : memref<?x64xbf16> -> !tile.source<64xbf16>
// CHECK-NEXT: %[[UP:.+]] = tile.weights %{{.+}} of %[[AT]] {layout = #moe.matrix_layout<out_in>, start = 1 : i64, stride = 2 : i64} : memref<8x96x64xbf16> -> !tile.source<64xbf16>
// CHECK-NEXT: %[[GATE:.+]] = tile.weights %{{.+}} of %[[AT]] {layout = #moe.matrix_layout<in_out>} : memref<8x64x48xbf16> -> !tile.source<64xbf16>
// CHECK-NEXT: %[[SUMS:.+]]:2 = tile.contract %[[ROWS]], %[[UP]], %[[GATE]] : !tile.source<64xbf16>, !tile.source<64xbf16>, !tile.source<64xbf16> -> !tile.fragment<16x48xf32>, !tile.fragment<16x48xf32>
// CHECK-NEXT: %[[BIAS:.+]] = tile.load_columns %{{.+}} of %[[AT]] : memref<8x48xbf16> -> !tile.fragment<1x48xf32>
// CHECK-NEXT: %[[WEIGHT:.+]] = tile.load_rows %{{.+}} of %[[AT]] : memref<?xf32> -> !tile.fragment<16x1xf32>
// CHECK-NEXT: %[[MAP:.+]] = tile.map %[[SUMS]]#0, %[[SUMS]]#1, %[[BIAS]], %[[WEIGHT]] : {{.+}} -> !tile.fragment<16x48xf32> {
// CHECK-NEXT: ^bb0(%{{.+}}: f32, %{{.+}}: f32, %{{.+}}: f32, %{{.+}}: f32):
// CHECK: tile.yield %{{.+}} : f32
// CHECK: tile.store %[[MAP]], %{{.+}} of %[[AT]] : !tile.fragment<16x48xf32>, memref<?x48xbf16>
func.func @everything(%x: memref<?x64xbf16>, %sources: memref<?xi32>, %offsets: memref<9xi32>,
                      %up: memref<8x96x64xbf16>, %gate: memref<8x64x48xbf16>,
                      %bias: memref<8x48xbf16>, %weight: memref<?xf32>,
                      %out: memref<?x48xbf16>) {
  tile.for_each offsets(%offsets : memref<9xi32>) columns 48
      schedule #moe.schedule<rows = 16, columns = 48, depth = 64, stream_rows = 8,
                register_rows = 8, register_vectors = 3, lanes = 16, multiply = fma> {
  ^bb0(%at: !tile.coords):
    %rows = tile.rows %x of %at sources(%sources : memref<?xi32>)
      : memref<?x64xbf16> -> !tile.source<64xbf16>
    %a = tile.weights %up of %at {layout = #moe.matrix_layout<out_in>, stride = 2, start = 1}
      : memref<8x96x64xbf16> -> !tile.source<64xbf16>
    %b = tile.weights %gate of %at {layout = #moe.matrix_layout<in_out>}
      : memref<8x64x48xbf16> -> !tile.source<64xbf16>
    %sums:2 = tile.contract %rows, %a, %b : !tile.source<64xbf16>,
      !tile.source<64xbf16>, !tile.source<64xbf16>
      -> !tile.fragment<16x48xf32>, !tile.fragment<16x48xf32>
    %c = tile.load_columns %bias of %at : memref<8x48xbf16> -> !tile.fragment<1x48xf32>
    %d = tile.load_rows %weight of %at : memref<?xf32> -> !tile.fragment<16x1xf32>
    %result = tile.map %sums#0, %sums#1, %c, %d : !tile.fragment<16x48xf32>,
        !tile.fragment<16x48xf32>, !tile.fragment<1x48xf32>, !tile.fragment<16x1xf32>
        -> !tile.fragment<16x48xf32> {
    ^bb0(%s: f32, %t: f32, %u: f32, %v: f32):
      %st = arith.mulf %s, %t : f32
      %stu = arith.addf %st, %u : f32
      %stuv = arith.mulf %stu, %v : f32
      tile.yield %stuv : f32
    }
    tile.store %result, %out of %at : !tile.fragment<16x48xf32>, memref<?x48xbf16>
  }
  return
}

// Without experts.
// CHECK-LABEL: @rows
// CHECK: tile.for_each rows(%{{.+}}) columns 8 schedule #moe.schedule<
// CHECK: tile.rows %{{.+}} of %{{.+}} : memref<?x16xf64> -> !tile.source<16xf64>
func.func @rows(%x: memref<?x16xf64>, %n: index, %w: memref<16x8xf64>, %out: memref<?x8xf64>) {
  tile.for_each rows(%n) columns 8
      schedule #moe.schedule<rows = 4, columns = 8, depth = 16, stream_rows = 4,
                register_rows = 4, register_vectors = 1, lanes = 8, multiply = fma> {
  ^bb0(%at: !tile.coords):
    %rows = tile.rows %x of %at : memref<?x16xf64> -> !tile.source<16xf64>
    %a = tile.weights %w of %at {layout = #moe.matrix_layout<in_out>}
      : memref<16x8xf64> -> !tile.source<16xf64>
    %sum = tile.contract %rows, %a : !tile.source<16xf64>, !tile.source<16xf64>
      -> !tile.fragment<4x8xf64>
    tile.store %sum, %out of %at : !tile.fragment<4x8xf64>, memref<?x8xf64>
  }
  return
}

// Tables of addresses and quantised weights.
// CHECK-LABEL: @weights
// CHECK: tile.weights %{{.+}} of %{{.+}} {layout = #moe.matrix_layout<out_in>, slice = memref<8x64xbf16>} : memref<4xi64> -> !tile.source<64xbf16>
// CHECK: tile.weights %{{.+}} of %{{.+}} scales(%{{.+}} : memref<4x1x2xf32>) {block_shape = array<i64: 1, 8, 32>, layout = #moe.matrix_layout<out_in>, scheme = #moe<quant_scheme block>} : memref<4x8x64xf8E4M3FN> -> !tile.source<64xbf16>
// CHECK: tile.weights %{{.+}} of %{{.+}} scales(%{{.+}} : memref<4xi64>) {layout = #moe.matrix_layout<out_in>, scale_slice = memref<8x2xi8>, scheme = #moe<quant_scheme mxfp4>, slice = memref<8x2x16xi8>} : memref<4xi64> -> !tile.source<64xbf16>
// CHECK: tile.weights %{{.+}} of %{{.+}} scales(%{{.+}} : memref<4x8x2xf16>) zero_points(%{{.+}} : memref<4xi64>) {block_shape = array<i64: 1, 1, 32>, layout = #moe.matrix_layout<out_in>, scheme = #moe<quant_scheme int4>, zero_offset = 1 : i64, zero_point_slice = memref<1x2xi32>} : memref<4x8x8xi32> -> !tile.source<64xbf16>
// CHECK: tile.load_columns %{{.+}} of %{{.+}} {slice = memref<8xf32>} : memref<4xi64> -> !tile.fragment<1x16xf32>
func.func @weights(%x: memref<?x64xbf16>, %offsets: memref<5xi32>, %table: memref<4xi64>,
                   %fp8: memref<4x8x64xf8E4M3FN>, %scales: memref<4x1x2xf32>,
                   %words: memref<4x8x8xi32>, %groups: memref<4x8x2xf16>,
                   %out: memref<?x8xbf16>) {
  tile.for_each offsets(%offsets : memref<5xi32>) columns 8
      schedule #moe.schedule<rows = 4, columns = 16, depth = 16, stream_rows = 0,
                register_rows = 4, register_vectors = 1, lanes = 16, multiply = fma> {
  ^bb0(%at: !tile.coords):
    %rows = tile.rows %x of %at : memref<?x64xbf16> -> !tile.source<64xbf16>
    %a = tile.weights %table of %at
      {layout = #moe.matrix_layout<out_in>, slice = memref<8x64xbf16>}
      : memref<4xi64> -> !tile.source<64xbf16>
    %b = tile.weights %fp8 of %at scales(%scales : memref<4x1x2xf32>)
      {layout = #moe.matrix_layout<out_in>, scheme = #moe<quant_scheme block>,
       block_shape = array<i64: 1, 8, 32>}
      : memref<4x8x64xf8E4M3FN> -> !tile.source<64xbf16>
    %c = tile.weights %table of %at scales(%table : memref<4xi64>)
      {layout = #moe.matrix_layout<out_in>, scheme = #moe<quant_scheme mxfp4>,
       slice = memref<8x2x16xi8>, scale_slice = memref<8x2xi8>}
      : memref<4xi64> -> !tile.source<64xbf16>
    %d = tile.weights %words of %at scales(%groups : memref<4x8x2xf16>)
      zero_points(%table : memref<4xi64>)
      {layout = #moe.matrix_layout<out_in>, scheme = #moe<quant_scheme int4>,
       block_shape = array<i64: 1, 1, 32>, zero_offset = 1 : i64,
       zero_point_slice = memref<1x2xi32>}
      : memref<4x8x8xi32> -> !tile.source<64xbf16>
    %sums:4 = tile.contract %rows, %a, %b, %c, %d : !tile.source<64xbf16>,
      !tile.source<64xbf16>, !tile.source<64xbf16>, !tile.source<64xbf16>,
      !tile.source<64xbf16> -> !tile.fragment<4x16xf32>, !tile.fragment<4x16xf32>,
      !tile.fragment<4x16xf32>, !tile.fragment<4x16xf32>
    %bias = tile.load_columns %table of %at {slice = memref<8xf32>}
      : memref<4xi64> -> !tile.fragment<1x16xf32>
    tile.store %bias, %out of %at : !tile.fragment<1x16xf32>, memref<?x8xbf16>
  }
  return
}
