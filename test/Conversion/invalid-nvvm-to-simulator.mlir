// RUN: moe-opt %s --convert-nvvm-to-simulator --split-input-file --verify-diagnostics

gpu.module @unknown {
  llvm.func @kernel() attributes {nvvm.kernel} {
    // expected-error @below {{op 'nvvm.tcgen05.relinquish_alloc_permit' is not simulated}}
    nvvm.tcgen05.relinquish_alloc_permit
    llvm.return
  }
}

// -----

gpu.module @ptx {
  llvm.func @kernel() attributes {nvvm.kernel} {
    // expected-error @below {{PTX 'bar.sync' is not simulated}}
    nvvm.inline_ptx "bar.sync 0;"
    llvm.return
  }
}

// -----

gpu.module @operands {
  llvm.func @kernel() attributes {nvvm.kernel} {
    // expected-error @below {{asm has 0 operands, expected 1 as its constraints say}}
    llvm.inline_asm has_side_effects "prefetch.global.L2 [$0];", "l,~{memory}" : () -> ()
    llvm.return
  }
}

// -----

gpu.module @alignment {
  // expected-error @below {{aligned to 2048, expected at most 1024}}
  llvm.mlir.global internal @fixed() {addr_space = 3 : i32, alignment = 2048 : i64} : !llvm.array<3 x i32>
}

// -----

llvm.func @kernel()
gpu.module @twice {
  // expected-error @below {{a symbol of the name 'kernel' is already in the module}}
  llvm.func @kernel() attributes {nvvm.kernel} {
    llvm.return
  }
}
