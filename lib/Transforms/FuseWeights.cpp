//===- FuseWeights.cpp - moe-fuse-weights ---------------------------------===//

#include "moe/IR/LayerPlan.h"
#include "moe/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Remarks.h"

namespace mlir::moe {
#define GEN_PASS_DEF_FUSEWEIGHTSPASS
#include "moe/Transforms/Passes.h.inc"
} // namespace mlir::moe

using namespace mlir;
using namespace mlir::moe;

static void fuse(CombineOp combine, GroupedGemmOp gemm) {
  OpBuilder builder(gemm);
  Location loc = combine.getLoc();
  GroupByExpertOp grouping = getGrouping(combine);
  Value weights = combine.getWeights();
  auto type = RankedTensorType::get(grouping.getSources().getType().getShape(),
                                    getElementTypeOrSelf(weights.getType()));
  // Next to the combination, whose operands are defined there; the GEMM
  // follows.
  builder.setInsertionPoint(combine);
  Value rowWeights =
      RowWeightsOp::create(builder, loc, type, weights, combine.getPositions(),
                           grouping.getSources());
  gemm->moveAfter(rowWeights.getDefiningOp());
  gemm.getRowInputsMutable().append(rowWeights);

  Block &epilogue = gemm.getEpilogue().front();
  Value weight = epilogue.addArgument(gemm.getComputeType(), loc);
  auto yield = cast<YieldOp>(epilogue.getTerminator());
  builder.setInsertionPoint(yield);
  yield.getElementMutable().assign(
      arith::MulFOp::create(builder, loc, yield.getElement(), weight));
  combine.getWeightsMutable().clear();
}

namespace {
struct FuseWeightsPass : moe::impl::FuseWeightsPassBase<FuseWeightsPass> {
  void runOnOperation() override {
    getOperation().walk([](CombineOp combine) {
      auto gemm = combine.getRows().getDefiningOp<GroupedGemmOp>();
      if (!gemm || !combine.getWeights())
        return;
      auto options =
          remark::RemarkOpts::name("FuseWeights").category("moe-fuse-weights");
      if (StringRef obstacle = findObstacleToWeights(combine);
          !obstacle.empty()) {
        remark::missed(combine.getLoc(), options)
            << remark::reason("{0}", obstacle);
        return;
      }
      fuse(combine, gemm);
      remark::passed(combine.getLoc(), options)
          << remark::metric("row_inputs", gemm.getRowInputs().size());
    });
  }
};
} // namespace
