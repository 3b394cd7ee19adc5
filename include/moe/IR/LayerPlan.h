//===- LayerPlan.h - Which kernels a layer becomes --------------*- C++ -*-===//

#ifndef MOE_IR_LAYERPLAN_H
#define MOE_IR_LAYERPLAN_H

#include "moe/IR/MoE.h"

#include "mlir/Interfaces/FunctionInterfaces.h"

namespace mlir::moe {

/// Why a plan is illegal.
struct PlanViolation {
  /// The field, as the attribute spells it.
  StringRef field;
  std::string found, expected, reason;

  /// "plan field 'combine' is atomic, expected gather_sum: ...".
  std::string getMessage() const;
};

/// The reason why `function` cannot become the kernels of `plan`, if there is
/// one: a choice other than the plainest is legal if an op of the function can
/// take it, or, as none is left behind, once one has taken it.
std::optional<PlanViolation> checkPlan(PlanAttr plan,
                                       FunctionOpInterface function);

/// The plan on a function; that of the plainest fused kernels without one.
PlanAttr getPlan(Operation *function);

//===----------------------------------------------------------------------===//
// What checkPlan asks of each op, and the passes that make the kernels
//===----------------------------------------------------------------------===//

/// The grouping whose rows the choices of `combine` lead to, if it is known to
/// give every choice a row of its own.
GroupByExpertOp getGrouping(CombineOp combine);

/// Why the routing weights of `combine` cannot be applied where its rows are
/// computed, or nothing.
StringRef findObstacleToWeights(CombineOp combine);

/// Why the rows of `combine` cannot be stored as `plan` says, or nothing.
StringRef findObstacle(CombineOp combine, CombinePlan plan);

/// Why a kernel cannot read its rows through the sources of `dispatch`, or
/// nothing.
StringRef findObstacle(DispatchOp dispatch);

/// A shared expert beside the experts that tokens choose, joined by `mix`.
struct SharedExpert {
  MixOp mix;
  CombineOp combine;
  /// The experts that tokens choose, and the shared one.
  ExpertMlpOp experts, shared;
  GroupByExpertOp grouping;
};

/// Finds the shared expert that `mix` joins, and why it cannot be one more
/// expert that every token chooses.
std::optional<SharedExpert> findSharedExpert(MixOp mix);
StringRef findObstacle(SharedExpert shared);

} // namespace mlir::moe

#endif // MOE_IR_LAYERPLAN_H
