//===- WidenToF64.cpp - moe-widen-to-f64 ----------------------------------===//

#include "moe/Conversion/Passes.h"
#include "moe/IR/MoE.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace mlir::moe {
#define GEN_PASS_DEF_WIDENTOF64PASS
#include "moe/Conversion/Passes.h.inc"
} // namespace mlir::moe

using namespace mlir;
using namespace mlir::moe;

/// f64 in place of a narrower float that arithmetic is done in, alone or in a
/// tensor.
static Type widen(Type type) {
  if (!isa<Float32Type, Float16Type, BFloat16Type>(getElementTypeOrSelf(type)))
    return type;
  Type f64 = Float64Type::get(type.getContext());
  if (auto tensor = dyn_cast<RankedTensorType>(type))
    return tensor.clone(f64);
  return isa<FloatType>(type) ? f64 : type;
}

static double toDouble(APFloat value) {
  bool losesInfo;
  value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                &losesInfo);
  return value.convertToDouble();
}

/// The constant in f64, or null if it is of a kind that cannot be converted.
static TypedAttr widen(TypedAttr constant) {
  Type f64 = Float64Type::get(constant.getContext());
  if (auto scalar = dyn_cast<FloatAttr>(constant))
    return FloatAttr::get(f64, toDouble(scalar.getValue()));
  if (auto dense = dyn_cast<DenseFPElementsAttr>(constant))
    return cast<TypedAttr>(dense.mapValues(f64, [](const APFloat &value) {
      return APFloat(toDouble(value)).bitcastToAPInt();
    }));
  return {};
}

/// Operands that an op reads in the type they are stored in, whatever it
/// computes in.
static bool readsAnyType(OpOperand &use) {
  if (auto gate = dyn_cast<GateOp>(use.getOwner()))
    return use.get() != gate.getX();
  if (auto mlp = dyn_cast<ExpertMlpOp>(use.getOwner()))
    return use.get() != mlp.getRows();
  if (auto gemm = dyn_cast<GroupedGemmOp>(use.getOwner()))
    return use.get() != gemm.getX();
  return isa<DequantizeOp>(use.getOwner());
}

static void widenArgument(func::FuncOp function, BlockArgument argument) {
  Type wide = widen(argument.getType());
  if (wide == argument.getType())
    return;
  OpBuilder builder = OpBuilder::atBlockBegin(&function.front());
  Value extended;
  for (OpOperand &use : llvm::make_early_inc_range(argument.getUses())) {
    if (readsAnyType(use))
      continue;
    if (!extended)
      extended =
          arith::ExtFOp::create(builder, argument.getLoc(), wide, argument);
    use.set(extended);
  }
}

namespace {
struct WidenToF64Pass : moe::impl::WidenToF64PassBase<WidenToF64Pass> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isExternal())
      return;
    SmallVector<Operation *> body;
    for (Operation &op : function.getOps())
      op.walk<WalkOrder::PreOrder>(
          [&](Operation *nested) { body.push_back(nested); });
    for (Operation *op : body)
      if (failed(widenResults(op)))
        return signalPassFailure();
    for (BlockArgument argument : function.getArguments())
      widenArgument(function, argument);
    function.setFunctionType(
        FunctionType::get(&getContext(), function.getArgumentTypes(),
                          function.front().getTerminator()->getOperandTypes()));
  }

  static LogicalResult widenResults(Operation *op) {
    if (auto constant = dyn_cast<arith::ConstantOp>(op);
        constant && widen(constant.getType()) != constant.getType()) {
      TypedAttr wide = widen(constant.getValue());
      if (!wide)
        return op->emitError("constant of type ")
               << constant.getType() << " has no value that could be widened";
      constant.setValueAttr(wide);
    }
    for (Value result : op->getResults())
      result.setType(widen(result.getType()));
    for (Region &region : op->getRegions())
      for (BlockArgument argument : region.getArguments())
        argument.setType(widen(argument.getType()));
    // Conversions between floats have nothing left to do.
    if (isa<arith::ExtFOp, arith::TruncFOp>(op) &&
        widen(op->getOperand(0).getType()) == op->getResult(0).getType()) {
      op->getResult(0).replaceAllUsesWith(op->getOperand(0));
      op->erase();
    }
    return success();
  }
};
} // namespace
