//===- SelectSchedule.cpp - moe-select-schedule ---------------------------===//

#include "moe/Schedule/SelectSchedule.h"
#include "ScheduleOptions.h"
#include "moe/IR/GemmSchedule.h"
#include "moe/Schedule/Roofline.h"
#include "moe/Transforms/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Remarks.h"

namespace mlir::moe {
#define GEN_PASS_DEF_SELECTSCHEDULEPASS
#include "moe/Transforms/Passes.h.inc"
} // namespace mlir::moe

using namespace mlir;
using namespace mlir::moe;

static remark::RemarkOpts getRemarkOptions() {
  return remark::RemarkOpts::name("SelectSchedule")
      .category("moe-select-schedule");
}

/// What bounds the time, which may be none of the target's limits if there are
/// too few tiles for its cores.
static StringRef describeBound(const CostEstimate &estimate) {
  return estimate.isMemoryBound() ? "the weights are read from memory"
                                  : "the cores compute";
}

namespace {
struct SelectSchedulePass
    : moe::impl::SelectSchedulePassBase<SelectSchedulePass> {
  using SelectSchedulePassBase::SelectSchedulePassBase;

  LogicalResult initialize(MLIRContext *context) override {
    return readScheduleOptions(context, targetName, tokens, target);
  }

  void runOnOperation() override {
    WalkResult result = getOperation().walk([&](GroupedGemmOp gemm) {
      GemmProblem problem = getGemmProblem(gemm);
      return WalkResult(gemm.getSchedule() ? checkGiven(gemm, problem)
                        : target.gpu       ? selectForGpu(gemm, problem)
                                           : select(gemm, problem));
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }

  LogicalResult checkGiven(GroupedGemmOp gemm, const GemmProblem &problem) {
    if (auto violation = checkSchedule(*gemm.getSchedule(), problem, target))
      return gemm.emitOpError()
             << violation->getMessage() << " on target " << target.name;
    remark::analysis(gemm.getLoc(), getRemarkOptions())
        << remark::reason("the schedule is given");
    return success();
  }

  /// A grouped GEMM without a schedule becomes plain loops on a GPU.
  LogicalResult selectForGpu(GroupedGemmOp gemm, const GemmProblem &problem) {
    if (gemm.getTargets()) {
      remark::missed(gemm.getLoc(), getRemarkOptions())
          << remark::reason("its rows go to other rows of the result");
      return success();
    }
    auto selected = selectWarpgroupSchedule(problem, target, tokens);
    if (!selected) {
      remark::missed(gemm.getLoc(), getRemarkOptions()) << remark::reason(
          "no schedule for warpgroups is legal: {0}", explainRefusal(problem));
      return success();
    }
    WarpgroupScheduleAttr schedule = toAttribute(&getContext(), *selected);
    gemm.setScheduleAttr(schedule);
    Roofline roofline = getRoofline(problem, target, tokens);
    remark::passed(gemm.getLoc(), getRemarkOptions())
        << remark::detail::Remark::Arg("Schedule", Attribute(schedule))
        << remark::reason("shortest estimate")
        << remark::metric("seconds",
                          estimateSeconds(problem, *selected, target, tokens))
        << remark::metric("peakSeconds", roofline.computeSeconds)
        << remark::metric("weightSeconds", roofline.memorySeconds)
        << remark::metric("rowsPerExpert",
                          getExpectedLoad(problem, tokens).rows);
    return success();
  }

  /// What is wrong with the smallest schedule.
  std::string explainRefusal(const GemmProblem &problem) {
    WarpgroupSchedule smallest{64, 64, swizzleElements, 2, 1, 1};
    auto violation = checkWarpgroupSchedule(smallest, problem, target);
    return violation ? violation->getMessage() : "none of the search space is";
  }

  LogicalResult select(GroupedGemmOp gemm, const GemmProblem &problem) {
    auto selection = selectSchedule(problem, target, tokens);
    if (!selection)
      return gemm.emitOpError()
             << "no schedule is legal for " << problem.getProjections()
             << " weights on target " << target.name;
    ScheduleAttr schedule = toAttribute(&getContext(), selection->schedule);
    gemm.setScheduleAttr(schedule);
    remark::passed(gemm.getLoc(), getRemarkOptions())
        << remark::detail::Remark::Arg("Schedule", Attribute(schedule))
        << remark::reason("shortest estimate: {0}",
                          describeBound(selection->estimate))
        << remark::metric("seconds", selection->estimate.seconds)
        << remark::metric("candidates", selection->candidates)
        << remark::metric("rowsPerExpert",
                          getExpectedLoad(problem, tokens).rows);
    return success();
  }

  Target target;
};
} // namespace
