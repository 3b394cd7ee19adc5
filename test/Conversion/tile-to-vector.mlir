// RUN: moe-opt %s --convert-tile-to-vector --canonicalize --cse --split-input-file | FileCheck %s

// Blocks of each expert's rows are counted, then all tiles are computed at the same time.
// CHECK-LABEL: @tiles
// CHECK-SAME: %[[X:[a-z0-9]+]]: memref<?x10xf32>, %[[O:[a-z0-9]+]]: memref<5xi32>, %[[W:[a-z0-9]+]]: memref<4x10x18xf32>, %[[OUT:[a-z0-9]+]]: memref<?x18xf32>
// CHECK: %[[STARTS:.+]] = memref.alloc() {{.*}}: memref<5xindex>
// CHECK: scf.for
// CHECK: %[[COUNT:.+]] = arith.subi
// CHECK: arith.ceildivsi %[[COUNT]], %c4
// CHECK: %[[BLOCKS:.+]] = memref.load %[[STARTS]][%c4]
// CHECK: %[[TILES:.+]] = arith.muli %[[BLOCKS]], %c3
// CHECK: scf.parallel (%[[TILE:.+]]) = (%c0) to (%[[TILES]]) step (%c1) {
// CHECK: arith.divsi %[[TILE]], %c3
// CHECK: %[[COLUMNS:.+]] = arith.minsi %{{.+}}, %c8

// The expert of the block is found, and its rows.
// CHECK: %[[EXPERT:.+]]:2 = scf.while
// CHECK: %[[ROWS:.+]] = arith.minsi
// CHECK: %[[SUMS:.+]] = memref.alloca() {{.*}}: memref<1x4x12xf32>

// Few rows take the weights from where they lie: whole vectors in a whole tile. Those of a
// later input are on their way meanwhile, or of the last one.
// CHECK: %[[FEW:.+]] = arith.cmpi sle, %[[ROWS]], %c2
// CHECK: scf.if %[[FEW]] {
// CHECK: %[[FULL:.+]] = arith.cmpi eq, %[[COLUMNS]], %c8
// CHECK: scf.if %[[FULL]] {
// CHECK-NOT: vector.maskedload
// CHECK: %[[LATER:.+]] = arith.minsi %{{.+}}, %c9
// CHECK: memref.prefetch %[[W]][%[[EXPERT]]#0, %[[LATER]], %{{.+}}], read, locality<2>, data
// CHECK: vector.load %[[W]][%[[EXPERT]]#0,
// CHECK-NOT: vector.maskedload
// CHECK: math.fma
// CHECK: vector.store %{{.+}}, %[[SUMS]]
// CHECK: scf.if
// CHECK: vector.maskedload %[[W]][%[[EXPERT]]#0,

// For many rows two panels of one vector are packed, four inputs at a time, the last
// columns masked.
// CHECK: %[[MANY:.+]] = arith.cmpi sgt, %[[ROWS]], %c2
// CHECK: scf.if %[[MANY]] {
// CHECK: %[[PACK:.+]] = memref.alloca() {{.*}}: memref<2x4x4xf32>
// CHECK: vector.store %cst{{.*}}, %[[SUMS]]
// CHECK: scf.for %{{.+}} = %c0 to %c10 step %c4
// CHECK: scf.for %[[PANEL:.+]] = %c0 to %c2 step
// CHECK: vector.load %[[W]]
// CHECK: vector.store %{{.+}}, %[[PACK]][%[[PANEL]],
// CHECK: vector.maskedload %[[W]]
// CHECK: vector.store %{{.+}}, %[[PACK]][%[[PANEL]],

// They are multiplied with four rows, then two, then one, and added to the sums, which
// begin at zero. Whole groups of rows have the next block on its way.
// CHECK: scf.for %{{.+}} step %c4
// CHECK-COUNT-4: vector.load %[[SUMS]]
// CHECK: %{{.+}}:4 = scf.for
// CHECK: memref.prefetch %[[W]][%[[EXPERT]]#0, %{{.+}}, %{{.+}}], read, locality<2>, data
// CHECK: vector.load %[[PACK]]
// CHECK-COUNT-4: math.fma
// CHECK: %{{.+}}:2 = scf.for
// CHECK-NOT: memref.prefetch
// CHECK: math.fma

