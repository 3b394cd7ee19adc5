//===- MoEToLoops.cpp - convert-moe-to-loops ------------------------------===//

#include "Lowerings.h"
#include "TokenLoop.h"
#include "moe/Conversion/Passes.h"
#include "moe/IR/PerToken.h"
#include "moe/Transforms/SplitExperts.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"

namespace mlir::moe {
#define GEN_PASS_DEF_CONVERTMOETOLOOPSPASS
#include "moe/Conversion/Passes.h.inc"
} // namespace mlir::moe

using namespace mlir;
using namespace mlir::moe;

FloatType mlir::moe::getComputeType(Operation *op) {
  auto isF64 = [](Type type) { return getElementTypeOrSelf(type).isF64(); };
  Builder builder(op->getContext());
  bool wide = llvm::any_of(op->getOperandTypes(), isF64) ||
              llvm::any_of(op->getResultTypes(), isF64);
  return wide ? FloatType(builder.getF64Type())
              : FloatType(builder.getF32Type());
}

template <typename... Ops>
static bool lowerAnyOf(Operation *op, bool hasManyThreads, int64_t tokens) {
  auto lower = [&](auto typed) {
    if (!typed)
      return false;
    OpBuilder builder(op);
    Code code(builder, op->getLoc(), getComputeType(op));
    code.hasManyThreads = hasManyThreads;
    code.tokens = tokens;
    op->replaceAllUsesWith(lowerToLoops(typed, code));
    op->erase();
    return true;
  };
  return (lower(dyn_cast<Ops>(op)) || ...);
}

static bool isPerExpert(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && isa_and_nonnull<PerExpertAttr>(tensor.getEncoding());
}

/// Makes each argument of a per-expert type the table of addresses that
/// WeightSource has been casting it to.
static LogicalResult convertPerExpertArguments(func::FuncOp func) {
  for (BlockArgument argument : func.getArguments()) {
    if (!isPerExpert(argument.getType()))
      continue;
    int64_t experts = cast<RankedTensorType>(argument.getType()).getDimSize(0);
    Type table =
        MemRefType::get({experts}, IntegerType::get(func.getContext(), 64));
    for (Operation *user : llvm::make_early_inc_range(argument.getUsers())) {
      auto cast = dyn_cast<UnrealizedConversionCastOp>(user);
      if (!cast) {
        InFlightDiagnostic error = user->emitError(
            "takes a tensor with encoding #moe.per_expert, expected only "
            "moe.expert_mlp and moe.dequantize to");
        error.attachNote(argument.getLoc()) << "of this argument";
        return error;
      }
      cast.getResult(0).replaceAllUsesWith(argument);
      cast.erase();
    }
    argument.setType(table);
  }
  func.setFunctionType(FunctionType::get(func.getContext(),
                                         func.getBody().getArgumentTypes(),
                                         func.getFunctionType().getResults()));
  return success();
}

/// Has bufferisation leave the memory of arguments as it is.
static void protectArguments(func::FuncOp func) {
  for (auto [i, type] : llvm::enumerate(func.getArgumentTypes()))
    if (isa<TensorType>(type))
      func.setArgAttr(static_cast<unsigned>(i),
                      bufferization::BufferizationDialect::kWritableAttrName,
                      BoolAttr::get(func.getContext(), false));
}

namespace {
struct ConvertMoEToLoopsPass
    : moe::impl::ConvertMoEToLoopsPassBase<ConvertMoEToLoopsPass> {
  using ConvertMoEToLoopsPassBase::ConvertMoEToLoopsPassBase;

  void runOnOperation() override {
    // Experts are lowered as the grouped GEMMs they consist of.
    IRRewriter rewriter(&getContext());
    getOperation().walk([&](ExpertMlpOp op) { splitExperts(op, rewriter); });
    SmallVector<RouteOp> routes;
    getOperation().walk([&](RouteOp op) { routes.push_back(op); });
    for (RouteOp route : routes)
      lowerRoute(route, manyThreads, tokens);
    // An op in the region of another goes with it.
    SmallVector<Operation *> ops;
    getOperation().walk<WalkOrder::PreOrder>([&](Operation *op) {
      if (!isa_and_nonnull<MoEDialect>(op->getDialect()))
        return WalkResult::advance();
      ops.push_back(op);
      return WalkResult::skip();
    });
    // Users first, so that a dequantisation that all its users read in place
    // has no use left when its turn comes.
    for (Operation *op : llvm::reverse(ops)) {
      if (isOpTriviallyDead(op)) {
        op->erase();
        continue;
      }
      if (isPerToken(op)) {
        emitTokenLoop(op, manyThreads);
        continue;
      }
      lowerAnyOf<GateOp, ScoreOp, SinkhornOp, TopTokensOp, AssignBalancedOp,
                 CountOp, CapacityOp, AssignSlotsOp, GroupByExpertOp,
                 RowExpertsOp, DispatchOp, CombineOp, MixOp, DequantizeOp,
                 AuxLossOp, UpdateBiasOp, GroupedGemmOp, RowWeightsOp,
                 RowChoicesOp, AppendExpertOp>(op, manyThreads, tokens);
    }
    for (func::FuncOp func : getOperation().getOps<func::FuncOp>()) {
      // No kernel is left to plan.
      func->removeDiscardableAttr("moe.plan");
      if (!func.isExternal() && failed(convertPerExpertArguments(func)))
        return signalPassFailure();
      protectArguments(func);
    }
  }
};
} // namespace
