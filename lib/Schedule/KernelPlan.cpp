//===- KernelPlan.cpp - Which kernels a layer becomes ---------------------===//

#include "moe/Schedule/KernelPlan.h"

#include <algorithm>

using namespace mlir::moe;
using Combine = KernelPlan::Combine;

std::vector<KernelPlan> mlir::moe::enumeratePlans() {
  std::vector<KernelPlan> plans;
  for (bool sharesRows : {false, true})
    for (Combine combine :
         {Combine::GatherSum, Combine::Slots, Combine::Atomic})
      for (bool fusesGather : {true, false})
        for (bool fusesRouting : {true, false})
          plans.push_back({fusesRouting, fusesGather, combine, sharesRows});
  return plans;
}

llvm::StringRef mlir::moe::findObstacle(const KernelPlan &plan,
                                        const Target &target) {
  if (!target.gpu)
    return "";
  if (plan.combine != Combine::GatherSum)
    return "warpgroups store the rows of a tile next to each other";
  if (plan.sharesRows)
    return "the bulk copies of warpgroups need weights in one tensor";
  return "";
}

//===----------------------------------------------------------------------===//
// Estimates
//===----------------------------------------------------------------------===//

namespace {
/// Reckons with the target's rates.
class Reckoner {
public:
  explicit Reckoner(const Target &target)
      : target(target), cores(static_cast<double>(target.cores)) {}

  /// Bytes that are written or read by all cores. They come from where there
  /// is room for all of them.
  double move(double bytes) const {
    double cycles = target.gigahertz * 1e9;
    if (target.gpu || bytes > static_cast<double>(target.l3Bytes))
      return bytes / target.memoryBandwidth;
    bool isNear = bytes <= static_cast<double>(target.l2Bytes) * cores;
    double perCycle = isNear ? target.l2BytesPerCycle : target.l3BytesPerCycle;
    return bytes / (perCycle * cores * cycles);
  }

  double add(double elements) const {
    return elements * target.atomicAddCycles / (cores * target.gigahertz * 1e9);
  }

private:
  const Target &target;
  double cores;
};
} // namespace

PlanEstimate mlir::moe::estimatePlan(const LayerProblem &problem,
                                     const KernelPlan &plan,
                                     const Target &target, int64_t tokens) {
  Reckoner reckon(target);
  auto numTokens = static_cast<double>(tokens);
  auto shared = static_cast<double>(problem.sharedExperts);
  // On average, of a device that has a part of the experts.
  double own = static_cast<double>(problem.experts) /
               static_cast<double>(std::max<int64_t>(problem.totalExperts, 1));
  double rows = numTokens * static_cast<double>(problem.topK) * own +
                (plan.sharesRows ? numTokens * shared : 0);
  double rowBytes =
      static_cast<double>(problem.columns) * problem.result.bits / 8;
  double resultBytes = numTokens * rowBytes;

  PlanEstimate estimate;
  double routerKernels =
      plan.fusesRouting ? 1 : static_cast<double>(problem.routerOps);
  // Each op writes something for each expert that the next one reads.
  estimate.routing = reckon.move((routerKernels - 1) * 8 * numTokens *
                                 static_cast<double>(problem.totalExperts));
  // One iteration for each token, so that one token asks no other core.
  double tokenKernels = routerKernels, kernels = 0;

  if (!plan.fusesGather) {
    ++kernels;
    estimate.gather =
        reckon.move(2 * rows * static_cast<double>(problem.inputs) *
                    problem.input.bits / 8);
  }

  // Rows are written, and read by the sum, unless they are added in place.
  switch (plan.combine) {
  case Combine::GatherSum:
    ++tokenKernels;
    estimate.combine = reckon.move(2 * rows * rowBytes + resultBytes);
    break;
  case Combine::Slots:
    // And the choice of each row, by a kernel of its own.
    tokenKernels += 2;
    estimate.combine =
        reckon.move(2 * rows * (rowBytes + sizeof(int32_t)) + resultBytes);
    break;
  case Combine::Atomic: {
    double sumBytes = numTokens * static_cast<double>(problem.columns) *
                      static_cast<double>(problem.sumBits) / 8;
    ++tokenKernels;
    estimate.combine = reckon.move(sumBytes) +
                       reckon.add(rows * static_cast<double>(problem.columns));
    if (static_cast<double>(problem.sumBits) > problem.result.bits) {
      ++tokenKernels;
      estimate.combine += reckon.move(sumBytes + resultBytes);
    }
    break;
  }
  }

  // Two GEMMs, and a kernel that reads both branches.
  if (!plan.sharesRows && shared > 0) {
    kernels += 2 * shared;
    tokenKernels += shared;
    estimate.shared = reckon.move(4 * shared * resultBytes);
  }
  if (tokens > 1 || target.gpu)
    kernels += tokenKernels;
  estimate.kernels = kernels * target.launchSeconds;
  estimate.seconds = estimate.kernels + estimate.routing + estimate.gather +
                     estimate.combine + estimate.shared;
  return estimate;
}
