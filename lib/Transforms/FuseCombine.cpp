//===- FuseCombine.cpp - moe-fuse-combine ---------------------------------===//

#include "moe/IR/LayerPlan.h"
#include "moe/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Remarks.h"

namespace mlir::moe {
#define GEN_PASS_DEF_FUSECOMBINEPASS
#include "moe/Transforms/Passes.h.inc"
} // namespace mlir::moe

using namespace mlir;
using namespace mlir::moe;

namespace {
/// Lets the GEMM of a combination's rows store them where the sum needs them.
class Fuser {
public:
  Fuser(CombineOp combine, GroupedGemmOp gemm)
      : combine(combine), gemm(gemm), b(combine.getLoc(), combine),
        grouping(getGrouping(combine)),
        tokens(b.createOrFold<tensor::DimOp>(combine.getPositions(), 0)) {
    // Next to the combination, whose operands are defined there.
    gemm->moveBefore(combine);
    b.setInsertionPoint(gemm);
  }

  /// The row of choice c of token t is row t * k + c.
  void storeSlots() {
    Value positions = combine.getPositions();
    int64_t k = combine.getPositions().getType().getDimSize(1);
    Value choices = RowChoicesOp::create(b, positions, grouping.getSources());
    Value count = arith::MulIOp::create(
        b, tokens, b.createOrFold<tensor::DimOp>(positions, 1));
    int64_t numTokens = combine.getPositions().getType().getDimSize(0);
    bool isStatic =
        !ShapedType::isDynamic(numTokens) && !ShapedType::isDynamic(k);
    store(choices, count, isStatic ? numTokens * k : ShapedType::kDynamic,
          getElementTypeOrSelf(gemm.getResult().getType()));
    combine.setByChoice(true);
  }

  /// Rows are added into the rows of their tokens, in the compute type.
  void addAtomically() {
    store(grouping.getSources(), tokens,
          combine.getPositions().getType().getDimSize(0),
          gemm.getComputeType());
    gemm.setAdds(true);
    Value sums = gemm.getResult();
    auto type = cast<RankedTensorType>(combine.getResult().getType());
    if (sums.getType() != type) {
      b.setInsertionPoint(combine);
      sums = arith::TruncFOp::create(b, type, sums);
    }
    combine.replaceAllUsesWith(sums);
    combine.erase();
  }

private:
  void store(Value targets, Value count, int64_t rows, Type element) {
    gemm.getTargetsMutable().assign(targets);
    gemm.getNumRowsMutable().assign(count);
    auto type = cast<RankedTensorType>(gemm.getResult().getType());
    gemm.getResult().setType(
        RankedTensorType::get({rows, type.getDimSize(1)}, element));
  }

  CombineOp combine;
  GroupedGemmOp gemm;
  ImplicitLocOpBuilder b;
  GroupByExpertOp grouping;
  Value tokens;
};

struct FuseCombinePass : moe::impl::FuseCombinePassBase<FuseCombinePass> {
  void runOnOperation() override {
    CombinePlan plan = getPlan(getOperation()).getCombine();
    if (plan == CombinePlan::gather_sum)
      return;
    SmallVector<CombineOp> combinations;
    getOperation().walk([&](CombineOp op) { combinations.push_back(op); });
    for (CombineOp combine : combinations) {
      auto options =
          remark::RemarkOpts::name("FuseCombine").category("moe-fuse-combine");
      auto gemm = combine.getRows().getDefiningOp<GroupedGemmOp>();
      StringRef obstacle = findObstacle(combine, plan);
      if (obstacle.empty() && combine.getWeights())
        obstacle = "the routing weights are not part of the GEMM";
      if (!obstacle.empty()) {
        remark::missed(combine.getLoc(), options)
            << remark::reason("{0}", obstacle);
        continue;
      }
      remark::passed(combine.getLoc(), options)
          << remark::metric("combine", stringifyCombinePlan(plan));
      Fuser fuser(combine, gemm);
      if (plan == CombinePlan::slots)
        fuser.storeSlots();
      else
        fuser.addAtomically();
    }
  }
};
} // namespace
