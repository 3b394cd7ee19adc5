//===- SelectSchedule.cpp - moe-select-schedule ---------------------------===//

#include "moe/Schedule/SelectSchedule.h"
#include "ScheduleOptions.h"
#include "moe/IR/GemmSchedule.h"
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
                                           : select(gemm, problem));
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }

  LogicalResult checkGiven(GroupedGemmOp gemm, const GemmProblem &problem) {
    auto attribute = dyn_cast<ScheduleAttr>(*gemm.getSchedule());
    if (!attribute)
      return gemm.emitOpError()
             << "schedule is " << *gemm.getSchedule()
             << ", expected #moe.schedule on target " << target.name;
    Schedule schedule = toSchedule(attribute);
    if (auto violation = checkSchedule(schedule, problem, target))
      return gemm.emitOpError()
             << violation->getMessage() << " on target " << target.name;
    remark::analysis(gemm.getLoc(), getRemarkOptions())
        << remark::reason("the schedule is given");
    return success();
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
