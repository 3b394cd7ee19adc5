//===- SplitExperts.h - Expert MLPs as grouped GEMMs ------------*- C++ -*-===//

#ifndef MOE_TRANSFORMS_SPLITEXPERTS_H
#define MOE_TRANSFORMS_SPLITEXPERTS_H

#include "moe/IR/MoE.h"

#include "mlir/IR/PatternMatch.h"

namespace mlir::moe {

/// Replaces `op` by one grouped GEMM for each stage.
void splitExperts(ExpertMlpOp op, RewriterBase &rewriter);

} // namespace mlir::moe

#endif // MOE_TRANSFORMS_SPLITEXPERTS_H
