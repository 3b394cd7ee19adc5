//===- PrintTuningKey.cpp - moe-print-tuning-key --------------------------===//

#include "ScheduleOptions.h"
#include "moe/IR/GemmSchedule.h"
#include "moe/IR/PlanProblem.h"
#include "moe/Schedule/TuningKey.h"
#include "moe/Transforms/Passes.h"

#include "mlir/IR/BuiltinOps.h"

namespace mlir::moe {
#define GEN_PASS_DEF_PRINTTUNINGKEYPASS
#include "moe/Transforms/Passes.h.inc"
} // namespace mlir::moe

using namespace mlir;
using namespace mlir::moe;

namespace {
struct PrintTuningKeyPass
    : moe::impl::PrintTuningKeyPassBase<PrintTuningKeyPass> {
  using PrintTuningKeyPassBase::PrintTuningKeyPassBase;

  LogicalResult initialize(MLIRContext *context) override {
    return readScheduleOptions(context, targetName, tokens, target);
  }

  void runOnOperation() override {
    getOperation().walk<WalkOrder::PreOrder>([&](FunctionOpInterface function) {
      if (auto problem = getLayerProblem(function))
        llvm::outs() << getTuningKey(*problem, target, tokens) << '\n';
      function->walk([&](GroupedGemmOp gemm) {
        llvm::outs() << getTuningKey(getGemmProblem(gemm), target, tokens)
                     << '\n';
      });
    });
    markAllAnalysesPreserved();
  }

  Target target;
};
} // namespace
