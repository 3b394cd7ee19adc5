//===- PlanSelection.h - The plans of a layer, and the best one -*- C++ -*-===//

#ifndef MOE_LIB_TRANSFORMS_PLANSELECTION_H
#define MOE_LIB_TRANSFORMS_PLANSELECTION_H

#include "moe/IR/PlanProblem.h"

namespace mlir::moe {

/// A plan that is legal for a function, and for what it costs on a target.
struct PlanCandidate {
  KernelPlan plan;
  PlanEstimate estimate = {};
};

/// The legal ones among the plans that `accepts` takes, the plainest first.
/// Without a problem nothing costs anything.
SmallVector<PlanCandidate>
listPlans(FunctionOpInterface function,
          const std::optional<LayerProblem> &problem, const Target &target,
          int64_t tokens, function_ref<bool(const KernelPlan &)> accepts);

/// The one with the shortest time; the first of equals.
const PlanCandidate &selectPlan(ArrayRef<PlanCandidate> candidates);

/// Whether the results are the same in every run.
bool isDeterministic(const KernelPlan &plan);

} // namespace mlir::moe

#endif // MOE_LIB_TRANSFORMS_PLANSELECTION_H
