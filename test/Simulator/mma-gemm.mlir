// Tiles of 16 x 32 and 8 x 32 come by cp.async in two stages, ldmatrix and mma.sync
// multiply them. One warp.

// RUN: moe-sim %s --seeds=4 | FileCheck %s --check-prefix=OK
// OK-COUNT-4: 8 matrix ops

// RUN: sed -e '/@WAIT/d' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=WAIT
// WAIT: error: missing-wait: read {{.*}}ldmatrix{{.*}}nothing waited for nvvm.cp.async

// RUN: sed -e '/@WAIT/s/group 1/group 2/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=LATE
// LATE: error: missing-wait: read {{.*}}ldmatrix{{.*}}nothing waited for nvvm.cp.async

// RUN: sed -e '/@COMMIT/d' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=COMMIT
// COMMIT: error: missing-wait: read {{.*}}ldmatrix{{.*}}nothing waited for nvvm.cp.async

// RUN: sed -e '/@VISIBLE/d' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=VISIBLE
// VISIBLE: error: {{data-race|never-written|missing-wait}}: read {{.*}}ldmatrix

// RUN: sed -e '/@REUSE/d' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=REUSE
// REUSE: error: data-race: write {{.*}}nvvm.cp.async{{.*}}after the read, nvvm.ldmatrix

// RUN: sed -e '/@STRIDE/s/c64/c72/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=STRIDE
// STRIDE: error: misaligned: {{.*}}ldmatrix{{.*}}expected a multiple of 16

// RUN: sed -e '/@STRIDE/s/c64/c80/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=PITCH
// PITCH: error: {{wrong-result|never-written}}:

// RUN: sed -e '/@LAYOUT/s/row/col/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=LAYOUT
// LAYOUT: error: wrong-result:

// RUN: sed -e '/@TAIL/s/c13/c16/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=TAIL
// TAIL: error: out-of-bounds: write of 8 bytes at {{.*}}llvm.store

// RUN: sed -e '/@ROWS/s/c13/c16/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=ROWS
// ROWS: error: out-of-bounds: read of 16 bytes at {{.*}}nvvm.cp.async

module attributes {sim.launches = [
  {kernel = @gemm, grid = array<i32: 1>, block = array<i32: 32>, args = [0 : index, 1 : index, 2 : index]}]} {

func.func @reference(%a: memref<13x128xbf16> {sim.init = "random"},
                     %b: memref<8x128xbf16> {sim.init = "random"}, %c: memref<13x8xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%c : memref<13x8xf32>)
  linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                                   affine_map<(m, n, k) -> (m, n)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<13x128xbf16>, memref<8x128xbf16>) outs(%c : memref<13x8xf32>) {
  ^bb0(%x: bf16, %y: bf16, %sum: f32):
    %0 = arith.extf %x : bf16 to f32
    %1 = arith.extf %y : bf16 to f32
    %2 = arith.mulf %0, %1 : f32
    %3 = arith.addf %sum, %2 : f32
    linalg.yield %3 : f32
  }
  return
}

