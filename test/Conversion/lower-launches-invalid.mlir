// RUN: moe-opt %s --moe-lower-launches --verify-diagnostics

module attributes {gpu.container_module} {
func.func @planes() {
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  // expected-error @+1 {{expected blocks and threads of one dimension}}
  gpu.launch_func @kernels::@kernel blocks in (%c1, %c2, %c1) threads in (%c1, %c1, %c1)
  return
}

gpu.module @kernels {
  llvm.func @kernel() attributes {gpu.kernel, nvvm.kernel} {
    llvm.return
  }
}
}
