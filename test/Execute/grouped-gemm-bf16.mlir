// The layer of grouped-gemm.mlir with pairs of bf16 that are multiplied as they are.

// REQUIRES: avx512bf16
// DEFINE: %{case} = even
// DEFINE: %{schedule} = none
// DEFINE: %{run} = sed -e 's/SCHEDULE/%{schedule}, lanes = %lanes32, multiply = dot_bf16/' \
// DEFINE:   -e 's/TYPE/bf16/g' -e 's/SUM/f32/g' -e 's/DEPTH/38/g' %S/grouped-gemm.mlir > %t.mlir && \
// DEFINE:   moe-run %t.mlir --input=%S/Data/grouped-gemm.%{case}.in.safetensors \
// DEFINE:   --expect=%S/Data/grouped-gemm.%{case}.out.safetensors --tolerance=0

// Packed: two blocks of inputs, the last not whole.
// REDEFINE: %{schedule} = rows = 12, columns = 32, depth = 32, stream_rows = 0, register_rows = 3, register_vectors = 1
// RUN: %{run}

// Streamed.
// REDEFINE: %{schedule} = rows = 16, columns = 32, depth = 32, stream_rows = 16, register_rows = 4, register_vectors = 2
// RUN: %{run}
// REDEFINE: %{schedule} = rows = 80, columns = 32, depth = 32, stream_rows = 80, register_rows = 4, register_vectors = 2
// RUN: %{run}
