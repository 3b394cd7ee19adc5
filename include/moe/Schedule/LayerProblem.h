//===- LayerProblem.h - A layer as plans of kernels see it ------*- C++ -*-===//

#ifndef MOE_SCHEDULE_LAYERPROBLEM_H
#define MOE_SCHEDULE_LAYERPROBLEM_H

#include "moe/Schedule/GemmProblem.h"

namespace mlir::moe {

/// What decides which kernels of a layer are fast.
struct LayerProblem {
  /// Experts of this device, and those that tokens choose among.
  int64_t experts = 1, totalExperts = 1;
  int64_t topK = 1;
  /// Widths of a token and of the result.
  int64_t inputs = 0, columns = 0;
  NumberFormat input, result;
  /// In which results are summed.
  int64_t sumBits = 32;
  /// Ops of the router.
  int64_t routerOps = 0;
  /// Experts that all tokens pass, beside those that they choose.
  int64_t sharedExperts = 0;
};

} // namespace mlir::moe

#endif // MOE_SCHEDULE_LAYERPROBLEM_H
