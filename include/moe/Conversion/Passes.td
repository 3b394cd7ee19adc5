//===- Passes.td - Conversions of the moe dialect ----------*- tablegen -*-===//

#ifndef MOE_CONVERSION_PASSES_TD
#define MOE_CONVERSION_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConvertMoEToLoopsPass : Pass<"convert-moe-to-loops", "ModuleOp"> {
  let summary = "lower moe ops to loops over memrefs";
  let description = [{
    The reference lowering: every op becomes `scf` loops over `memref`s, right for
    every shape before it is fast. Experts touch only the rows routed to them;
    `moe.grouped_gemm` (into which `moe.expert_mlp` is split) packs panels of weights into f32 (f64), whatever their layout,
    element type or quantisation, and multiplies with vectors; its loops and those over
    tokens are `scf.parallel`. Tensors with the encoding `#moe.per_expert` become a
    table of addresses, `memref<Exi64>`, in function signatures.
  }];
  let dependentDialects = [
    "arith::ArithDialect", "bufferization::BufferizationDialect", "func::FuncDialect",
    "LLVM::LLVMDialect", "math::MathDialect", "memref::MemRefDialect", "scf::SCFDialect",
    "tensor::TensorDialect", "vector::VectorDialect"];
}

def ConvertCopyToLinalgPass
    : Pass<"moe-convert-copy-to-linalg", "func::FuncOp"> {
  let summary = "copy strided memory with loops";
  let description = [{
    A `memref.copy` whose source or target is not contiguous becomes `linalg.copy`;
    lowered as it is, it would call a library of MLIR that compiled layers do without.
  }];
  let dependentDialects = ["linalg::LinalgDialect"];
}

def WidenToF64Pass : Pass<"moe-widen-to-f64", "func::FuncOp"> {
  let summary = "evaluate a layer in f64";
  let description = [{
    Every f32, f16 and bf16 value inside a function becomes f64, its results too, and
    no conversion between floats remains: the layer's mathematics without its rounding,
    to compare other lowerings with. Arguments keep their types; weights are read in
    place in the type they are stored in.
  }];
  let dependentDialects = ["arith::ArithDialect"];
}

def OutlineParallelPass : Pass<"moe-outline-parallel", "ModuleOp"> {
  let summary = "give the bodies of parallel loops to the runtime's threads";
  let description = [{
    Each outermost one-dimensional `scf.parallel` becomes a function of a range of
    iterations and the values it uses, and a call of `moe_parallel_for(count, function,
    values)`, which the program that loads the code provides. Parallel loops inside
    become sequential.
  }];
  let dependentDialects = ["func::FuncDialect", "LLVM::LLVMDialect", "scf::SCFDialect"];
}

#endif // MOE_CONVERSION_PASSES_TD
