//===- FuseGather.cpp - moe-fuse-gather -----------------------------------===//

#include "moe/IR/LayerPlan.h"
#include "moe/Transforms/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Remarks.h"

namespace mlir::moe {
#define GEN_PASS_DEF_FUSEGATHERPASS
#include "moe/Transforms/Passes.h.inc"
} // namespace mlir::moe

using namespace mlir;
using namespace mlir::moe;

/// Why the rows of `gemm` cannot be read through the sources of `dispatch`, or
/// nothing.
static StringRef findObstacle(GroupedGemmOp gemm, DispatchOp dispatch,
                              GatherPlan plan) {
  if (StringRef obstacle = findObstacle(dispatch); !obstacle.empty())
    return obstacle;
  if (gemm.getSources())
    return "the GEMM reads its rows through other sources";
  if (plan == GatherPlan::copy)
    return "the plan of the function is to copy";
  return "";
}

namespace {
struct FuseGatherPass : moe::impl::FuseGatherPassBase<FuseGatherPass> {
  void runOnOperation() override {
    GatherPlan plan = getPlan(getOperation()).getGather();
    SmallVector<DispatchOp> read;
    getOperation().walk([&](GroupedGemmOp gemm) {
      auto dispatch = gemm.getX().getDefiningOp<DispatchOp>();
      if (!dispatch)
        return;
      auto options =
          remark::RemarkOpts::name("FuseGather").category("moe-fuse-gather");
      if (StringRef obstacle = findObstacle(gemm, dispatch, plan);
          !obstacle.empty()) {
        remark::missed(gemm.getLoc(), options)
            << remark::reason("{0}", obstacle);
        return;
      }
      gemm.getXMutable().assign(dispatch.getX());
      gemm.getSourcesMutable().assign(dispatch.getSources());
      remark::passed(gemm.getLoc(), options) << remark::metric(
          "width", cast<ShapedType>(gemm.getX().getType()).getDimSize(1));
      if (!llvm::is_contained(read, dispatch))
        read.push_back(dispatch);
    });
    for (DispatchOp dispatch : read)
      if (dispatch.use_empty())
        dispatch.erase();
  }
};
} // namespace
