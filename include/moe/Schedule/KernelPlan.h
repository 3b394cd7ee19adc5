//===- KernelPlan.h - Which kernels a layer becomes -------------*- C++ -*-===//

#ifndef MOE_SCHEDULE_KERNELPLAN_H
#define MOE_SCHEDULE_KERNELPLAN_H

#include "moe/Schedule/LayerProblem.h"
#include "moe/Target/Target.h"
#include "llvm/ADT/StringRef.h"
#include <vector>

namespace mlir::moe {

/// The attribute #moe.plan, whose description defines the fields, as plain
/// data.
struct KernelPlan {
  enum class Combine { GatherSum, Slots, Atomic };

  bool fusesRouting = true, fusesGather = true;
  Combine combine = Combine::GatherSum;
  bool sharesRows = false;

  bool operator==(const KernelPlan &) const = default;
};

/// All plans, the one first that is taken where nothing speaks for another.
std::vector<KernelPlan> enumeratePlans();

/// Why kernels of `target` cannot follow `plan`, or nothing.
llvm::StringRef findObstacle(const KernelPlan &plan, const Target &target);

/// The time of what plans do differently: kernels that begin and end, and rows
/// that are copied, summed and joined.
struct PlanEstimate {
  double seconds = 0;
  /// The parts of it.
  double kernels = 0, routing = 0, gather = 0, combine = 0, shared = 0;
};
PlanEstimate estimatePlan(const LayerProblem &problem, const KernelPlan &plan,
                          const Target &target, int64_t tokens);

} // namespace mlir::moe

#endif // MOE_SCHEDULE_KERNELPLAN_H
