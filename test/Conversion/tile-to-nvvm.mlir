// RUN: moe-opt %s --convert-tile-to-nvvm --canonicalize --cse --split-input-file | FileCheck %s

#schedule = #moe.warpgroup_schedule<rows = 128, columns = 64, depth = 64, stages = 4, consumers = 2, consumers_per_tile = 2>

// The host makes a map of each weight and launches as many blocks as there can be tiles,
// up to the device's limit.
// CHECK-LABEL: func.func @gathered
// CHECK-SAME: %[[X:[a-z0-9]+]]: memref<?x200xbf16>, %[[S:[a-z0-9]+]]: memref<?xi32>, %[[O:[a-z0-9]+]]: memref<9xi32>, %[[W:[a-z0-9]+]]: memref<8x240x200xbf16>, %[[OUT:[a-z0-9]+]]: memref<?x120xbf16>
// CHECK: %[[UP:.+]] = llvm.getelementptr %{{.+}}[48000]
// CHECK: %[[MAP:.+]] = llvm.alloca %{{.+}} x !llvm.array<128 x i8> {alignment = 64
// CHECK: call @moe_encode_tensor_map(%[[MAP]], %[[UP]], %c9_i32, %c200_i64, %c120_i64, %c8_i64, %c400_i64, %c96000_i64, %c64_i32, %c64_i32)
// CHECK: call @moe_encode_tensor_map
// CHECK: %[[ROWS:.+]] = memref.dim %[[S]], %c0
// CHECK: %[[BLOCKS:.+]] = arith.minsi %{{.+}}, %c132
// CHECK: gpu.launch_func @kernels::@gathered_gemm blocks in (%[[BLOCKS]], %c1, %c1) threads in (%c384, %c1, %c1) dynamic_shared_memory_size %c148616_i32
func.func @gathered(%x: memref<?x200xbf16>, %sources: memref<?xi32>, %offsets: memref<9xi32>,
                    %w: memref<8x240x200xbf16>, %out: memref<?x120xbf16>) {
  tile.for_each offsets(%offsets : memref<9xi32>) columns 120 schedule #schedule {
  ^bb0(%at: !tile.coords):
    %a = tile.rows %x of %at sources(%sources : memref<?xi32>)
      : memref<?x200xbf16> -> !tile.source<200xbf16>
    %b = tile.weights %w of %at {layout = #moe.matrix_layout<out_in>, start = 120}
      : memref<8x240x200xbf16> -> !tile.source<200xbf16>
    %c = tile.weights %w of %at {layout = #moe.matrix_layout<out_in>}
      : memref<8x240x200xbf16> -> !tile.source<200xbf16>
    %sums:2 = tile.contract %a, %b, %c : !tile.source<200xbf16>, !tile.source<200xbf16>,
      !tile.source<200xbf16> -> !tile.fragment<128x64xf32>, !tile.fragment<128x64xf32>
    %h = tile.map %sums#0, %sums#1 : !tile.fragment<128x64xf32>, !tile.fragment<128x64xf32>
        -> !tile.fragment<128x64xf32> {
    ^bb0(%up: f32, %gate: f32):
      %product = arith.mulf %up, %gate : f32
      tile.yield %product : f32
    }
    tile.store %h, %out of %at : !tile.fragment<128x64xf32>, memref<?x120xbf16>
  }
  return
}

// CHECK: gpu.module @kernels [#nvvm.target<O = 3, chip = "sm_90a"
// CHECK: llvm.mlir.global external @shared_memory() {addr_space = 3 : i32, alignment = 1024
// CHECK: llvm.func @gathered_gemm(%[[MAP0:.+]]: !llvm.ptr {llvm.align = 64 : i64, llvm.byval = !llvm.array<128 x i8>, nvvm.grid_constant}, %[[MAP1:[a-z0-9]+]]: !llvm.ptr {{.*}}nvvm.kernel{{.*}}nvvm.reqntid = array<i32: 384, 1, 1>
// The next kernel may start, and what others compute is waited for.
// CHECK: nvvm.griddepcontrol launch_dependents
// CHECK: nvvm.mbarrier.init
// CHECK: nvvm.fence.mbarrier.init
// CHECK: nvvm.griddepcontrol wait
// One warp counts blocks of rows.
// CHECK: nvvm.shfl.sync up
// CHECK: nvvm.barrier0

// Consumers: four steps of 16 inputs, two projections, for each stage.
// CHECK: nvvm.setmaxregister increase 224
// CHECK: %[[WARPGROUP:.+]] = nvvm.shfl.sync idx %{{.+}}, %{{.+}}, %c0_i32
// CHECK: scf.while
// CHECK: %{{.+}}:2 = scf.if %[[HAS_ROWS:.+]] -> (!llvm.struct<
// The first products start from nothing.
// CHECK: nvvm.mbarrier.try_wait.parity
// CHECK-NEXT: nvvm.wgmma.fence.aligned
// CHECK-COUNT-2: nvvm.wgmma.mma_async {{.*}}<m = 64, n = 64, k = 16>, D[<f32>, <zero>]
// CHECK-COUNT-6: nvvm.wgmma.mma_async {{.*}}<m = 64, n = 64, k = 16>, D[<f32>, <one>]
// CHECK-NEXT: nvvm.wgmma.commit.group.sync.aligned
// CHECK: scf.for
// CHECK: nvvm.mbarrier.try_wait.parity
// CHECK-COUNT-8: nvvm.wgmma.mma_async {{.*}}<m = 64, n = 64, k = 16>, D[<f32>, <one>]
// CHECK-NEXT: nvvm.wgmma.commit.group.sync.aligned
// CHECK: nvvm.wgmma.wait.group.sync.aligned 1
// CHECK: nvvm.mbarrier.arrive
// CHECK: nvvm.wgmma.wait.group.sync.aligned 0
// A consumer without rows gives stages back when they have come, and computes nothing.
// CHECK: } else {
// CHECK: scf.for
// CHECK-NOT: wgmma
// CHECK: nvvm.mbarrier.try_wait.parity
// CHECK: nvvm.mbarrier.arrive
// CHECK: scf.if %[[HAS_ROWS]]
// The epilogue is computed on single sums, two groups of columns stored as four matrices, and
// lines of 16 bytes written.
// CHECK: arith.mulf
// CHECK: arith.truncf %{{.+}} : f32 to bf16
// CHECK: llvm.bitcast %{{.+}} : vector<2xbf16> to i32
// CHECK: nvvm.stmatrix %{{.+}}, %{{.+}}, %{{.+}}, %{{.+}}, %{{.+}} {eltType = #nvvm.ld_st_matrix_elt_type<b16>, layout = #nvvm.mma_layout<row>
// CHECK: nvvm.bar.warp.sync
// CHECK: llvm.store %{{.+}}, %{{.+}} : vector<4xi32>, !llvm.ptr<1>

// Producer: weights by two bulk copies, rows by eight chunks of each thread; a stage is
// announced when its rows have come.
// CHECK: nvvm.setmaxregister decrease 56
// CHECK: nvvm.mbarrier.arrive.expect_tx %{{.+}}, %c16384_i32
// CHECK-COUNT-2: nvvm.cp.async.bulk.tensor.shared.cluster.global
// CHECK-COUNT-8: nvvm.cp.async.shared.global
// CHECK: nvvm.cp.async.commit.group
// CHECK-NEXT: nvvm.cp.async.wait.group 2
// CHECK-NEXT: nvvm.fence.proxy
// CHECK-NEXT: nvvm.bar.warp.sync

// -----

#schedule = #moe.warpgroup_schedule<rows = 64, columns = 32, depth = 64, stages = 2, consumers = 1, consumers_per_tile = 1>

// Rows in order are copied through a map, outputs that alternate multiplied together, and
// one warpgroup keeps its registers.
// CHECK-LABEL: func.func @interleaved
// CHECK: arith.maxsi %{{.+}}, %c1
// CHECK: gpu.launch_func @kernels::@interleaved_gemm {{.*}} threads in (%c256,
// CHECK: llvm.func @interleaved_gemm
// CHECK-NOT: setmaxregister
// CHECK-COUNT-4: nvvm.wgmma.mma_async {{.*}}n = 64, {{.*}}B[<bf16>, <one>, <row>]
// CHECK: llvm.store %{{.+}}, %{{.+}} : f32, !llvm.ptr<3>
// CHECK: nvvm.mbarrier.arrive.expect_tx %{{.+}}, %c16384_i32
// CHECK-COUNT-2: nvvm.cp.async.bulk.tensor.shared.cluster.global
// CHECK-NOT: cp.async
func.func @interleaved(%x: memref<?x64xbf16>, %w: memref<64x80xbf16>, %out: memref<?x40xf32>) {
  %c0 = arith.constant 0 : index
  %rows = memref.dim %x, %c0 : memref<?x64xbf16>
  tile.for_each rows(%rows) columns 40 schedule #schedule {
  ^bb0(%at: !tile.coords):
    %a = tile.rows %x of %at : memref<?x64xbf16> -> !tile.source<64xbf16>
    %b = tile.weights %w of %at {layout = #moe.matrix_layout<in_out>, stride = 2}
      : memref<64x80xbf16> -> !tile.source<64xbf16>
    %c = tile.weights %w of %at {layout = #moe.matrix_layout<in_out>, stride = 2, start = 1}
      : memref<64x80xbf16> -> !tile.source<64xbf16>
    %sums:2 = tile.contract %a, %b, %c : !tile.source<64xbf16>, !tile.source<64xbf16>,
      !tile.source<64xbf16> -> !tile.fragment<64x32xf32>, !tile.fragment<64x32xf32>
    %h = tile.map %sums#0, %sums#1 : !tile.fragment<64x32xf32>, !tile.fragment<64x32xf32>
        -> !tile.fragment<64x32xf32> {
    ^bb0(%up: f32, %gate: f32):
      %product = arith.mulf %up, %gate : f32
      tile.yield %product : f32
    }
    tile.store %h, %out of %at : !tile.fragment<64x32xf32>, memref<?x40xf32>
  }
  return
}

// -----

// A schedule for a CPU is left alone, and so is the module.
// CHECK-LABEL: func.func @vectors
// CHECK: tile.for_each
// CHECK-NOT: gpu.module
func.func @vectors(%x: memref<?x64xf32>, %w: memref<40x64xf32>, %out: memref<?x40xf32>) {
  %c0 = arith.constant 0 : index
  %rows = memref.dim %x, %c0 : memref<?x64xf32>
  tile.for_each rows(%rows) columns 40
      schedule #moe.schedule<rows = 64, columns = 8, depth = 64, stream_rows = 16,
            register_rows = 8, register_vectors = 1, lanes = 8, multiply = fma> {
  ^bb0(%at: !tile.coords):
    %a = tile.rows %x of %at : memref<?x64xf32> -> !tile.source<64xf32>
    %b = tile.weights %w of %at {layout = #moe.matrix_layout<out_in>}
      : memref<40x64xf32> -> !tile.source<64xf32>
    %sum = tile.contract %a, %b : !tile.source<64xf32>, !tile.source<64xf32>
      -> !tile.fragment<64x8xf32>
    tile.store %sum, %out of %at : !tile.fragment<64x8xf32>, memref<?x40xf32>
  }
  return
}
