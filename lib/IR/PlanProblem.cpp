//===- PlanProblem.cpp - Layers as their plans see them ------------------===//

#include "moe/IR/PlanProblem.h"
#include "NumberFormats.h"
#include "moe/IR/LayerPlan.h"
#include "moe/IR/PerToken.h"

#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace mlir::moe;

static int64_t dim(Value value, unsigned index) {
  int64_t extent = cast<RankedTensorType>(value.getType()).getDimSize(index);
  return ShapedType::isDynamic(extent) ? 0 : extent;
}

/// The combination of the most results, which decides for all.
static CombineOp findCombination(FunctionOpInterface function) {
  CombineOp largest;
  function->walk([&](CombineOp op) {
    if (!largest || dim(op.getResult(), 1) > dim(largest.getResult(), 1))
      largest = op;
  });
  return largest;
}

std::optional<LayerProblem>
mlir::moe::getLayerProblem(FunctionOpInterface function) {
  CombineOp combine = findCombination(function);
  auto grouping = combine
                      ? combine.getPositions().getDefiningOp<GroupByExpertOp>()
                      : GroupByExpertOp();
  if (!grouping)
    return std::nullopt;
  LayerProblem problem;
  problem.experts = problem.totalExperts =
      static_cast<int64_t>(grouping.getNumExperts());
  if (auto choice = grouping.getIndices().getDefiningOp<TopKOp>())
    problem.totalExperts =
        std::max(problem.experts, dim(choice.getScores(), 1));
  problem.topK = std::max<int64_t>(dim(grouping.getIndices(), 1), 1);
  problem.columns = dim(combine.getResult(), 1);
  problem.result = describeFormat(combine.getRows());
  problem.input = problem.result;
  problem.inputs = problem.columns;
  function->walk([&](DispatchOp op) {
    problem.input = describeFormat(op.getX());
    problem.inputs = dim(op.getX(), 1);
  });
  problem.sumBits =
      getElementTypeOrSelf(combine.getRows().getType()).isF64() ? 64 : 32;
  function->walk([&](Operation *op) {
    if (isPerToken(op) || isGrouping(op))
      ++problem.routerOps;
  });
  function->walk([&](MixOp op) {
    if (findSharedExpert(op))
      ++problem.sharedExperts;
  });
  return problem;
}

KernelPlan mlir::moe::toKernelPlan(PlanAttr plan) {
  return {plan.getRouting() == RoutingPlan::fused,
          plan.getGather() == GatherPlan::fused,
          static_cast<KernelPlan::Combine>(plan.getCombine()),
          plan.getSharedExperts() == SharedExpertsPlan::rows};
}

static_assert(static_cast<int>(CombinePlan::gather_sum) ==
                  static_cast<int>(KernelPlan::Combine::GatherSum) &&
              static_cast<int>(CombinePlan::slots) ==
                  static_cast<int>(KernelPlan::Combine::Slots) &&
              static_cast<int>(CombinePlan::atomic) ==
                  static_cast<int>(KernelPlan::Combine::Atomic));

PlanAttr mlir::moe::toAttribute(MLIRContext *context, const KernelPlan &plan) {
  return PlanAttr::get(
      context, plan.fusesRouting ? RoutingPlan::fused : RoutingPlan::separate,
      plan.fusesGather ? GatherPlan::fused : GatherPlan::copy,
      static_cast<CombinePlan>(plan.combine),
      plan.sharesRows ? SharedExpertsPlan::rows : SharedExpertsPlan::beside);
}
