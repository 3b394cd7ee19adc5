//===- Passes.td - Transformations of moe ops --------------*- tablegen -*-===//

#ifndef MOE_TRANSFORMS_PASSES_TD
#define MOE_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def FuseGatePass : Pass<"moe-fuse-gate", "func::FuncOp"> {
  let summary = "make a linear gate one grouped GEMM";
  let description = [{
    A `moe.gate` of kind `linear` becomes a `moe.grouped_gemm` of one expert, with bias
    and soft cap in its epilogue: the logits take the way of all other products. Gates
    that compare by angle or distance stay.
  }];
  let dependentDialects = ["arith::ArithDialect", "math::MathDialect"];
}

def SplitExpertsPass : Pass<"moe-split-experts", "func::FuncOp"> {
  let summary = "make each expert MLP two grouped GEMMs";
  let description = [{
    `moe.expert_mlp` becomes a `moe.grouped_gemm` of the gate and up projections, with
    biases, activation and rounding in its epilogue, and one of the down projection.
    Experts that return their rows unchanged become a copy of these rows.
  }];
  let dependentDialects = ["arith::ArithDialect", "math::MathDialect",
                           "tensor::TensorDialect"];
}

def FuseGatherPass : Pass<"moe-fuse-gather", "func::FuncOp"> {
  let summary = "let grouped GEMMs read the rows of tokens in place";
  let description = [{
    A `moe.dispatch` without weights whose rows a `moe.grouped_gemm` multiplies becomes
    the GEMM's `sources`: the permuted copy of the activation is neither written nor
    read. It stays for other users.
  }];
}

def FuseWeightsPass : Pass<"moe-fuse-weights", "func::FuncOp"> {
  let summary = "multiply rows with their routing weight where they are computed";
  let description = [{
    The weights of a `moe.combine` move into the epilogue of the `moe.grouped_gemm` that
    computes its rows, as one `moe.row_weights` per row, before the element is rounded.
    Refused if the rows have other users, if the combination rounds each product
    (`accumulate` `result`), or if two choices may share a row.
  }];
}

#endif // MOE_TRANSFORMS_PASSES_TD
