//===- PerToken.cpp - The ops of a router ---------------------------------===//

#include "moe/IR/PerToken.h"

using namespace mlir;
using namespace mlir::moe;

bool mlir::moe::isPerToken(Operation *op) {
  if (auto score = dyn_cast<ScoreOp>(op))
    return score.getAxis() == ScoreAxis::experts;
  return isa<LimitGroupsOp, TopKOp, SequentialTopKOp, SelectOp, LookupOp,
             MaskChoicesOp, FilterChoicesOp, GatherWeightsOp,
             NormalizeWeightsOp, AppendChoiceOp>(op);
}

bool mlir::moe::isElementwise(Operation *op) {
  auto isMatrix = [](Type type) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    return tensor && tensor.getRank() == 2;
  };
  return op->hasTrait<OpTrait::Elementwise>() && op->getNumOperands() > 0 &&
         llvm::all_of(op->getOperandTypes(), isMatrix) &&
         llvm::all_of(op->getResultTypes(), isMatrix);
}

bool mlir::moe::isGrouping(Operation *op) {
  return isa<CountOp, CapacityOp, AssignSlotsOp, GroupByExpertOp, RowExpertsOp,
             RowWeightsOp, RowChoicesOp>(op);
}

Value mlir::moe::lookIntoRoute(Value value) {
  auto route = value.getDefiningOp<RouteOp>();
  if (!route)
    return value;
  auto yield = cast<YieldOp>(route.getBody().front().getTerminator());
  return yield.getValues()[cast<OpResult>(value).getResultNumber()];
}