// The sums go to their rows, the last columns masked.
// CHECK: vector.load %[[SUMS]]
// CHECK: vector.store %{{.+}}, %[[OUT]]
// CHECK: %[[MASK:.+]] = vector.create_mask
// CHECK: vector.maskedstore %[[OUT]][%{{.+}}], %[[MASK]],
// CHECK: memref.dealloc %[[STARTS]]
func.func @tiles(%x: memref<?x10xf32>, %o: memref<5xi32>, %w: memref<4x10x18xf32>,
                 %out: memref<?x18xf32>) {
  tile.for_each offsets(%o : memref<5xi32>) columns 18
      schedule #moe.schedule<rows = 4, columns = 8, depth = 4, stream_rows = 2,
                register_rows = 4, register_vectors = 1, lanes = 4, multiply = fma> {
  ^bb0(%at: !tile.coords):
    %rows = tile.rows %x of %at : memref<?x10xf32> -> !tile.source<10xf32>
    %a = tile.weights %w of %at {layout = #moe.matrix_layout<in_out>}
      : memref<4x10x18xf32> -> !tile.source<10xf32>
    %sum = tile.contract %rows, %a : !tile.source<10xf32>, !tile.source<10xf32>
      -> !tile.fragment<4x8xf32>
    tile.store %sum, %out of %at : !tile.fragment<4x8xf32>, memref<?x18xf32>
  }
  return
}

// -----

// Without experts there is nothing to search. No rows are few.
// CHECK-LABEL: @no_experts
// CHECK-SAME: %[[N:[a-z0-9]+]]: index
// CHECK: %[[BLOCKS:.+]] = arith.ceildivsi %[[N]], %c4
// CHECK-NOT: scf.while
// CHECK: scf.parallel (%{{.+}}) = (%c0) to (%[[BLOCKS]]) step (%c1) {
// CHECK-NOT: arith.cmpi sle
// CHECK: memref.alloca() {{.*}}: memref<1x4x4xf32>
func.func @no_experts(%x: memref<?x4xf32>, %n: index, %w: memref<4x4xf32>, %out: memref<?x4xf32>) {
  tile.for_each rows(%n) columns 4
      schedule #moe.schedule<rows = 4, columns = 4, depth = 4, stream_rows = 0,
                register_rows = 4, register_vectors = 1, lanes = 4, multiply = fma> {
  ^bb0(%at: !tile.coords):
    %rows = tile.rows %x of %at : memref<?x4xf32> -> !tile.source<4xf32>
    %a = tile.weights %w of %at {layout = #moe.matrix_layout<in_out>}
      : memref<4x4xf32> -> !tile.source<4xf32>
    %sum = tile.contract %rows, %a : !tile.source<4xf32>, !tile.source<4xf32>
      -> !tile.fragment<4x4xf32>
    tile.store %sum, %out of %at : !tile.fragment<4x4xf32>, memref<?x4xf32>
  }
  return
}

// -----

// Contiguous inputs fill the lanes, whose products are summed at the end; the last inputs
// are masked. All rows are few: nothing is packed.
// CHECK-LABEL: @streamed
// CHECK-SAME: %[[X:[a-z0-9]+]]: memref<?x6xf32>, %[[N:[a-z0-9]+]]: index, %[[W:[a-z0-9]+]]: memref<4x6xf32>
// CHECK: %[[SUMS:.+]] = memref.alloca() {{.*}}: memref<1x2x8xf32>
// CHECK-NOT: memref.alloca
// CHECK: memref.prefetch %[[W]]
// CHECK: vector.load %[[W]]
// CHECK: %[[MASK:.+]] = vector.constant_mask [2] : vector<4xi1>
// CHECK: vector.maskedload %[[W]][%{{.+}}], %[[MASK]]
// CHECK: vector.shuffle
// CHECK: arith.addf
// CHECK: vector.store %{{.+}}, %[[SUMS]]
func.func @streamed(%x: memref<?x6xf32>, %n: index, %w: memref<4x6xf32>, %out: memref<?x4xf32>) {
  tile.for_each rows(%n) columns 4
      schedule #moe.schedule<rows = 2, columns = 4, depth = 8, stream_rows = 2,
                register_rows = 2, register_vectors = 1, lanes = 4, multiply = fma> {
  ^bb0(%at: !tile.coords):
    %rows = tile.rows %x of %at : memref<?x6xf32> -> !tile.source<6xf32>
    %a = tile.weights %w of %at {layout = #moe.matrix_layout<out_in>}
      : memref<4x6xf32> -> !tile.source<6xf32>
    %sum = tile.contract %rows, %a : !tile.source<6xf32>, !tile.source<6xf32>
      -> !tile.fragment<2x4xf32>
    tile.store %sum, %out of %at : !tile.fragment<2x4xf32>, memref<?x4xf32>
  }
  return
}

// -----

// The next columns, which may be another tile's, are on their way while these are multiplied:
// each group of rows asks for its share of the inputs.
// CHECK-LABEL: @next_columns
// CHECK-SAME: %[[W:[a-z0-9]+]]: memref<16x8xf32>
// CHECK: %[[FIRST:.+]] = arith.muli %{{.+}}, %c8
// CHECK: %[[IS_ALL:.+]] = arith.cmpi sle, %[[ROWS:.+]], %c1
// CHECK: %[[AHEAD:.+]] = arith.select %{{.+}}, %c4, %{{.+}}
// CHECK: scf.for %[[COLUMN:.+]] = %c0 to
// CHECK: %[[SHARE:.+]] = arith.divsi %{{.+}}, %[[ROWS]]
// CHECK: %[[STRIDE:.+]] = arith.divsi %c1024, %[[ROWS]]
// CHECK: scf.for %[[STEP:[a-z0-9]+]] = %c0 to %c2
// CHECK: %[[NEXT:.+]] = arith.addi %[[COLUMN]], %[[AHEAD]]
// CHECK: %[[END:.+]] = arith.subi %c15, %[[FIRST]]
// CHECK: %[[LIMITED:.+]] = arith.minsi %[[NEXT]], %[[END]]
// CHECK: %[[SCALED:.+]] = arith.muli %[[STEP]], %[[STRIDE]]
// CHECK: %[[OFFSET:.+]] = arith.divsi %[[SCALED]], %c256
// CHECK: %[[INPUT:.+]] = arith.addi %[[SHARE]], %[[OFFSET]]
// CHECK: %[[WANTED:.+]] = arith.addi %[[FIRST]], %[[LIMITED]]
// CHECK: memref.prefetch %[[W]][%[[WANTED]], %[[INPUT]]], read, locality<2>, data
// CHECK-COUNT-3: memref.prefetch
// CHECK: %[[K:.+]] = arith.muli %[[STEP]], %c4
// CHECK: vector.load %[[W]][%{{.+}}, %[[K]]]
func.func @next_columns(%x: memref<?x8xf32>, %n: index, %w: memref<16x8xf32>,
                        %out: memref<?x16xf32>) {
  tile.for_each rows(%n) columns 16
      schedule #moe.schedule<rows = 1, columns = 8, depth = 8, stream_rows = 1,
                register_rows = 1, register_vectors = 1, lanes = 4, multiply = fma> {
  ^bb0(%at: !tile.coords):
    %rows = tile.rows %x of %at : memref<?x8xf32> -> !tile.source<8xf32>
    %a = tile.weights %w of %at {layout = #moe.matrix_layout<out_in>}
      : memref<16x8xf32> -> !tile.source<8xf32>
    %sum = tile.contract %rows, %a : !tile.source<8xf32>, !tile.source<8xf32>
      -> !tile.fragment<1x8xf32>
    tile.store %sum, %out of %at : !tile.fragment<1x8xf32>, memref<?x16xf32>
  }
  return
}

// -----

// Four rows fill a vector: they are packed, and multiplied with weights where these lie,
// while those of the next six columns are asked for. Rows that are left, in even groups of at
// most three, fill their lanes with inputs.
// CHECK-LABEL: @packed_rows
// CHECK-SAME: %[[X:[a-z0-9]+]]: memref<?x8xf32>, %[[N:[a-z0-9]+]]: index, %[[W:[a-z0-9]+]]: memref<12x8xf32>
// CHECK: %[[SUMS:.+]] = memref.alloca() {{.*}}: memref<1x5x16xf32>
// CHECK: %[[PACK:.+]] = memref.alloca() {{.*}}: memref<32xf32>
// CHECK: %[[PARTS:.+]] = memref.alloca() {{.*}}: memref<1x72xf32>
// CHECK-COUNT-4: vector.load %{{.+}} : memref<8xf32, {{.+}}>, vector<4xf32>
// CHECK-COUNT-8: vector.shuffle
// CHECK-COUNT-4: vector.store %{{.+}}, %[[PACK]]
// CHECK: scf.for
// CHECK-COUNT-6: memref.prefetch %[[W]][%{{.+}}, %{{.+}}], read, locality<2>, data
// CHECK: scf.for
// CHECK: %[[ROWS:.+]] = vector.load %[[PACK]]
// CHECK: %[[WEIGHT:.+]] = memref.load %[[W]]
// CHECK: %[[SPREAD:.+]] = vector.broadcast %[[WEIGHT]] : f32 to vector<4xf32>
// CHECK: math.fma %[[SPREAD]], %[[ROWS]], %{{.+}} : vector<4xf32>
// CHECK-COUNT-5: math.fma
// CHECK-COUNT-6: vector.store %{{.+}}, %[[PARTS]]
// CHECK: %[[GROUPS:.+]] = arith.ceildivsi %{{.+}}, %c3
// CHECK: scf.for %{{.+}} = %c0 to %[[GROUPS]]
// CHECK: %[[SIZE:.+]] = arith.subi
// CHECK: arith.cmpi eq, %[[SIZE]], %c1
// CHECK: vector.load %[[W]]
// CHECK: arith.cmpi eq, %[[SIZE]], %c2
// CHECK: arith.cmpi eq, %[[SIZE]], %c3
// CHECK-COUNT-4: vector.load %[[PARTS]]
// CHECK-COUNT-8: vector.shuffle
// CHECK-COUNT-4: vector.store %{{.+}}, %[[SUMS]]
func.func @packed_rows(%x: memref<?x8xf32>, %n: index, %w: memref<12x8xf32>,
                       %out: memref<?x12xf32>) {
  tile.for_each rows(%n) columns 12
      schedule #moe.schedule<rows = 5, columns = 12, depth = 8, stream_rows = 5,
                register_rows = 5, register_vectors = 3, lanes = 4, multiply = fma> {
  ^bb0(%at: !tile.coords):
    %rows = tile.rows %x of %at : memref<?x8xf32> -> !tile.source<8xf32>
    %a = tile.weights %w of %at {layout = #moe.matrix_layout<out_in>}
      : memref<12x8xf32> -> !tile.source<8xf32>
    %sum = tile.contract %rows, %a : !tile.source<8xf32>, !tile.source<8xf32>
      -> !tile.fragment<5x12xf32>
    tile.store %sum, %out of %at : !tile.fragment<5x12xf32>, memref<?x12xf32>
  }
  return
}

// -----

// Narrow rows are widened once, before the tiles; rows without a source are zero. The
// epilogue is computed on vectors and rounded at its end.
// CHECK-LABEL: @narrow
// CHECK-SAME: %[[X:[a-z0-9]+]]: memref<?x6xbf16>, %[[S:[a-z0-9]+]]: memref<?xi32>
// CHECK: %[[WIDE:.+]] = memref.alloc(%{{.+}}) {{.*}}: memref<?x6xf32>
// CHECK: scf.parallel
// CHECK: %[[ROW:.+]] = vector.load %[[X]]
// CHECK: %[[WIDEROW:.+]] = arith.extf %[[ROW]] : vector<4xbf16> to vector<4xf32>
// CHECK: vector.store %[[WIDEROW]], %[[WIDE]]
// CHECK: vector.maskedload %[[X]]
// CHECK: vector.maskedstore %[[WIDE]]
// CHECK: %[[ZEROS:.+]] = memref.alloc() {{.*}}: memref<6xf32>
// CHECK: scf.parallel
// CHECK: %[[ID:.+]] = memref.load %[[S]]
// CHECK: %[[SOURCE:.+]] = arith.index_cast %[[ID]]
// CHECK: %[[SUBVIEW:.+]] = memref.subview %[[WIDE]][%[[SOURCE]], 0] [1, 6] [1, 1]
// CHECK: %[[GATHERED:.+]] = memref.cast %[[SUBVIEW]]
// CHECK: %[[ZERO:.+]] = memref.cast %[[ZEROS]]
// CHECK: %[[EXISTS:.+]] = arith.cmpi sge, %[[SOURCE]], %c0
// CHECK: arith.select %[[EXISTS]], %[[GATHERED]], %[[ZERO]]
// CHECK: math.fma
// CHECK: %[[RESULT:.+]] = math.exp %{{.+}} : vector<4xf32>
// CHECK: %[[ROUNDED:.+]] = arith.truncf %[[RESULT]] : vector<4xf32> to vector<4xbf16>
// CHECK: vector.store %[[ROUNDED]]
// CHECK-DAG: memref.dealloc %[[WIDE]]
// CHECK-DAG: memref.dealloc %[[ZEROS]]
func.func @narrow(%x: memref<?x6xbf16>, %s: memref<?xi32>, %n: index, %w: memref<6x4xbf16>,
                  %out: memref<?x4xbf16>) {
  tile.for_each rows(%n) columns 4
      schedule #moe.schedule<rows = 1, columns = 4, depth = 8, stream_rows = 1,
                register_rows = 1, register_vectors = 1, lanes = 4, multiply = fma> {
  ^bb0(%at: !tile.coords):
    %rows = tile.rows %x of %at sources(%s : memref<?xi32>)
      : memref<?x6xbf16> -> !tile.source<6xbf16>
    %a = tile.weights %w of %at {layout = #moe.matrix_layout<in_out>}
      : memref<6x4xbf16> -> !tile.source<6xbf16>
    %sum = tile.contract %rows, %a : !tile.source<6xbf16>, !tile.source<6xbf16>
      -> !tile.fragment<1x4xf32>
    %result = tile.map %sum : !tile.fragment<1x4xf32> -> !tile.fragment<1x4xf32> {
    ^bb0(%element: f32):
      %exp = math.exp %element : f32
      tile.yield %exp : f32
    }
    tile.store %result, %out of %at : !tile.fragment<1x4xf32>, memref<?x4xbf16>
  }
  return
}

// -----

// Columns are contiguous: four inputs at a time are read along them, and meet every row. What
// comes next is on its way, behind the last column the next inputs. Two inputs are left.
// CHECK-LABEL: @along_columns
// CHECK-SAME: %[[X:[a-z0-9]+]]: memref<?x6xf32>, %[[N:[a-z0-9]+]]: index, %[[W:[a-z0-9]+]]: memref<6x64xf32>
// CHECK: %[[SUMS:.+]] = memref.alloca() {{.*}}: memref<1x2x68xf32>
// CHECK: vector.store %{{.+}}, %[[SUMS]]
// CHECK: scf.for %[[COLUMN:[a-z0-9]+]] = %c0 to %{{.+}} step %c4
// CHECK: %[[NEXT:.+]] = arith.addi %[[COLUMN]], %c32
// CHECK: %[[IS_LAST:.+]] = arith.cmpi sge, %[[NEXT]], %{{.+}}
// CHECK: arith.select %[[IS_LAST]], %c4, %c0
// CHECK-COUNT-4: memref.prefetch %[[W]]
// CHECK-COUNT-4: vector.load %[[W]]
// CHECK: scf.for %[[ROW:[a-z0-9]+]] = %c0 to
// CHECK: vector.load %[[SUMS]][%c0, %[[ROW]], %[[COLUMN]]]
// CHECK-COUNT-4: math.fma
// CHECK: vector.store %{{.+}}, %[[SUMS]][%c0, %[[ROW]], %[[COLUMN]]]
// CHECK-COUNT-2: vector.load %[[W]]
// CHECK: scf.for
// CHECK-COUNT-2: math.fma
// CHECK-NOT: math.fma
func.func @along_columns(%x: memref<?x6xf32>, %n: index, %w: memref<6x64xf32>,
                         %out: memref<?x64xf32>) {
  tile.for_each rows(%n) columns 64
      schedule #moe.schedule<rows = 2, columns = 64, depth = 8, stream_rows = 2,
                register_rows = 1, register_vectors = 1, lanes = 4, multiply = fma> {
  ^bb0(%at: !tile.coords):
    %rows = tile.rows %x of %at : memref<?x6xf32> -> !tile.source<6xf32>
    %a = tile.weights %w of %at {layout = #moe.matrix_layout<in_out>}
      : memref<6x64xf32> -> !tile.source<6xf32>
    %sum = tile.contract %rows, %a : !tile.source<6xf32>, !tile.source<6xf32>
      -> !tile.fragment<2x64xf32>
    tile.store %sum, %out of %at : !tile.fragment<2x64xf32>, memref<?x64xf32>
  }
  return
}

// -----

// Pairs of bf16 are multiplied as they are.
// CHECK-LABEL: @dot_bf16
// CHECK-SAME: %[[X:[a-z0-9]+]]: memref<?x8xbf16>
// CHECK-NOT: memref.alloc(
// CHECK: memref.alloca() {{.*}}: memref<1x4x8xbf16>
// CHECK: %[[ROW:.+]] = memref.subview %[[X]]
// CHECK: %[[PAIR:.+]] = vector.load %[[ROW]][%{{.+}}] : {{.+}}, vector<2xbf16>
// CHECK: %[[BITS:.+]] = vector.bitcast %[[PAIR]] : vector<2xbf16> to vector<1xi32>
// CHECK: x86vector.avx512.dot %{{.+}}, %{{.+}}, %{{.+}} : vector<8xbf16> -> vector<4xf32>
func.func @dot_bf16(%x: memref<?x8xbf16>, %n: index, %w: memref<4x8xbf16>, %out: memref<?x4xbf16>) {
  tile.for_each rows(%n) columns 4
      schedule #moe.schedule<rows = 1, columns = 4, depth = 8, stream_rows = 0,
                register_rows = 1, register_vectors = 1, lanes = 4, multiply = dot_bf16> {
  ^bb0(%at: !tile.coords):
    %rows = tile.rows %x of %at : memref<?x8xbf16> -> !tile.source<8xbf16>
    %a = tile.weights %w of %at {layout = #moe.matrix_layout<out_in>}
      : memref<4x8xbf16> -> !tile.source<8xbf16>
    %sum = tile.contract %rows, %a : !tile.source<8xbf16>, !tile.source<8xbf16>
      -> !tile.fragment<1x4xf32>
    tile.store %sum, %out of %at : !tile.fragment<1x4xf32>, memref<?x4xbf16>
  }
  return
}

// -----

// Every other output comes from two vectors, unless the second one would end beyond the row.
// CHECK-LABEL: @even_outputs
// CHECK-SAME: %[[W:[a-z0-9]+]]: memref<4x8xf32>
// CHECK: %[[FIRST:.+]] = vector.load %[[W]]
// CHECK: %[[SECOND:.+]] = vector.load %[[W]]
// CHECK: vector.shuffle %[[FIRST]], %[[SECOND]] [0, 2, 4, 6]
func.func @even_outputs(%x: memref<?x4xf32>, %n: index, %w: memref<4x8xf32>,
                        %out: memref<?x4xf32>) {
  tile.for_each rows(%n) columns 4
      schedule #moe.schedule<rows = 1, columns = 4, depth = 8, stream_rows = 1,
                register_rows = 1, register_vectors = 1, lanes = 4, multiply = fma> {
  ^bb0(%at: !tile.coords):
    %rows = tile.rows %x of %at : memref<?x4xf32> -> !tile.source<4xf32>
    %a = tile.weights %w of %at {layout = #moe.matrix_layout<in_out>, stride = 2}
      : memref<4x8xf32> -> !tile.source<4xf32>
    %sum = tile.contract %rows, %a : !tile.source<4xf32>, !tile.source<4xf32>
      -> !tile.fragment<1x4xf32>
    tile.store %sum, %out of %at : !tile.fragment<1x4xf32>, memref<?x4xf32>
  }
  return
}

// -----

// CHECK-LABEL: @odd_outputs
// CHECK-SAME: %[[W:[a-z0-9]+]]: memref<4x7xf32>
// CHECK-NOT: vector.load %[[W]]
// CHECK: memref.load %[[W]]
// CHECK-NOT: vector.load %[[W]]
func.func @odd_outputs(%x: memref<?x4xf32>, %n: index, %w: memref<4x7xf32>,
                       %out: memref<?x4xf32>) {
  tile.for_each rows(%n) columns 4
      schedule #moe.schedule<rows = 1, columns = 4, depth = 8, stream_rows = 1,
                register_rows = 1, register_vectors = 1, lanes = 4, multiply = fma> {
  ^bb0(%at: !tile.coords):
    %rows = tile.rows %x of %at : memref<?x4xf32> -> !tile.source<4xf32>
    %a = tile.weights %w of %at {layout = #moe.matrix_layout<in_out>, stride = 2}
      : memref<4x7xf32> -> !tile.source<4xf32>
    %sum = tile.contract %rows, %a : !tile.source<4xf32>, !tile.source<4xf32>
      -> !tile.fragment<1x4xf32>
    tile.store %sum, %out of %at : !tile.fragment<1x4xf32>, memref<?x4xf32>
  }
  return
}

// -----

// Vectors of numbers of eight bits are decoded at once, with the scale of their block.
// CHECK-LABEL: @fp8
// CHECK-SAME: %[[W:[a-z0-9]+]]: memref<4x8xf8E4M3FN>, %[[S:[a-z0-9]+]]: memref<2x2xf32>
// CHECK: %[[CODES:.+]] = vector.load %[[W]]{{.+}} vector<4xf8E4M3FN>
// CHECK: %[[BYTES:.+]] = vector.bitcast %[[CODES]] : vector<4xf8E4M3FN> to vector<4xi8>
// CHECK: %[[WIDE:.+]] = arith.extsi %[[BYTES]] : vector<4xi8> to vector<4xi32>
// CHECK: math.fma
// CHECK: %[[SCALE:.+]] = memref.load %[[S]]
// CHECK: %[[SCALES:.+]] = vector.broadcast %[[SCALE]]
// CHECK: %[[PRODUCT:.+]] = arith.mulf %{{.+}}, %[[SCALES]] : vector<4xf32>
// CHECK: arith.truncf %[[PRODUCT]] : vector<4xf32> to vector<4xbf16>
// CHECK-NOT: memref.load %[[W]]
// CHECK: return
func.func @fp8(%x: memref<?x8xf32>, %n: index, %w: memref<4x8xf8E4M3FN>,
               %scales: memref<2x2xf32>, %out: memref<?x4xf32>) {
  tile.for_each rows(%n) columns 4
      schedule #moe.schedule<rows = 1, columns = 4, depth = 8, stream_rows = 1,
                register_rows = 1, register_vectors = 1, lanes = 4, multiply = fma> {
  ^bb0(%at: !tile.coords):
    %rows = tile.rows %x of %at : memref<?x8xf32> -> !tile.source<8xf32>
    %a = tile.weights %w of %at scales(%scales : memref<2x2xf32>)
      {layout = #moe.matrix_layout<out_in>, scheme = #moe<quant_scheme block>,
       block_shape = array<i64: 2, 4>}
      : memref<4x8xf8E4M3FN> -> !tile.source<8xbf16>
    %sum = tile.contract %rows, %a : !tile.source<8xf32>, !tile.source<8xbf16>
      -> !tile.fragment<1x4xf32>
    tile.store %sum, %out of %at : !tile.fragment<1x4xf32>, memref<?x4xf32>
  }
  return
}

// -----

// Outputs that are contiguous have a scale each, or one for some of them.
// CHECK-LABEL: @int8
// CHECK-SAME: %[[W:[a-z0-9]+]]: memref<8x4xi8>, %[[S:[a-z0-9]+]]: memref<1x2xf32>
// CHECK: %[[CODES:.+]] = vector.load %[[W]]{{.+}} vector<4xi8>
// CHECK: arith.sitofp %[[CODES]] : vector<4xi8> to vector<4xf32>
// CHECK: %[[SCALES:.+]] = vector.load %[[S]]{{.+}} vector<2xf32>
// CHECK: vector.shuffle %[[SCALES]], %[[SCALES]] [0, 0, 1, 1]
func.func @int8(%x: memref<?x8xf32>, %n: index, %w: memref<8x4xi8>,
                %scales: memref<1x2xf32>, %out: memref<?x4xf32>) {
  tile.for_each rows(%n) columns 4
      schedule #moe.schedule<rows = 1, columns = 4, depth = 8, stream_rows = 1,
                register_rows = 1, register_vectors = 1, lanes = 4, multiply = fma> {
  ^bb0(%at: !tile.coords):
    %rows = tile.rows %x of %at : memref<?x8xf32> -> !tile.source<8xf32>
    %a = tile.weights %w of %at scales(%scales : memref<1x2xf32>)
      {layout = #moe.matrix_layout<in_out>, scheme = #moe<quant_scheme block>,
       block_shape = array<i64: 8, 2>}
      : memref<8x4xi8> -> !tile.source<8xf32>
    %sum = tile.contract %rows, %a : !tile.source<8xf32>, !tile.source<8xf32>
      -> !tile.fragment<1x4xf32>
    tile.store %sum, %out of %at : !tile.fragment<1x4xf32>, memref<?x4xf32>
  }
  return
}

// -----

// A vector that two blocks share is decoded one by one.
// CHECK-LABEL: @odd_blocks
// CHECK-SAME: %[[W:[a-z0-9]+]]: memref<4x6xi8>
// CHECK-NOT: vector.load %[[W]]
// CHECK: memref.load %[[W]]
func.func @odd_blocks(%x: memref<?x6xf32>, %n: index, %w: memref<4x6xi8>,
                      %scales: memref<4x2xf32>, %out: memref<?x4xf32>) {
  tile.for_each rows(%n) columns 4
      schedule #moe.schedule<rows = 1, columns = 4, depth = 8, stream_rows = 1,
                register_rows = 1, register_vectors = 1, lanes = 4, multiply = fma> {
  ^bb0(%at: !tile.coords):
    %rows = tile.rows %x of %at : memref<?x6xf32> -> !tile.source<6xf32>
    %a = tile.weights %w of %at scales(%scales : memref<4x2xf32>)
      {layout = #moe.matrix_layout<out_in>, scheme = #moe<quant_scheme block>,
       block_shape = array<i64: 1, 3>}
      : memref<4x6xi8> -> !tile.source<6xf32>
    %sum = tile.contract %rows, %a : !tile.source<6xf32>, !tile.source<6xf32>
      -> !tile.fragment<1x4xf32>
    tile.store %sum, %out of %at : !tile.fragment<1x4xf32>, memref<?x4xf32>
  }
  return
}

// -----

// Each byte of MXFP4 gives two lanes.
// CHECK-LABEL: @mxfp4
// CHECK-SAME: %[[W:[a-z0-9]+]]: memref<4x1x16xi8>, %[[S:[a-z0-9]+]]: memref<4x1xi8>
// CHECK: %[[BYTES:.+]] = vector.load %[[W]]{{.+}} vector<2xi8>
// CHECK: memref.load %[[S]]
// CHECK: %[[TWICE:.+]] = vector.shuffle %[[BYTES]], %[[BYTES]] [0, 0, 1, 1]
// CHECK: arith.extui %[[TWICE]] : vector<4xi8> to vector<4xi32>
// CHECK: arith.sitofp
// CHECK-NOT: arith.truncf
// CHECK: return
func.func @mxfp4(%x: memref<?x32xf32>, %n: index, %w: memref<4x1x16xi8>,
                 %scales: memref<4x1xi8>, %out: memref<?x4xf32>) {
  tile.for_each rows(%n) columns 4
      schedule #moe.schedule<rows = 1, columns = 4, depth = 8, stream_rows = 1,
                register_rows = 1, register_vectors = 1, lanes = 4, multiply = fma> {
  ^bb0(%at: !tile.coords):
    %rows = tile.rows %x of %at : memref<?x32xf32> -> !tile.source<32xf32>
    %a = tile.weights %w of %at scales(%scales : memref<4x1xi8>)
      {layout = #moe.matrix_layout<out_in>, scheme = #moe<quant_scheme mxfp4>}
      : memref<4x1x16xi8> -> !tile.source<32xbf16>
    %sum = tile.contract %rows, %a : !tile.source<32xf32>, !tile.source<32xbf16>
      -> !tile.fragment<1x4xf32>
    tile.store %sum, %out of %at : !tile.fragment<1x4xf32>, memref<?x4xf32>
  }
  return
}

// -----

// Two projections whose weights lie apart are one code, in a loop over both.
// CHECK-LABEL: @gated
// CHECK-SAME: %[[X:[a-z0-9]+]]: memref<?x4xf32>, %[[N:[a-z0-9]+]]: index, %[[UP:[a-z0-9]+]]: memref<4x4xf32>, %[[GATE:[a-z0-9]+]]: memref<4x4xf32>
// CHECK: %[[SUMS:.+]] = memref.alloca() {{.*}}: memref<2x4x8xf32>
// CHECK: scf.for %[[P:.+]] = %c0 to %c2 step %c1
// CHECK: %[[IS_UP:.+]] = arith.cmpi slt, %[[P]], %c1
// CHECK: %[[W:.+]] = arith.select %[[IS_UP]], %[[UP]], %[[GATE]] : memref<4x4xf32>
// CHECK: vector.load %[[W]]
// CHECK: vector.store %{{.+}}, %[[SUMS]][%[[P]],
// CHECK: %[[A:.+]] = vector.load %[[SUMS]][%c0,
// CHECK: %[[B:.+]] = vector.load %[[SUMS]][%c1,
// CHECK: arith.mulf %[[A]], %[[B]]
func.func @gated(%x: memref<?x4xf32>, %n: index, %up: memref<4x4xf32>, %gate: memref<4x4xf32>,
                 %out: memref<?x4xf32>) {
  tile.for_each rows(%n) columns 4
      schedule #moe.schedule<rows = 4, columns = 4, depth = 4, stream_rows = 0,
                register_rows = 4, register_vectors = 1, lanes = 4, multiply = fma> {
  ^bb0(%at: !tile.coords):
    %rows = tile.rows %x of %at : memref<?x4xf32> -> !tile.source<4xf32>
    %a = tile.weights %up of %at {layout = #moe.matrix_layout<out_in>}
      : memref<4x4xf32> -> !tile.source<4xf32>
    %b = tile.weights %gate of %at {layout = #moe.matrix_layout<out_in>}
      : memref<4x4xf32> -> !tile.source<4xf32>
    %sum:2 = tile.contract %rows, %a, %b
      : !tile.source<4xf32>, !tile.source<4xf32>, !tile.source<4xf32>
      -> !tile.fragment<4x4xf32>, !tile.fragment<4x4xf32>
    %y = tile.map %sum#0, %sum#1
      : !tile.fragment<4x4xf32>, !tile.fragment<4x4xf32> -> !tile.fragment<4x4xf32> {
    ^bb0(%u: f32, %v: f32):
      %product = arith.mulf %u, %v : f32
      tile.yield %product : f32
    }
    tile.store %y, %out of %at : !tile.fragment<4x4xf32>, memref<?x4xf32>
  }
  return
}

// -----

// Halves of one matrix are, too.
// CHECK-LABEL: @halves
// CHECK: scf.for %[[P:.+]] = %c0 to %c2 step %c1
// CHECK: %[[IS_FIRST:.+]] = arith.cmpi slt, %[[P]], %c1
// CHECK: arith.select %[[IS_FIRST]], %{{.+}}, %{{.+}} : index
// CHECK: memref.alloca() {{.*}}: memref<1x4x4xf32>
// CHECK-NOT: memref.alloca
// CHECK: return
func.func @halves(%x: memref<?x4xf32>, %n: index, %w: memref<8x4xf32>, %out: memref<?x4xf32>) {
  tile.for_each rows(%n) columns 4
      schedule #moe.schedule<rows = 4, columns = 4, depth = 4, stream_rows = 0,
                register_rows = 4, register_vectors = 1, lanes = 4, multiply = fma> {
  ^bb0(%at: !tile.coords):
    %rows = tile.rows %x of %at : memref<?x4xf32> -> !tile.source<4xf32>
    %a = tile.weights %w of %at {layout = #moe.matrix_layout<out_in>}
      : memref<8x4xf32> -> !tile.source<4xf32>
    %b = tile.weights %w of %at {layout = #moe.matrix_layout<out_in>, start = 4 : i64}
      : memref<8x4xf32> -> !tile.source<4xf32>
    %sum:2 = tile.contract %rows, %a, %b
      : !tile.source<4xf32>, !tile.source<4xf32>, !tile.source<4xf32>
      -> !tile.fragment<4x4xf32>, !tile.fragment<4x4xf32>
    %y = tile.map %sum#0, %sum#1
      : !tile.fragment<4x4xf32>, !tile.fragment<4x4xf32> -> !tile.fragment<4x4xf32> {
    ^bb0(%u: f32, %v: f32):
      %product = arith.mulf %u, %v : f32
      tile.yield %product : f32
    }
    tile.store %y, %out of %at : !tile.fragment<4x4xf32>, memref<?x4xf32>
  }
  return
}

// -----

// Projections that differ in more than their place have code each.
// CHECK-LABEL: @unlike
// CHECK-SAME: %{{.+}}: index, %[[UP:[a-z0-9]+]]: memref<4x4xf32>, %[[GATE:[a-z0-9]+]]: memref<4x4xbf16>
// CHECK-NOT: arith.select {{.*}}memref
// CHECK: vector.load %[[UP]]
// CHECK: vector.load %[[GATE]]
// CHECK: return
func.func @unlike(%x: memref<?x4xf32>, %n: index, %up: memref<4x4xf32>, %gate: memref<4x4xbf16>,
                  %out: memref<?x4xf32>) {
  tile.for_each rows(%n) columns 4
      schedule #moe.schedule<rows = 4, columns = 4, depth = 4, stream_rows = 0,
                register_rows = 4, register_vectors = 1, lanes = 4, multiply = fma> {
  ^bb0(%at: !tile.coords):
    %rows = tile.rows %x of %at : memref<?x4xf32> -> !tile.source<4xf32>
    %a = tile.weights %up of %at {layout = #moe.matrix_layout<out_in>}
      : memref<4x4xf32> -> !tile.source<4xf32>
    %b = tile.weights %gate of %at {layout = #moe.matrix_layout<out_in>}
      : memref<4x4xbf16> -> !tile.source<4xbf16>
    %sum:2 = tile.contract %rows, %a, %b
      : !tile.source<4xf32>, !tile.source<4xf32>, !tile.source<4xbf16>
      -> !tile.fragment<4x4xf32>, !tile.fragment<4x4xf32>
    %y = tile.map %sum#0, %sum#1
      : !tile.fragment<4x4xf32>, !tile.fragment<4x4xf32> -> !tile.fragment<4x4xf32> {
    ^bb0(%u: f32, %v: f32):
      %product = arith.mulf %u, %v : f32
      tile.yield %product : f32
    }
    tile.store %y, %out of %at : !tile.fragment<4x4xf32>, memref<?x4xf32>
  }
  return
}

// -----

// Code without tiles is left alone.
// CHECK-LABEL: @nothing
// CHECK-NEXT: memref.load
// CHECK-NEXT: return
func.func @nothing(%x: memref<4xf32>, %i: index) -> f32 {
  %y = memref.load %x[%i] : memref<4xf32>
  return %y : f32
}

// -----

// A row goes where its target says, a vector of columns at a time.
// CHECK-LABEL: @targets
// CHECK-SAME: %{{.+}}: index, %[[OUT:[a-z0-9]+]]: memref<?x4xf32>
// CHECK: %[[LOADED:.+]] = memref.load %{{.+}}[%{{.+}}] : memref<?xi32>
// CHECK: %[[TARGET:.+]] = arith.index_cast %[[LOADED]] : i32 to index
// CHECK: arith.cmpi {{.*}}%[[TARGET]]
// CHECK: scf.if
// CHECK: vector.store %{{.+}}, %[[OUT]][%[[TARGET]],
func.func @targets(%x: memref<?x4xf32>, %w: memref<4x4xf32>, %t: memref<?xi32>, %n: index,
                   %out: memref<?x4xf32>) {
  tile.for_each rows(%n) columns 4
      schedule #moe.schedule<rows = 4, columns = 4, depth = 4, stream_rows = 4,
                register_rows = 4, register_vectors = 1, lanes = 4, multiply = fma> {
  ^bb0(%at: !tile.coords):
    %a = tile.rows %x of %at : memref<?x4xf32> -> !tile.source<4xf32>
    %b = tile.weights %w of %at {layout = #moe.matrix_layout<out_in>}
      : memref<4x4xf32> -> !tile.source<4xf32>
    %sum = tile.contract %a, %b : !tile.source<4xf32>, !tile.source<4xf32>
      -> !tile.fragment<4x4xf32>
    tile.store %sum, %out of %at targets(%t : memref<?xi32>)
      : !tile.fragment<4x4xf32>, memref<?x4xf32>
  }
  return
}

// -----

// Each element is added as one step.
// CHECK-LABEL: @adds
// CHECK-SAME: %{{.+}}: index, %[[OUT:[a-z0-9]+]]: memref<?x4xf32>
// CHECK: %[[SUMS:.+]] = vector.load {{.*}} : memref<1x4x8xf32>, vector<4xf32>
// CHECK: scf.for %[[LANE:.+]] = %c0 to %c4
// CHECK: %[[ELEMENT:.+]] = vector.extract %[[SUMS]][%[[LANE]]] : f32 from vector<4xf32>
// CHECK: memref.atomic_rmw addf %[[ELEMENT]], %[[OUT]][
func.func @adds(%x: memref<?x4xf32>, %w: memref<4x4xf32>, %t: memref<?xi32>, %n: index,
                %out: memref<?x4xf32>) {
  tile.for_each rows(%n) columns 4
      schedule #moe.schedule<rows = 4, columns = 4, depth = 4, stream_rows = 4,
                register_rows = 4, register_vectors = 1, lanes = 4, multiply = fma> {
  ^bb0(%at: !tile.coords):
    %a = tile.rows %x of %at : memref<?x4xf32> -> !tile.source<4xf32>
    %b = tile.weights %w of %at {layout = #moe.matrix_layout<out_in>}
      : memref<4x4xf32> -> !tile.source<4xf32>
    %sum = tile.contract %a, %b : !tile.source<4xf32>, !tile.source<4xf32>
      -> !tile.fragment<4x4xf32>
    tile.store %sum, %out of %at targets(%t : memref<?xi32>) adds
      : !tile.fragment<4x4xf32>, memref<?x4xf32>
  }
  return
}
