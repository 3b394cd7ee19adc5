//===- FuseGate.cpp - moe-fuse-gate ---------------------------------------===//

#include "moe/IR/MoE.h"
#include "moe/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Remarks.h"

namespace mlir::moe {
#define GEN_PASS_DEF_FUSEGATEPASS
#include "moe/Transforms/Passes.h.inc"
} // namespace mlir::moe

using namespace mlir;
using namespace mlir::moe;

/// Why `gate` is not a GEMM, or nothing.
static StringRef findObstacle(GateOp gate) {
  if (gate.getKind() != GateKind::linear)
    return "the gate is not linear";
  if (!cast<ShapedType>(gate.getWeight().getType()).hasStaticShape() ||
      gate.getLogits().getType().isDynamicDim(1))
    return "the number of experts or the width is dynamic";
  return "";
}

static void fuse(GateOp gate) {
  ImplicitLocOpBuilder b(gate.getLoc(), gate);
  SmallVector<Value> columns;
  if (gate.getBias())
    columns.push_back(gate.getBias());
  auto gemm = GroupedGemmOp::create(
      b, gate.getLogits().getType(), gate.getX(), /*sources=*/Value(),
      /*offsets=*/Value(), gate.getWeight(), columns,
      /*row_inputs=*/ValueRange(), b.getArrayAttr(gate.getLayoutAttr()),
      /*strides=*/ArrayRef<int64_t>{1},
      /*starts=*/ArrayRef<int64_t>{0});
  FloatType type = gemm.getComputeType();
  Block &epilogue = gemm.getEpilogue().emplaceBlock();
  Value logit = epilogue.addArgument(type, b.getLoc());
  b.setInsertionPointToEnd(&epilogue);
  if (gate.getBias())
    logit =
        arith::AddFOp::create(b, logit, epilogue.addArgument(type, b.getLoc()));
  if (auto cap = gate.getSoftcap()) {
    Value limit = arith::ConstantOp::create(
        b, b.getFloatAttr(type, cap->convertToDouble()));
    Value share = arith::DivFOp::create(b, logit, limit);
    logit = arith::MulFOp::create(b, math::TanhOp::create(b, share), limit);
  }
  YieldOp::create(b, logit);
  gate.getLogits().replaceAllUsesWith(gemm.getResult());
  gate.erase();
}

namespace {
struct FuseGatePass : moe::impl::FuseGatePassBase<FuseGatePass> {
  void runOnOperation() override {
    getOperation().walk([](GateOp gate) {
      auto options =
          remark::RemarkOpts::name("FuseGate").category("moe-fuse-gate");
      if (StringRef obstacle = findObstacle(gate); !obstacle.empty()) {
        remark::missed(gate.getLoc(), options)
            << remark::reason("{0}", obstacle);
        return;
      }
      remark::passed(gate.getLoc(), options) << remark::metric(
          "experts", gate.getLogits().getType().getDimSize(1));
      fuse(gate);
    });
  }
};
} // namespace
