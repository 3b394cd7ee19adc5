//===- PlanSelection.cpp - The plans of a layer, and the best one ---------===//

#include "PlanSelection.h"
#include "moe/IR/LayerPlan.h"

using namespace mlir;
using namespace mlir::moe;

bool mlir::moe::isDeterministic(const KernelPlan &plan) {
  return plan.combine != KernelPlan::Combine::Atomic;
}

SmallVector<PlanCandidate>
mlir::moe::listPlans(FunctionOpInterface function,
                     const std::optional<LayerProblem> &problem,
                     const Target &target, int64_t tokens,
                     function_ref<bool(const KernelPlan &)> accepts) {
  SmallVector<PlanCandidate> candidates;
  for (const KernelPlan &plan : enumeratePlans()) {
    if (!accepts(plan) ||
        checkPlan(toAttribute(function->getContext(), plan), function))
      continue;
    PlanCandidate &candidate = candidates.emplace_back(PlanCandidate{plan});
    if (problem)
      candidate.estimate = estimatePlan(*problem, plan, target, tokens);
  }
  return candidates;
}

const PlanCandidate &mlir::moe::selectPlan(ArrayRef<PlanCandidate> candidates) {
  return *llvm::min_element(candidates,
                            [](const PlanCandidate &a, const PlanCandidate &b) {
                              return a.estimate.seconds < b.estimate.seconds;
                            });
}
