// RUN: moe-opt %s --split-input-file --verify-diagnostics

func.func @for_each_c1(%offsets: memref<5xi32>, %n: index) {
  // expected-error @below {{expected either offsets or rows}}
  tile.for_each offsets(%offsets : memref<5xi32>) rows(%n) columns 16
      schedule #moe.schedule<rows = 4, columns = 16, depth = 16, stream_rows = 0,
                register_rows = 4, register_vectors = 1, lanes = 16, multiply = fma> {
  ^bb0(%at: !tile.coords):
  }
  return
}

// -----

func.func @for_each_c1_neither() {
  // expected-error @below {{expected either offsets or rows}}
  tile.for_each columns 16
      schedule #moe.schedule<rows = 4, columns = 16, depth = 16, stream_rows = 0,
                register_rows = 4, register_vectors = 1, lanes = 16, multiply = fma> {
  ^bb0(%at: !tile.coords):
  }
  return
}

// -----

func.func @for_each_c2(%n: index) {
  // expected-error @below {{body takes ('index'), expected ('!tile.coords')}}
  tile.for_each rows(%n) columns 16
      schedule #moe.schedule<rows = 4, columns = 16, depth = 16, stream_rows = 0,
                register_rows = 4, register_vectors = 1, lanes = 16, multiply = fma> {
  ^bb0(%at: index):
  }
  return
}

// -----

func.func @rows_c1(%x: memref<?x32xf32>, %n: index) {
  tile.for_each rows(%n) columns 16
      schedule #moe.schedule<rows = 4, columns = 16, depth = 16, stream_rows = 0,
                register_rows = 4, register_vectors = 1, lanes = 16, multiply = fma> {
  ^bb0(%at: !tile.coords):
    // expected-error @below {{width of the rows is 32, expected 64}}
    %rows = tile.rows %x of %at : memref<?x32xf32> -> !tile.source<64xf32>
  }
  return
}

// -----

func.func @rows_c1_element(%x: memref<?x64xf32>, %n: index) {
  tile.for_each rows(%n) columns 16
      schedule #moe.schedule<rows = 4, columns = 16, depth = 16, stream_rows = 0,
                register_rows = 4, register_vectors = 1, lanes = 16, multiply = fma> {
  ^bb0(%at: !tile.coords):
    // expected-error @below {{rows have elements 'f32', expected 'bf16'}}
    %rows = tile.rows %x of %at : memref<?x64xf32> -> !tile.source<64xbf16>
  }
  return
}

// -----

