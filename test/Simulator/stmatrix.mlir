// A warp stores matrices of 8 x 8 by stmatrix, in rows and transposed, loads them by ldmatrix
// and writes what each lane then has.

// RUN: moe-sim %s --seeds=4 | FileCheck %s --check-prefix=OK
// OK-COUNT-4: relative error 0.00e+00

// RUN: sed -e '/@ONE/s/layout<row>/layout<col>/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=ONE
// ONE: error: wrong-result:

// RUN: sed -e '/@FOUR/s/layout<col>/layout<row>/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=FOUR
// FOUR: error: wrong-result:

// RUN: sed -e 's/%%pitch = arith.constant 16/%%pitch = arith.constant 24/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=PITCH
// PITCH: error: misaligned: write of 16 bytes {{.*}}nvvm.stmatrix{{.*}}expected a multiple of 16

// RUN: sed -e '/@TWO/s/%%row2/%%row/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=TWO
// TWO: error: {{data-race|wrong-result|never-written}}:

module attributes {sim.launches = [
  {kernel = @matrices, grid = array<i32: 1>, block = array<i32: 32>, args = [0 : index]}]} {

// Lane l has (l / 4, l % 4 * 2 + h) of a matrix in half h; of a transposed one the mirrored
// element. Its value is number of matrix * 64 + row * 8 + column.
func.func @reference(%c: memref<7x32x2xi16>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  %c7 = arith.constant 7 : index
  %c8 = arith.constant 8 : index
  %c32 = arith.constant 32 : index
  %c64 = arith.constant 64 : index
  scf.for %m = %c0 to %c7 step %c1 {
    %mirrored = arith.cmpi uge, %m, %c3 : index
    scf.for %l = %c0 to %c32 step %c1 {
      scf.for %h = %c0 to %c2 step %c1 {
        %row = arith.divui %l, %c4 : index
        %quarter = arith.remui %l, %c4 : index
        %pair = arith.muli %quarter, %c2 : index
        %column = arith.addi %pair, %h : index
        %i = arith.select %mirrored, %column, %row : index
        %j = arith.select %mirrored, %row, %column : index
        %rows = arith.muli %i, %c8 : index
        %element = arith.addi %rows, %j : index
        %base = arith.muli %m, %c64 : index
        %sum = arith.addi %base, %element : index
        %value = arith.index_cast %sum : index to i16
        memref.store %value, %c[%m, %l, %h] : memref<7x32x2xi16>
      }
    }
  }
  return
}

gpu.module @kernels {
  llvm.mlir.global internal @tiles() {addr_space = 3 : i32, alignment = 128 : i64} : !llvm.array<896 x i8>

  gpu.func @matrices(%c: !llvm.ptr<1>) kernel {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %c2 = arith.constant 2 : i32
    %c16 = arith.constant 16 : i32
    %c32 = arith.constant 32 : i32
    %c64 = arith.constant 64 : i32
    %all = arith.constant -1 : i32
    %pitch = arith.constant 16 : i32
    %lane = nvvm.read.ptx.sreg.laneid : i32
    %tiles = llvm.mlir.addressof @tiles : !llvm.ptr<3>
    // Elements 2 * lane and the next of each matrix.
    %low = arith.muli %lane, %c2 : i32
    %high = arith.addi %low, %c1 : i32
    %shifted = arith.shli %high, %c16 : i32
    %pair0 = arith.ori %low, %shifted : i32
    %more = arith.constant 4194368 : i32
    %pair1 = arith.addi %pair0, %more : i32
    %pair2 = arith.addi %pair1, %more : i32
    %pair3 = arith.addi %pair2, %more : i32
    %pair4 = arith.addi %pair3, %more : i32
    %pair5 = arith.addi %pair4, %more : i32
    %pair6 = arith.addi %pair5, %more : i32
    %offset = arith.muli %lane, %pitch : i32
    %row = llvm.getelementptr %tiles[%offset] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i8
    %row2 = llvm.getelementptr %row[128] : (!llvm.ptr<3>) -> !llvm.ptr<3>, i8
    %row4 = llvm.getelementptr %row[384] : (!llvm.ptr<3>) -> !llvm.ptr<3>, i8
    nvvm.stmatrix %row, %pair0 {layout = #nvvm.mma_layout<row>, shape = #nvvm.ld_st_matrix_shape<m = 8, n = 8>, eltType = #nvvm.ld_st_matrix_elt_type<b16>} : !llvm.ptr<3>, i32 // @ONE
    nvvm.stmatrix %row2, %pair1, %pair2 {layout = #nvvm.mma_layout<row>, shape = #nvvm.ld_st_matrix_shape<m = 8, n = 8>, eltType = #nvvm.ld_st_matrix_elt_type<b16>} : !llvm.ptr<3>, i32, i32 // @TWO
    nvvm.stmatrix %row4, %pair3, %pair4, %pair5, %pair6 {layout = #nvvm.mma_layout<col>, shape = #nvvm.ld_st_matrix_shape<m = 8, n = 8>, eltType = #nvvm.ld_st_matrix_elt_type<b16>} : !llvm.ptr<3>, i32, i32, i32, i32 // @FOUR
    nvvm.bar.warp.sync %all : i32
    %m0 = nvvm.ldmatrix %row {num = 1 : i32, layout = #nvvm.mma_layout<row>, shape = #nvvm.ld_st_matrix_shape<m = 8, n = 8>, eltType = #nvvm.ld_st_matrix_elt_type<b16>} : (!llvm.ptr<3>) -> i32
    %m1 = nvvm.ldmatrix %row2 {num = 2 : i32, layout = #nvvm.mma_layout<row>, shape = #nvvm.ld_st_matrix_shape<m = 8, n = 8>, eltType = #nvvm.ld_st_matrix_elt_type<b16>} : (!llvm.ptr<3>) -> !llvm.struct<(i32, i32)>
    %m3 = nvvm.ldmatrix %row4 {num = 4 : i32, layout = #nvvm.mma_layout<row>, shape = #nvvm.ld_st_matrix_shape<m = 8, n = 8>, eltType = #nvvm.ld_st_matrix_elt_type<b16>} : (!llvm.ptr<3>) -> !llvm.struct<(i32, i32, i32, i32)>
    %r1 = llvm.extractvalue %m1[0] : !llvm.struct<(i32, i32)>
    %r2 = llvm.extractvalue %m1[1] : !llvm.struct<(i32, i32)>
    %r3 = llvm.extractvalue %m3[0] : !llvm.struct<(i32, i32, i32, i32)>
    %r4 = llvm.extractvalue %m3[1] : !llvm.struct<(i32, i32, i32, i32)>
    %r5 = llvm.extractvalue %m3[2] : !llvm.struct<(i32, i32, i32, i32)>
    %r6 = llvm.extractvalue %m3[3] : !llvm.struct<(i32, i32, i32, i32)>
    %to0 = llvm.getelementptr %c[%lane] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, i32
    %to1 = llvm.getelementptr %to0[32] : (!llvm.ptr<1>) -> !llvm.ptr<1>, i32
    %to2 = llvm.getelementptr %to0[64] : (!llvm.ptr<1>) -> !llvm.ptr<1>, i32
    %to3 = llvm.getelementptr %to0[96] : (!llvm.ptr<1>) -> !llvm.ptr<1>, i32
    %to4 = llvm.getelementptr %to0[128] : (!llvm.ptr<1>) -> !llvm.ptr<1>, i32
    %to5 = llvm.getelementptr %to0[160] : (!llvm.ptr<1>) -> !llvm.ptr<1>, i32
    %to6 = llvm.getelementptr %to0[192] : (!llvm.ptr<1>) -> !llvm.ptr<1>, i32
    llvm.store %m0, %to0 : i32, !llvm.ptr<1>
    llvm.store %r1, %to1 : i32, !llvm.ptr<1>
    llvm.store %r2, %to2 : i32, !llvm.ptr<1>
    llvm.store %r3, %to3 : i32, !llvm.ptr<1>
    llvm.store %r4, %to4 : i32, !llvm.ptr<1>
    llvm.store %r5, %to5 : i32, !llvm.ptr<1>
    llvm.store %r6, %to6 : i32, !llvm.ptr<1>
    gpu.return
  }
}
}
