// RUN: moe-opt %s --convert-tile-to-nvvm --split-input-file --verify-diagnostics

#schedule = #moe.warpgroup_schedule<rows = 64, columns = 64, depth = 64, stages = 2, consumers = 1, consumers_per_tile = 1>

func.func @elements(%x: memref<8x64xbf16>, %w: memref<64x64xf16>, %out: memref<8x64xf32>) {
  %rows = arith.constant 8 : index
  tile.for_each rows(%rows) columns 64 schedule #schedule {
  ^bb0(%at: !tile.coords):
    %a = tile.rows %x of %at : memref<8x64xbf16> -> !tile.source<64xbf16>
    // expected-error @+1 {{elements are 'f16', expected 'bf16' as in the rows, for warpgroups}}
    %b = tile.weights %w of %at {layout = #moe.matrix_layout<out_in>}
      : memref<64x64xf16> -> !tile.source<64xf16>
    %sum = tile.contract %a, %b : !tile.source<64xbf16>, !tile.source<64xf16>
      -> !tile.fragment<64x64xf32>
    tile.store %sum, %out of %at : !tile.fragment<64x64xf32>, memref<8x64xf32>
  }
  return
}

// -----

#schedule = #moe.warpgroup_schedule<rows = 64, columns = 64, depth = 64, stages = 2, consumers = 1, consumers_per_tile = 1>

func.func @stride(%x: memref<8x64xbf16>, %w: memref<64x128xbf16>, %out: memref<8x64xf32>) {
  %rows = arith.constant 8 : index
  tile.for_each rows(%rows) columns 64 schedule #schedule {
  ^bb0(%at: !tile.coords):
    %a = tile.rows %x of %at : memref<8x64xbf16> -> !tile.source<64xbf16>
    // expected-error @+1 {{stride is 2, expected 1 for in_out weights of one projection, for warpgroups}}
    %b = tile.weights %w of %at {layout = #moe.matrix_layout<in_out>, stride = 2}
      : memref<64x128xbf16> -> !tile.source<64xbf16>
    %sum = tile.contract %a, %b : !tile.source<64xbf16>, !tile.source<64xbf16>
      -> !tile.fragment<64x64xf32>
    tile.store %sum, %out of %at : !tile.fragment<64x64xf32>, memref<8x64xf32>
  }
  return
}

// -----

#schedule = #moe.warpgroup_schedule<rows = 64, columns = 64, depth = 64, stages = 2, consumers = 1, consumers_per_tile = 1>

func.func @nothing(%out: memref<8x64xf32>) {
  %rows = arith.constant 8 : index
  // expected-error @+1 {{expected one contraction, one source of rows and one store, for warpgroups}}
  tile.for_each rows(%rows) columns 64 schedule #schedule {
  ^bb0(%at: !tile.coords):
  }
  return
}

// -----

#schedule = #moe.warpgroup_schedule<rows = 64, columns = 64, depth = 64, stages = 2, consumers = 1, consumers_per_tile = 1>

func.func @adds(%x: memref<8x64xbf16>, %w: memref<64x64xbf16>, %t: memref<8xi32>, %out: memref<8x64xf32>) {
  %rows = arith.constant 8 : index
  tile.for_each rows(%rows) columns 64 schedule #schedule {
  ^bb0(%at: !tile.coords):
    %a = tile.rows %x of %at : memref<8x64xbf16> -> !tile.source<64xbf16>
    %b = tile.weights %w of %at {layout = #moe.matrix_layout<out_in>}
      : memref<64x64xbf16> -> !tile.source<64xbf16>
    %sum = tile.contract %a, %b : !tile.source<64xbf16>, !tile.source<64xbf16>
      -> !tile.fragment<64x64xf32>
    // expected-error @+1 {{adds to what is there, expected a store that does not, for warpgroups}}
    tile.store %sum, %out of %at targets(%t : memref<8xi32>) adds
      : !tile.fragment<64x64xf32>, memref<8x64xf32>
  }
  return
}