func.func @weights_c1(%w: memref<16x64xf8E4M3FN>, %s: memref<1x2xf32>, %n: index) {
  tile.for_each rows(%n) columns 16
      schedule #moe.schedule<rows = 4, columns = 16, depth = 16, stream_rows = 0,
                register_rows = 4, register_vectors = 1, lanes = 16, multiply = fma> {
  ^bb0(%at: !tile.coords):
    // expected-error @below {{expected scales and a scheme, or neither}}
    %a = tile.weights %w of %at scales(%s : memref<1x2xf32>)
      {layout = #moe.matrix_layout<out_in>} : memref<16x64xf8E4M3FN> -> !tile.source<64xbf16>
  }
  return
}

// -----

func.func @weights_c1_scales(%w: memref<16x64xf8E4M3FN>, %n: index) {
  tile.for_each rows(%n) columns 16
      schedule #moe.schedule<rows = 4, columns = 16, depth = 16, stream_rows = 0,
                register_rows = 4, register_vectors = 1, lanes = 16, multiply = fma> {
  ^bb0(%at: !tile.coords):
    // expected-error @below {{expected scales and a scheme, or neither}}
    %a = tile.weights %w of %at
      {layout = #moe.matrix_layout<out_in>, scheme = #moe<quant_scheme mxfp4>} : memref<16x64xf8E4M3FN> -> !tile.source<64xbf16>
  }
  return
}

// -----

func.func @weights_c1_block_shape(%w: memref<16x64xf8E4M3FN>, %s: memref<1x2xf32>, %n: index) {
  tile.for_each rows(%n) columns 16
      schedule #moe.schedule<rows = 4, columns = 16, depth = 16, stream_rows = 0,
                register_rows = 4, register_vectors = 1, lanes = 16, multiply = fma> {
  ^bb0(%at: !tile.coords):
    // expected-error @below {{expected a block shape exactly for schemes block and int4}}
    %a = tile.weights %w of %at scales(%s : memref<1x2xf32>)
      {layout = #moe.matrix_layout<out_in>, scheme = #moe<quant_scheme block>}
      : memref<16x64xf8E4M3FN> -> !tile.source<64xbf16>
  }
  return
}

// -----

func.func @weights_c1_zero_points(%w: memref<16x64xi8>, %s: memref<16x2xf32>, %z: memref<2x2xi32>, %n: index) {
  tile.for_each rows(%n) columns 16
      schedule #moe.schedule<rows = 4, columns = 16, depth = 16, stream_rows = 0,
                register_rows = 4, register_vectors = 1, lanes = 16, multiply = fma> {
  ^bb0(%at: !tile.coords):
    // expected-error @below {{expected zero points only for scheme int4}}
    %a = tile.weights %w of %at scales(%s : memref<16x2xf32>) zero_points(%z : memref<2x2xi32>)
      {layout = #moe.matrix_layout<out_in>, scheme = #moe<quant_scheme block>,
       block_shape = array<i64: 1, 32>}
      : memref<16x64xi8> -> !tile.source<64xbf16>
  }
  return
}

// -----

func.func @weights_c2(%w: memref<8xi64>, %n: index) {
  tile.for_each rows(%n) columns 16
      schedule #moe.schedule<rows = 4, columns = 16, depth = 16, stream_rows = 0,
                register_rows = 4, register_vectors = 1, lanes = 16, multiply = fma> {
  ^bb0(%at: !tile.coords):
    // expected-error @below {{weights are 'memref<8xi64>', a table, expected a slice}}
    %a = tile.weights %w of %at {layout = #moe.matrix_layout<out_in>}
      : memref<8xi64> -> !tile.source<64xbf16>
  }
  return
}

// -----

func.func @weights_c2_zero_points(%w: memref<16x8xi32>, %s: memref<16x2xf32>, %z: memref<2x2xi32>, %n: index) {
  tile.for_each rows(%n) columns 16
      schedule #moe.schedule<rows = 4, columns = 16, depth = 16, stream_rows = 0,
                register_rows = 4, register_vectors = 1, lanes = 16, multiply = fma> {
  ^bb0(%at: !tile.coords):
    // expected-error @below {{zero points are 'memref<2x2xi32>', expected no slice}}
    %a = tile.weights %w of %at scales(%s : memref<16x2xf32>) zero_points(%z : memref<2x2xi32>)
      {layout = #moe.matrix_layout<out_in>, scheme = #moe<quant_scheme int4>,
       block_shape = array<i64: 1, 32>, zero_point_slice = memref<2x2xi32>}
      : memref<16x8xi32> -> !tile.source<64xbf16>
  }
  return
}

// -----

func.func @weights_c2_none(%w: memref<16x64xf32>, %n: index) {
  tile.for_each rows(%n) columns 16
      schedule #moe.schedule<rows = 4, columns = 16, depth = 16, stream_rows = 0,
                register_rows = 4, register_vectors = 1, lanes = 16, multiply = fma> {
  ^bb0(%at: !tile.coords):
    // expected-error @below {{weights are 'memref<16x64xf32>', expected no slice}}
    %a = tile.weights %w of %at {layout = #moe.matrix_layout<out_in>, slice = memref<16x64xf32>}
      : memref<16x64xf32> -> !tile.source<64xf32>
  }
  return
}

// -----

func.func @weights_c2_scales(%w: memref<16x64xf8E4M3FN>, %s: memref<8xi64>, %n: index) {
  tile.for_each rows(%n) columns 16
      schedule #moe.schedule<rows = 4, columns = 16, depth = 16, stream_rows = 0,
                register_rows = 4, register_vectors = 1, lanes = 16, multiply = fma> {
  ^bb0(%at: !tile.coords):
    // expected-error @below {{scales are 'memref<8xi64>', a table, expected a slice}}
    %a = tile.weights %w of %at scales(%s : memref<8xi64>)
      {layout = #moe.matrix_layout<out_in>, scheme = #moe<quant_scheme block>,
       block_shape = array<i64: 16, 32>} : memref<16x64xf8E4M3FN> -> !tile.source<64xbf16>
  }
  return
}

// -----

func.func @weights_c3(%w: memref<64x16xf32>, %n: index) {
  tile.for_each rows(%n) columns 16
      schedule #moe.schedule<rows = 4, columns = 16, depth = 16, stream_rows = 0,
                register_rows = 4, register_vectors = 1, lanes = 16, multiply = fma> {
  ^bb0(%at: !tile.coords):
    // expected-error @below {{depth of the source is 64, expected 16}}
    %a = tile.weights %w of %at {layout = #moe.matrix_layout<out_in>}
      : memref<64x16xf32> -> !tile.source<64xf32>
  }
  return
}

// -----

func.func @weights_c3_in_out(%w: memref<8x16x64xf32>, %n: index) {
  tile.for_each rows(%n) columns 16
      schedule #moe.schedule<rows = 4, columns = 16, depth = 16, stream_rows = 0,
                register_rows = 4, register_vectors = 1, lanes = 16, multiply = fma> {
  ^bb0(%at: !tile.coords):
    // expected-error @below {{depth of the source is 64, expected 16}}
    %a = tile.weights %w of %at {layout = #moe.matrix_layout<in_out>}
      : memref<8x16x64xf32> -> !tile.source<64xf32>
  }
  return
}

// -----

func.func @weights_c3_mxfp4(%w: memref<16x2x16xi8>, %s: memref<16x2xi8>, %n: index) {
  tile.for_each rows(%n) columns 16
      schedule #moe.schedule<rows = 4, columns = 16, depth = 16, stream_rows = 0,
                register_rows = 4, register_vectors = 1, lanes = 16, multiply = fma> {
  ^bb0(%at: !tile.coords):
    // expected-error @below {{depth of the source is 32, expected 64}}
    %a = tile.weights %w of %at scales(%s : memref<16x2xi8>)
      {layout = #moe.matrix_layout<out_in>, scheme = #moe<quant_scheme mxfp4>}
      : memref<16x2x16xi8> -> !tile.source<32xbf16>
  }
  return
}

// -----

func.func @weights_c3_mxfp4_in_out(%w: memref<16x2x16xi8>, %s: memref<16x2xi8>, %n: index) {
  tile.for_each rows(%n) columns 16
      schedule #moe.schedule<rows = 4, columns = 16, depth = 16, stream_rows = 0,
                register_rows = 4, register_vectors = 1, lanes = 16, multiply = fma> {
  ^bb0(%at: !tile.coords):
    // expected-error @below {{depth of the source is 64, expected 16}}
    %a = tile.weights %w of %at scales(%s : memref<16x2xi8>)
      {layout = #moe.matrix_layout<in_out>, scheme = #moe<quant_scheme mxfp4>}
      : memref<16x2x16xi8> -> !tile.source<64xbf16>
  }
  return
}

// -----

func.func @weights_c3_rank(%w: memref<64xf32>, %n: index) {
  tile.for_each rows(%n) columns 16
      schedule #moe.schedule<rows = 4, columns = 16, depth = 16, stream_rows = 0,
                register_rows = 4, register_vectors = 1, lanes = 16, multiply = fma> {
  ^bb0(%at: !tile.coords):
    // expected-error @below {{rank of the weights is 1, expected at least 2}}
    %a = tile.weights %w of %at {layout = #moe.matrix_layout<out_in>}
      : memref<64xf32> -> !tile.source<64xf32>
  }
  return
}

// -----

func.func @weights_c4(%w: memref<16x64xf32>, %n: index) {
  tile.for_each rows(%n) columns 16
      schedule #moe.schedule<rows = 4, columns = 16, depth = 16, stream_rows = 0,
                register_rows = 4, register_vectors = 1, lanes = 16, multiply = fma> {
  ^bb0(%at: !tile.coords):
    // expected-error @below {{stride is 0 and start 0, expected at least 1 and 0}}
    %a = tile.weights %w of %at {layout = #moe.matrix_layout<out_in>, stride = 0}
      : memref<16x64xf32> -> !tile.source<64xf32>
  }
  return
}

// -----

func.func @weights_c4_start(%w: memref<16x64xf32>, %n: index) {
  tile.for_each rows(%n) columns 16
      schedule #moe.schedule<rows = 4, columns = 16, depth = 16, stream_rows = 0,
                register_rows = 4, register_vectors = 1, lanes = 16, multiply = fma> {
  ^bb0(%at: !tile.coords):
    // expected-error @below {{stride is 1 and start -1, expected at least 1 and 0}}
    %a = tile.weights %w of %at {layout = #moe.matrix_layout<out_in>, start = -1}
      : memref<16x64xf32> -> !tile.source<64xf32>
  }
  return
}

// -----

func.func @contract_c1(%x: memref<?x64xf32>, %w: memref<64x16xf32>, %n: index) {
  tile.for_each rows(%n) columns 16
      schedule #moe.schedule<rows = 4, columns = 16, depth = 16, stream_rows = 0,
                register_rows = 4, register_vectors = 1, lanes = 16, multiply = fma> {
  ^bb0(%at: !tile.coords):
    %rows = tile.rows %x of %at : memref<?x64xf32> -> !tile.source<64xf32>
    %a = tile.weights %w of %at {layout = #moe.matrix_layout<in_out>}
      : memref<64x16xf32> -> !tile.source<64xf32>
    // expected-error @below {{number of results is 2, expected 1}}
    %sums:2 = tile.contract %rows, %a : !tile.source<64xf32>, !tile.source<64xf32>
      -> !tile.fragment<4x16xf32>, !tile.fragment<4x16xf32>
  }
  return
}

// -----

func.func @contract_c2(%x: memref<?x64xf32>, %w: memref<32x16xf32>, %n: index) {
  tile.for_each rows(%n) columns 16
      schedule #moe.schedule<rows = 4, columns = 16, depth = 16, stream_rows = 0,
                register_rows = 4, register_vectors = 1, lanes = 16, multiply = fma> {
  ^bb0(%at: !tile.coords):
    %rows = tile.rows %x of %at : memref<?x64xf32> -> !tile.source<64xf32>
    %a = tile.weights %w of %at {layout = #moe.matrix_layout<in_out>}
      : memref<32x16xf32> -> !tile.source<32xf32>
    // expected-error @below {{depth of the weights is 32, expected 64}}
    %sum = tile.contract %rows, %a : !tile.source<64xf32>, !tile.source<32xf32>
      -> !tile.fragment<4x16xf32>
  }
  return
}

// -----

func.func @load_columns_c1(%b: memref<16xf32>, %n: index) {
  tile.for_each rows(%n) columns 16
      schedule #moe.schedule<rows = 4, columns = 16, depth = 16, stream_rows = 0,
                register_rows = 4, register_vectors = 1, lanes = 16, multiply = fma> {
  ^bb0(%at: !tile.coords):
    // expected-error @below {{number of rows is 4, expected 1}}
    %c = tile.load_columns %b of %at : memref<16xf32> -> !tile.fragment<4x16xf32>
  }
  return
}

// -----

func.func @load_columns_c2(%b: memref<8xi64>, %n: index) {
  tile.for_each rows(%n) columns 16
      schedule #moe.schedule<rows = 4, columns = 16, depth = 16, stream_rows = 0,
                register_rows = 4, register_vectors = 1, lanes = 16, multiply = fma> {
  ^bb0(%at: !tile.coords):
    // expected-error @below {{values are 'memref<8xi64>', a table, expected a slice}}
    %c = tile.load_columns %b of %at : memref<8xi64> -> !tile.fragment<1x16xf32>
  }
  return
}

// -----

func.func @load_columns_c2_none(%b: memref<16xf32>, %n: index) {
  tile.for_each rows(%n) columns 16
      schedule #moe.schedule<rows = 4, columns = 16, depth = 16, stream_rows = 0,
                register_rows = 4, register_vectors = 1, lanes = 16, multiply = fma> {
  ^bb0(%at: !tile.coords):
    // expected-error @below {{values are 'memref<16xf32>', expected no slice}}
    %c = tile.load_columns %b of %at {slice = memref<16xf32>}
      : memref<16xf32> -> !tile.fragment<1x16xf32>
  }
  return
}

// -----

func.func @load_rows_c1(%b: memref<?xf32>, %n: index) {
  tile.for_each rows(%n) columns 16
      schedule #moe.schedule<rows = 4, columns = 16, depth = 16, stream_rows = 0,
                register_rows = 4, register_vectors = 1, lanes = 16, multiply = fma> {
  ^bb0(%at: !tile.coords):
    // expected-error @below {{number of columns is 16, expected 1}}
    %c = tile.load_rows %b of %at : memref<?xf32> -> !tile.fragment<4x16xf32>
  }
  return
}

// -----

func.func @map_c1(%b: memref<16xf32>, %n: index) {
  tile.for_each rows(%n) columns 16
      schedule #moe.schedule<rows = 4, columns = 16, depth = 16, stream_rows = 0,
                register_rows = 4, register_vectors = 1, lanes = 16, multiply = fma> {
  ^bb0(%at: !tile.coords):
    %c = tile.load_columns %b of %at : memref<16xf32> -> !tile.fragment<1x16xf32>
    // expected-error @below {{body takes ('f64'), expected ('f32')}}
    %d = tile.map %c : !tile.fragment<1x16xf32> -> !tile.fragment<4x16xf32> {
    ^bb0(%element: f64):
      %f32 = arith.truncf %element : f64 to f32
      tile.yield %f32 : f32
    }
  }
  return
}

// -----

func.func @map_c1_yield(%b: memref<16xf32>, %n: index) {
  tile.for_each rows(%n) columns 16
      schedule #moe.schedule<rows = 4, columns = 16, depth = 16, stream_rows = 0,
                register_rows = 4, register_vectors = 1, lanes = 16, multiply = fma> {
  ^bb0(%at: !tile.coords):
    %c = tile.load_columns %b of %at : memref<16xf32> -> !tile.fragment<1x16xf32>
    // expected-error @below {{body yields 'f32', expected 'f64'}}
    %d = tile.map %c : !tile.fragment<1x16xf32> -> !tile.fragment<4x16xf64> {
    ^bb0(%element: f32):
      tile.yield %element : f32
    }
  }
  return
}

// -----

func.func @map_c2(%b: memref<16xf32>, %n: index) {
  tile.for_each rows(%n) columns 16
      schedule #moe.schedule<rows = 4, columns = 16, depth = 16, stream_rows = 0,
                register_rows = 4, register_vectors = 1, lanes = 16, multiply = fma> {
  ^bb0(%at: !tile.coords):
    %c = tile.load_columns %b of %at : memref<16xf32> -> !tile.fragment<1x16xf32>
    // expected-error @below {{operand is '!tile.fragment<1x16xf32>', expected rows and columns of '!tile.fragment<4x32xf32>', or one}}
    %d = tile.map %c : !tile.fragment<1x16xf32> -> !tile.fragment<4x32xf32> {
    ^bb0(%element: f32):
      tile.yield %element : f32
    }
  }
  return
}

// -----

// expected-error @below {{found 1 dimensions, expected 2}}
func.func private @fragment_dimensions() -> !tile.fragment<4xf32>

// -----

// expected-error @below {{found elements 'i32', expected floats}}
func.func private @fragment_elements() -> !tile.fragment<4x4xi32>

// -----

// expected-error @below {{found 2 dimensions, expected 1}}
func.func private @source_dimensions() -> !tile.source<4x4xf32>

// -----

func.func @store_c1(%v: memref<16xf32>, %out: memref<?x16xf32>, %t: memref<?xi32>, %n: index) {
  tile.for_each rows(%n) columns 16
      schedule #moe.schedule<rows = 4, columns = 16, depth = 16, stream_rows = 0,
                register_rows = 4, register_vectors = 1, lanes = 16, multiply = fma> {
  ^bb0(%at: !tile.coords):
    %c = tile.load_columns %v of %at : memref<16xf32> -> !tile.fragment<1x16xf32>
    // expected-error @below {{adds rows without targets}}
    tile.store %c, %out of %at adds : !tile.fragment<1x16xf32>, memref<?x16xf32>
  }
  return
}

// -----

func.func @store_c1_type(%v: memref<16xf32>, %out: memref<?x16xbf16>, %t: memref<?xi32>, %n: index) {
  tile.for_each rows(%n) columns 16
      schedule #moe.schedule<rows = 4, columns = 16, depth = 16, stream_rows = 0,
                register_rows = 4, register_vectors = 1, lanes = 16, multiply = fma> {
  ^bb0(%at: !tile.coords):
    %c = tile.load_columns %v of %at : memref<16xf32> -> !tile.fragment<1x16xf32>
    // expected-error @below {{adds 'f32' into 'memref<?x16xbf16>', expected a buffer of the same element type}}
    tile.store %c, %out of %at targets(%t : memref<?xi32>) adds : !tile.fragment<1x16xf32>, memref<?x16xbf16>
  }
  return
}
