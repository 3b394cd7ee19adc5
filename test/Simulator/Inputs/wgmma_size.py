#!/usr/bin/env python3
"""Prints for moe-sim a kernel that multiplies 64 x 16 by 16 x N, and what it should give."""

import sys

N = int(sys.argv[1])
MEMBERS = ", ".join(["f32"] * (N // 2))
STORES = "".join(f"""
    %x{i} = llvm.extractvalue %d[{i}] : !acc
    %p{i} = llvm.getelementptr %out[{i // 2 % 2 * 8 * N + i // 4 * 8 + i % 2}] : (!llvm.ptr<1>) -> !llvm.ptr<1>, f32
    llvm.store %x{i}, %p{i} : f32, !llvm.ptr<1>""" for i in range(N // 2))


def copy(name, source, target):
    """The threads copy 16 bytes each: from rows of 32 to halves of K of eight rows."""
    return f"""
    scf.for %i = %tid to %{name}Chunks step %c128 : i32 {{
      %row = arith.divui %i, %c2 : i32
      %half = arith.remui %i, %c2 : i32
      %block = arith.divui %row, %c8 : i32
      %inBlock = arith.remui %row, %c8 : i32
      %fromAt = arith.muli %i, %c16 : i32
      %blocks = arith.muli %block, %c256 : i32
      %halves = arith.muli %half, %c128 : i32
      %rows = arith.muli %inBlock, %c16 : i32
      %inRow = arith.addi %halves, %rows : i32
      %toAt = arith.addi %blocks, %inRow : i32
      %from = llvm.getelementptr {source}[%fromAt] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, i8
      %to = llvm.getelementptr {target}[%toAt] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i8
      %chunk = llvm.load %from : !llvm.ptr<1> -> vector<4xi32>
      llvm.store %chunk, %to : vector<4xi32>, !llvm.ptr<3>
    }}"""


print(f"""!acc = !llvm.struct<({MEMBERS})>
module attributes {{sim.launches = [
  {{kernel = @multiply, grid = array<i32: 1>, block = array<i32: 128>,
   args = [0 : index, 1 : index, 2 : index]}}]}} {{
func.func @reference(%a: memref<64x16xbf16> {{sim.init = "random"}},
                     %b: memref<{N}x16xbf16> {{sim.init = "random"}}, %c: memref<64x{N}xf32>) {{
  %zero = arith.constant 0.0 : f64
  %sums = memref.alloc() : memref<64x{N}xf64>
  linalg.fill ins(%zero : f64) outs(%sums : memref<64x{N}xf64>)
  linalg.generic {{indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                                   affine_map<(m, n, k) -> (m, n)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}}
      ins(%a, %b : memref<64x16xbf16>, memref<{N}x16xbf16>) outs(%sums : memref<64x{N}xf64>) {{
  ^bb0(%x: bf16, %y: bf16, %sum: f64):
    %0 = arith.extf %x : bf16 to f64
    %1 = arith.extf %y : bf16 to f64
    %2 = arith.mulf %0, %1 : f64
    %3 = arith.addf %sum, %2 : f64
    linalg.yield %3 : f64
  }}
  linalg.generic {{indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>],
                  iterator_types = ["parallel", "parallel"]}}
      ins(%sums : memref<64x{N}xf64>) outs(%c : memref<64x{N}xf32>) {{
  ^bb0(%x: f64, %out: f32):
    %0 = arith.truncf %x : f64 to f32
    linalg.yield %0 : f32
  }}
  memref.dealloc %sums : memref<64x{N}xf64>
  return
}}
gpu.module @kernels {{
  llvm.mlir.global internal @a() {{addr_space = 3 : i32, alignment = 128 : i64}} : !llvm.array<2048 x i8>
  llvm.mlir.global internal @b() {{addr_space = 3 : i32, alignment = 128 : i64}} : !llvm.array<{N * 32} x i8>
  gpu.func @multiply(%a: !llvm.ptr<1>, %b: !llvm.ptr<1>, %c: !llvm.ptr<1>) kernel {{
    %c2 = arith.constant 2 : i32
    %c4 = arith.constant 4 : i32
    %c8 = arith.constant 8 : i32
    %c16 = arith.constant 16 : i32
    %c32 = arith.constant 32 : i32
    %c128 = arith.constant 128 : i32
    %c256 = arith.constant 256 : i32
    %n = arith.constant {N} : i32
    %aChunks = arith.constant 128 : i32
    %bChunks = arith.constant {2 * N} : i32
    %tid = nvvm.read.ptx.sreg.tid.x : i32
    %lane = nvvm.read.ptx.sreg.laneid : i32
    %tileA = llvm.mlir.addressof @a : !llvm.ptr<3>
    %tileB = llvm.mlir.addressof @b : !llvm.ptr<3>
{copy("a", "%a", "%tileA")}
{copy("b", "%b", "%tileB")}
    nvvm.fence.proxy {{kind = #nvvm.proxy_kind<async.shared>, space = #nvvm.shared_space<cta>}}
    nvvm.barrier0
    %shift = arith.constant 4 : i64
    // Eight rows are 256 bytes, the halves of K in them 128.
    %distances = arith.constant {16 << 32 | 8 << 16} : i64
    %addressA = llvm.ptrtoint %tileA : !llvm.ptr<3> to i64
    %startA = arith.shrui %addressA, %shift : i64
    %descA = arith.ori %startA, %distances : i64
    %addressB = llvm.ptrtoint %tileB : !llvm.ptr<3> to i64
    %startB = arith.shrui %addressB, %shift : i64
    %descB = arith.ori %startB, %distances : i64
    %none = llvm.mlir.undef : !acc
    nvvm.wgmma.fence.aligned
    %d = nvvm.wgmma.mma_async %descA, %descB, %none, #nvvm.shape<m = 64, n = {N}, k = 16>,
      D [<f32>, <zero>], A [<bf16>, <one>, <row>], B [<bf16>, <one>, <col>] : !acc -> !acc
    nvvm.wgmma.commit.group.sync.aligned
    nvvm.wgmma.wait.group.sync.aligned 0
    %warp = arith.divui %tid, %c32 : i32
    %warpRow = arith.muli %warp, %c16 : i32
    %laneRow = arith.divui %lane, %c4 : i32
    %row = arith.addi %warpRow, %laneRow : i32
    %rows = arith.muli %row, %n : i32
    %quarter = arith.remui %lane, %c4 : i32
    %pair = arith.muli %quarter, %c2 : i32
    %at = arith.addi %rows, %pair : i32
    %out = llvm.getelementptr %c[%at] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f32{STORES}
    gpu.return
  }}
}}
}}""")
