//===- PrintSearchSpace.cpp - moe-print-search-space ----------------------===//

#include "ScheduleOptions.h"
#include "moe/IR/GemmSchedule.h"
#include "moe/Schedule/SearchSpace.h"
#include "moe/Schedule/SelectSchedule.h"
#include "moe/Schedule/TuningKey.h"
#include "moe/Transforms/Passes.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Format.h"

namespace mlir::moe {
#define GEN_PASS_DEF_PRINTSEARCHSPACEPASS
#include "moe/Transforms/Passes.h.inc"
} // namespace mlir::moe

using namespace mlir;
using namespace mlir::moe;

static void printSpace(const GemmProblem &problem, const Target &target,
                       int64_t tokens, llvm::raw_ostream &os) {
  std::vector<Schedule> schedules = enumerateSchedules(problem, target);
  std::optional<Schedule> unmeasured = getDefaultSchedule(problem, target);
  auto selection = selectSchedule(problem, target, tokens);
  os << getTuningKey(problem, target, tokens) << ' ' << schedules.size()
     << " schedules\n";
  for (const Schedule &schedule : schedules) {
    double seconds = estimateCost(problem, schedule, target, tokens).seconds;
    os << schedule << ' ' << llvm::format("%.3e", seconds) << " s";
    if (schedule == unmeasured)
      os << " default";
    if (selection && schedule == selection->schedule)
      os << " selected";
    os << '\n';
  }
}

namespace {
struct PrintSearchSpacePass
    : moe::impl::PrintSearchSpacePassBase<PrintSearchSpacePass> {
  using PrintSearchSpacePassBase::PrintSearchSpacePassBase;

  LogicalResult initialize(MLIRContext *context) override {
    return readScheduleOptions(context, targetName, tokens, target);
  }

  void runOnOperation() override {
    getOperation().walk([&](GroupedGemmOp gemm) {
      printSpace(getGemmProblem(gemm), target, tokens, llvm::outs());
    });
    markAllAnalysesPreserved();
  }

  Target target;
};
} // namespace
