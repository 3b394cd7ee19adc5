//===- PrintSearchSpace.cpp - moe-print-search-space ----------------------===//

#include "PlanSelection.h"
#include "ScheduleOptions.h"
#include "moe/IR/GemmSchedule.h"
#include "moe/Schedule/SearchSpace.h"
#include "moe/Schedule/SelectSchedule.h"
#include "moe/Schedule/TuningKey.h"
#include "moe/Schedule/WarpgroupSchedule.h"
#include "moe/Transforms/Passes.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Format.h"

namespace mlir::moe {
#define GEN_PASS_DEF_PRINTSEARCHSPACEPASS
#include "moe/Transforms/Passes.h.inc"
} // namespace mlir::moe

using namespace mlir;
using namespace mlir::moe;

/// One line for each schedule.
template <typename Schedule, typename Estimate>
static void printSchedules(ArrayRef<Schedule> schedules, Estimate estimate,
                           std::optional<Schedule> unmeasured,
                           std::optional<Schedule> selected, raw_ostream &os) {
  os << ' ' << schedules.size() << " schedules\n";
  for (const Schedule &schedule : schedules) {
    os << schedule << ' ' << llvm::format("%.3e", estimate(schedule)) << " s";
    if (schedule == unmeasured)
      os << " default";
    if (schedule == selected)
      os << " selected";
    os << '\n';
  }
}

/// One line for each plan.
static void printPlans(FunctionOpInterface function, const Target &target,
                       int64_t tokens, llvm::raw_ostream &os) {
  std::optional<LayerProblem> problem = getLayerProblem(function);
  if (!problem)
    return;
  SmallVector<PlanCandidate> candidates =
      listPlans(function, problem, target, tokens, [&](const KernelPlan &plan) {
        return findObstacle(plan, target).empty();
      });
  KernelPlan selected = selectPlan(llvm::to_vector(llvm::make_filter_range(
                                       candidates,
                                       [](const auto &candidate) {
                                         return isDeterministic(candidate.plan);
                                       })))
                            .plan;
  os << getTuningKey(*problem, target, tokens) << ' ' << candidates.size()
     << " plans\n";
  for (const PlanCandidate &candidate : candidates)
    os << toAttribute(function->getContext(), candidate.plan) << ' '
       << llvm::format("%.3e", candidate.estimate.seconds) << " s"
       << (candidate.plan == candidates.front().plan ? " default" : "")
       << (candidate.plan == selected ? " selected" : "") << '\n';
}

static void printSpace(const GemmProblem &problem, const Target &target,
                       int64_t tokens, llvm::raw_ostream &os) {
  os << getTuningKey(problem, target, tokens);
  if (target.gpu) {
    std::vector<WarpgroupSchedule> schedules =
        enumerateWarpgroupSchedules(problem, target);
    printSchedules<WarpgroupSchedule>(
        schedules,
        [&](const WarpgroupSchedule &schedule) {
          return estimateSeconds(problem, schedule, target, tokens);
        },
        std::nullopt, selectWarpgroupSchedule(problem, target, tokens), os);
    return;
  }
  std::vector<Schedule> schedules = enumerateSchedules(problem, target);
  auto selection = selectSchedule(problem, target, tokens);
  printSchedules<Schedule>(
      schedules,
      [&](const Schedule &schedule) {
        return estimateCost(problem, schedule, target, tokens).seconds;
      },
      getDefaultSchedule(problem, target),
      selection ? std::optional(selection->schedule) : std::nullopt, os);
}

namespace {
struct PrintSearchSpacePass
    : moe::impl::PrintSearchSpacePassBase<PrintSearchSpacePass> {
  using PrintSearchSpacePassBase::PrintSearchSpacePassBase;

  LogicalResult initialize(MLIRContext *context) override {
    return readScheduleOptions(context, targetName, tokens, target);
  }

  void runOnOperation() override {
    getOperation().walk<WalkOrder::PreOrder>([&](FunctionOpInterface function) {
      printPlans(function, target, tokens, llvm::outs());
      function->walk([&](GroupedGemmOp gemm) {
        printSpace(getGemmProblem(gemm), target, tokens, llvm::outs());
      });
    });
    markAllAnalysesPreserved();
  }

  Target target;
};
} // namespace