gpu.module @kernels {
  // Per stage 16 rows of A and 8 of B, of 64 bytes.
  llvm.mlir.global internal @tiles() {addr_space = 3 : i32, alignment = 128 : i64} : !llvm.array<3072 x i8>

  // Each lane copies 48 bytes: 16 of each of two rows of A and of one row of B.
  llvm.func @load(%a: !llvm.ptr<1>, %b: !llvm.ptr<1>, %k: i32) {
    %c0 = arith.constant 0 : i32
    %c2 = arith.constant 2 : i32
    %c4 = arith.constant 4 : i32
    %c8 = arith.constant 8 : i32
    %c13 = arith.constant 13 : i32
    %c16 = arith.constant 16 : i32
    %c64 = arith.constant 64 : i32
    %c256 = arith.constant 256 : i32
    %c1024 = arith.constant 1024 : i32
    %c1536 = arith.constant 1536 : i32
    %lane = nvvm.read.ptx.sreg.laneid : i32
    %row = arith.divui %lane, %c4 : i32
    %chunk = arith.remui %lane, %c4 : i32
    %chunkBytes = arith.muli %chunk, %c16 : i32
    %stage = arith.remui %k, %c2 : i32
    %stageBytes = arith.muli %stage, %c1536 : i32
    %kBytes = arith.muli %k, %c64 : i32
    %column = arith.addi %kBytes, %chunkBytes : i32
    %tiles = llvm.mlir.addressof @tiles : !llvm.ptr<3>
    %one = arith.constant 1 : i32
    scf.for %i = %c0 to %c2 step %one : i32 {
      %eight = arith.muli %i, %c8 : i32
      %r = arith.addi %row, %eight : i32
      // Rows after the last are zero.
      %inside = arith.cmpi ult, %r, %c13 : i32 // @ROWS
      %valid = arith.select %inside, %c16, %c0 : i32
      %rowBytes = arith.muli %r, %c256 : i32
      %from = arith.addi %rowBytes, %column : i32
      %tileRow = arith.muli %r, %c64 : i32
      %to0 = arith.addi %tileRow, %chunkBytes : i32
      %to = arith.addi %to0, %stageBytes : i32
      %source = llvm.getelementptr %a[%from] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, i8
      %target = llvm.getelementptr %tiles[%to] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i8
      nvvm.cp.async.shared.global %target, %source, 16, cache =  cg, %valid : !llvm.ptr<3>, !llvm.ptr<1>, i32
    }
    %rowBytes = arith.muli %row, %c256 : i32
    %from = arith.addi %rowBytes, %column : i32
    %tileRow = arith.muli %row, %c64 : i32
    %to0 = arith.addi %tileRow, %chunkBytes : i32
    %to1 = arith.addi %to0, %stageBytes : i32
    %to = arith.addi %to1, %c1024 : i32
    %source = llvm.getelementptr %b[%from] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, i8
    %target = llvm.getelementptr %tiles[%to] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i8
    nvvm.cp.async.shared.global %target, %source, 16, cache =  cg : !llvm.ptr<3>, !llvm.ptr<1>
    llvm.return
  }

  gpu.func @gemm(%a: !llvm.ptr<1>, %b: !llvm.ptr<1>, %c: !llvm.ptr<1>) kernel {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %c2 = arith.constant 2 : i32
    %c3 = arith.constant 3 : i32
    %c4 = arith.constant 4 : i32
    %c8 = arith.constant 8 : i32
    %c13 = arith.constant 13 : i32
    %c16 = arith.constant 16 : i32
    %c32 = arith.constant 32 : i32
    %c64 = arith.constant 64 : i32
    %c72 = arith.constant 72 : i32
    %c80 = arith.constant 80 : i32
    %c1024 = arith.constant 1024 : i32
    %c1536 = arith.constant 1536 : i32
    %all = arith.constant -1 : i32
    %zero = arith.constant 0.0 : f32
    %lane = nvvm.read.ptx.sreg.laneid : i32
    %tiles = llvm.mlir.addressof @tiles : !llvm.ptr<3>
    llvm.call @load(%a, %b, %c0) : (!llvm.ptr<1>, !llvm.ptr<1>, i32) -> ()
    nvvm.cp.async.commit.group // @COMMIT
    %s:4 = scf.for %k = %c0 to %c4 step %c1
        iter_args(%s0 = %zero, %s1 = %zero, %s2 = %zero, %s3 = %zero) -> (f32, f32, f32, f32) : i32 {
      %next = arith.addi %k, %c1 : i32
      %more = arith.cmpi ult, %next, %c4 : i32
      scf.if %more {
        llvm.call @load(%a, %b, %next) : (!llvm.ptr<1>, !llvm.ptr<1>, i32) -> ()
      }
      nvvm.cp.async.commit.group // @COMMIT
      nvvm.cp.async.wait.group 1 // @WAIT
      nvvm.bar.warp.sync %all : i32 // @VISIBLE
      %stage = arith.remui %k, %c2 : i32
      %stageBytes = arith.muli %stage, %c1536 : i32
      %row16 = arith.remui %lane, %c16 : i32
      %rowA = arith.muli %row16, %c64 : i32 // @STRIDE
      %rightA = arith.divui %lane, %c16 : i32
      %chunkA = arith.muli %rightA, %c16 : i32
      %row8 = arith.remui %lane, %c8 : i32
      %rowB = arith.muli %row8, %c64 : i32
      %partB = arith.divui %lane, %c8 : i32
      %rightB = arith.remui %partB, %c2 : i32
      %chunkB = arith.muli %rightB, %c16 : i32
      %t:4 = scf.for %half = %c0 to %c64 step %c32
          iter_args(%u0 = %s0, %u1 = %s1, %u2 = %s2, %u3 = %s3) -> (f32, f32, f32, f32) : i32 {
        %base = arith.addi %stageBytes, %half : i32
        %a0 = arith.addi %base, %rowA : i32
        %atA = arith.addi %a0, %chunkA : i32
        %b0 = arith.addi %base, %rowB : i32
        %b1 = arith.addi %b0, %chunkB : i32
        %atB = arith.addi %b1, %c1024 : i32
        %pointerA = llvm.getelementptr %tiles[%atA] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i8
        %pointerB = llvm.getelementptr %tiles[%atB] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i8
        %fa = nvvm.ldmatrix %pointerA {num = 4 : i32, layout = #nvvm.mma_layout<row>, shape = #nvvm.ld_st_matrix_shape<m = 8, n = 8>, eltType = #nvvm.ld_st_matrix_elt_type<b16>} : (!llvm.ptr<3>) -> !llvm.struct<(i32, i32, i32, i32)>
        %fb = nvvm.ldmatrix %pointerB {num = 2 : i32, layout = #nvvm.mma_layout<row>, shape = #nvvm.ld_st_matrix_shape<m = 8, n = 8>, eltType = #nvvm.ld_st_matrix_elt_type<b16>} : (!llvm.ptr<3>) -> !llvm.struct<(i32, i32)> // @LAYOUT
        %ra0 = llvm.extractvalue %fa[0] : !llvm.struct<(i32, i32, i32, i32)>
        %ra1 = llvm.extractvalue %fa[1] : !llvm.struct<(i32, i32, i32, i32)>
        %ra2 = llvm.extractvalue %fa[2] : !llvm.struct<(i32, i32, i32, i32)>
        %ra3 = llvm.extractvalue %fa[3] : !llvm.struct<(i32, i32, i32, i32)>
        %rb0 = llvm.extractvalue %fb[0] : !llvm.struct<(i32, i32)>
        %rb1 = llvm.extractvalue %fb[1] : !llvm.struct<(i32, i32)>
        %d = nvvm.mma.sync A[%ra0, %ra1, %ra2, %ra3] B[%rb0, %rb1] C[%u0, %u1, %u2, %u3]
          {layoutA = #nvvm.mma_layout<row>, layoutB = #nvvm.mma_layout<col>,
           multiplicandAPtxType = #nvvm.mma_type<bf16>, multiplicandBPtxType = #nvvm.mma_type<bf16>,
           shape = #nvvm.shape<m = 16, n = 8, k = 16>}
          : (i32, i32, f32) -> !llvm.struct<(f32, f32, f32, f32)>
        %d0 = llvm.extractvalue %d[0] : !llvm.struct<(f32, f32, f32, f32)>
        %d1 = llvm.extractvalue %d[1] : !llvm.struct<(f32, f32, f32, f32)>
        %d2 = llvm.extractvalue %d[2] : !llvm.struct<(f32, f32, f32, f32)>
        %d3 = llvm.extractvalue %d[3] : !llvm.struct<(f32, f32, f32, f32)>
        scf.yield %d0, %d1, %d2, %d3 : f32, f32, f32, f32
      }
      nvvm.bar.warp.sync %all : i32 // @REUSE
      scf.yield %t#0, %t#1, %t#2, %t#3 : f32, f32, f32, f32
    }
    %row = arith.divui %lane, %c4 : i32
    %pair = arith.remui %lane, %c4 : i32
    %column = arith.muli %pair, %c2 : i32
    %lower = arith.addi %row, %c8 : i32
    %v0 = llvm.mlir.undef : vector<2xf32>
    %i0 = arith.constant 0 : i32
    %v1 = llvm.insertelement %s#0, %v0[%c0 : i32] : vector<2xf32>
    %v2 = llvm.insertelement %s#1, %v1[%c1 : i32] : vector<2xf32>
    %w1 = llvm.insertelement %s#2, %v0[%c0 : i32] : vector<2xf32>
    %w2 = llvm.insertelement %s#3, %w1[%c1 : i32] : vector<2xf32>
    %at = arith.muli %row, %c8 : i32
    %index = arith.addi %at, %column : i32
    %target = llvm.getelementptr %c[%index] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f32
    llvm.store %v2, %target : vector<2xf32>, !llvm.ptr<1>
    %inside = arith.cmpi ult, %lower, %c13 : i32 // @TAIL
    scf.if %inside {
      %atLower = arith.muli %lower, %c8 : i32
      %indexLower = arith.addi %atLower, %column : i32
      %targetLower = llvm.getelementptr %c[%indexLower] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f32
      llvm.store %w2, %targetLower : vector<2xf32>, !llvm.ptr<1>
    }
    gpu.return
  }
}
}
