//===- TokenBound.cpp - Sizes as functions of the number of tokens --------===//

#include "TokenBound.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/LoopLikeInterface.h"

using namespace mlir;
using namespace mlir::moe;

//===----------------------------------------------------------------------===//
// Extents
//===----------------------------------------------------------------------===//

namespace {
enum class ExtentKind { unknown, tokens, value };
/// What memref.dim gives.
struct Extent {
  ExtentKind kind = ExtentKind::unknown;
  Value value = {};
};
} // namespace

static bool isFunctionArgument(Value value) {
  auto argument = dyn_cast<BlockArgument>(value);
  return argument && isa<func::FuncOp>(argument.getOwner()->getParentOp());
}

/// Static extents have been folded.
static Extent getExtent(memref::DimOp dim) {
  std::optional<int64_t> index = dim.getConstantIndex();
  if (!index)
    return {};
  Value buffer = dim.getSource();
  while (auto cast = buffer.getDefiningOp<memref::CastOp>())
    buffer = cast.getSource();
  auto type = dyn_cast<MemRefType>(buffer.getType());
  if (!type || !type.isDynamicDim(*index))
    return {};
  if (isFunctionArgument(buffer))
    return {ExtentKind::tokens};
  if (auto allocation = buffer.getDefiningOp<memref::AllocOp>())
    return {ExtentKind::value,
            allocation.getDynamicSizes()[type.getDynamicDimIndex(*index)]};
  return {};
}

LogicalResult TokenBound::checkArguments(func::FuncOp function) {
  for (auto [i, type] : llvm::enumerate(function.getArgumentTypes())) {
    auto buffer = dyn_cast<MemRefType>(type);
    if (buffer && buffer.getNumDynamicDims() > 1)
      return function.emitError("argument ")
             << i << " has type " << type << " with "
             << buffer.getNumDynamicDims()
             << " dynamic extents, expected at most one, the number of tokens";
  }
  return success();
}

bool TokenBound::isNumTokens(Value value) {
  auto dim = value.getDefiningOp<memref::DimOp>();
  if (!dim)
    return false;
  Extent extent = getExtent(dim);
  return extent.kind == ExtentKind::tokens ||
         (extent.kind == ExtentKind::value && isNumTokens(extent.value));
}

Value TokenBound::emitNumTokens(OpBuilder &builder, func::FuncOp function) {
  for (BlockArgument argument : function.getArguments()) {
    auto type = dyn_cast<MemRefType>(argument.getType());
    if (!type)
      continue;
    for (auto [i, extent] : llvm::enumerate(type.getShape()))
      if (ShapedType::isDynamic(extent))
        return memref::DimOp::create(builder, function.getLoc(), argument,
                                     static_cast<int64_t>(i));
  }
  return arith::ConstantIndexOp::create(builder, function.getLoc(), 0);
}

//===----------------------------------------------------------------------===//
// What does not fall
//===----------------------------------------------------------------------===//

/// The bound of the variable of a loop, which counts upwards.
template <typename GetBound>
static Value getLoopBound(Value value, GetBound getBound) {
  auto argument = dyn_cast<BlockArgument>(value);
  auto loop =
      argument
          ? dyn_cast<LoopLikeOpInterface>(argument.getOwner()->getParentOp())
          : LoopLikeOpInterface();
  auto variables = loop ? loop.getLoopInductionVars() : std::nullopt;
  auto bounds = loop ? getBound(loop) : std::nullopt;
  if (!variables || !bounds)
    return {};
  for (auto [variable, bound] : llvm::zip_equal(*variables, *bounds))
    if (variable == argument)
      return dyn_cast<Value>(bound);
  return {};
}

static Value getLoopBegin(Value value) {
  return getLoopBound(value, [](LoopLikeOpInterface loop) {
    return loop.getLoopLowerBounds();
  });
}

/// Which the variable stays below.
static Value getLoopEnd(Value value) {
  return getLoopBound(value, [](LoopLikeOpInterface loop) {
    return loop.getLoopUpperBounds();
  });
}

static bool isNonNegative(Value value);

static bool areNonNegative(ValueRange values) {
  return llvm::all_of(values, isNonNegative);
}

static bool isNonNegativeConstant(Value value) {
  APInt integer;
  APFloat real(0.0);
  if (matchPattern(value, m_ConstantInt(&integer)))
    return !integer.isNegative();
  return matchPattern(value, m_ConstantFloat(&real)) && !real.isNegative() &&
         real.isFinite();
}

/// What `op` is at most, whatever its other operands are: null if nothing.
static Value getLargerOperand(Operation *op) {
  auto difference = dyn_cast<arith::SubIOp>(op);
  return difference && isNonNegative(difference.getRhs()) ? difference.getLhs()
                                                          : Value();
}

/// A multiplication keeps an order only if both factors have the same sign.
static bool isNonNegative(Value value) {
  if (Value begin = getLoopBegin(value))
    return isNonNegative(begin);
  Operation *op = value.getDefiningOp();
  if (!op)
    return false;
  if (isNonNegativeConstant(value) || isa<memref::DimOp>(op))
    return true;
  if (isa<arith::AddIOp, arith::MulIOp, arith::MinSIOp, arith::AddFOp,
          arith::MulFOp, arith::DivSIOp, arith::FloorDivSIOp,
          arith::CeilDivSIOp, arith::DivUIOp, arith::CeilDivUIOp, arith::DivFOp,
          arith::IndexCastOp, arith::SIToFPOp, arith::FPToSIOp, arith::ExtFOp,
          arith::TruncFOp, math::CeilOp, math::FloorOp, math::RoundEvenOp,
          math::TruncOp>(op))
    return areNonNegative(op->getOperands());
  if (isa<arith::MaxSIOp>(op))
    return llvm::any_of(op->getOperands(), isNonNegative);
  if (auto select = dyn_cast<arith::SelectOp>(op))
    return isNonNegative(select.getTrueValue()) &&
           isNonNegative(select.getFalseValue());
  return false;
}

/// Whether `real` is the number `integer`.
static bool isSameNumber(Value real, Value integer) {
  if (auto conversion = real.getDefiningOp<arith::SIToFPOp>())
    return conversion.getIn() == integer;
  APFloat realConstant(0.0);
  APInt integerConstant;
  return matchPattern(real, m_ConstantFloat(&realConstant)) &&
         matchPattern(integer, m_ConstantInt(&integerConstant)) &&
         realConstant.convertToDouble() == integerConstant.roundToDouble(true);
}

/// Whether `select` is the smaller of its values: a < b ? a : b, where the
/// comparison may be one of the integers that they are converted from.
static bool isMinimum(arith::SelectOp select) {
  Value yes = select.getTrueValue(), no = select.getFalseValue();
  if (auto reals = select.getCondition().getDefiningOp<arith::CmpFOp>())
    return reals.getPredicate() == arith::CmpFPredicate::OLT &&
           reals.getLhs() == yes && reals.getRhs() == no;
  if (auto integers = select.getCondition().getDefiningOp<arith::CmpIOp>())
    return integers.getPredicate() == arith::CmpIPredicate::slt &&
           isSameNumber(yes, integers.getLhs()) &&
           isSameNumber(no, integers.getRhs());
  return false;
}

/// Whether the result of `op` cannot fall when its operands grow.
static bool isMonotone(Operation *op) {
  if (isa<arith::AddIOp, arith::AddFOp, arith::MaxSIOp, arith::IndexCastOp,
          arith::SIToFPOp, arith::FPToSIOp, arith::ExtFOp, arith::TruncFOp,
          math::CeilOp, math::FloorOp, math::RoundEvenOp, math::TruncOp>(op))
    return true;
  if (isa<arith::MulIOp, arith::MulFOp>(op))
    return areNonNegative(op->getOperands());
  if (isa<arith::DivSIOp, arith::FloorDivSIOp, arith::CeilDivSIOp,
          arith::DivFOp>(op))
    return isNonNegativeConstant(op->getOperand(1));
  if (isa<arith::DivUIOp, arith::CeilDivUIOp>(op))
    return areNonNegative(op->getOperands()) &&
           isNonNegativeConstant(op->getOperand(1));
  if (auto select = dyn_cast<arith::SelectOp>(op))
    return isMinimum(select);
  return false;
}

/// Operands that the bound of `op` is computed from.
static SmallVector<Value> getBoundedOperands(Operation *op) {
  SmallVector<Value> operands(op->getOperands());
  if (auto select = dyn_cast<arith::SelectOp>(op)) {
    operands.erase(operands.begin());
    llvm::append_range(operands,
                       select.getCondition().getDefiningOp()->getOperands());
  }
  return operands;
}

bool TokenBound::isKnown(Value value) {
  if (Value end = getLoopEnd(value))
    return isKnown(end);
  Operation *op = value.getDefiningOp();
  if (!op)
    return false;
  if (matchPattern(value, m_Constant()))
    return true;
  if (auto dim = dyn_cast<memref::DimOp>(op)) {
    Extent extent = getExtent(dim);
    return extent.kind == ExtentKind::tokens ||
           (extent.kind == ExtentKind::value && isKnown(extent.value));
  }
  if (isa<arith::MinSIOp>(op))
    return llvm::any_of(op->getOperands(), isKnown);
  if (Value larger = getLargerOperand(op))
    return isKnown(larger);
  return isMonotone(op) && llvm::all_of(getBoundedOperands(op), isKnown);
}

//===----------------------------------------------------------------------===//
// Code
//===----------------------------------------------------------------------===//

Value TokenBound::emit(Value value) {
  if (!bounds.contains(value))
    bounds.map(value, emitNew(value));
  return bounds.lookup(value);
}

Value TokenBound::emitNew(Value value) {
  assert(isKnown(value) && "has no bound");
  if (Value end = getLoopEnd(value))
    return emit(end);
  Operation *op = value.getDefiningOp();
  if (auto dim = dyn_cast<memref::DimOp>(op)) {
    Extent extent = getExtent(dim);
    return extent.kind == ExtentKind::tokens ? tokens : emit(extent.value);
  }
  if (isa<arith::MinSIOp>(op))
    for (unsigned i : {0, 1})
      if (!isKnown(op->getOperand(i)))
        return emit(op->getOperand(1 - i));
  if (Value larger = getLargerOperand(op))
    return emit(larger);
  for (Value operand : getBoundedOperands(op))
    emit(operand);
  if (auto select = dyn_cast<arith::SelectOp>(op))
    bounds.map(select.getCondition(),
               emitClone(select.getCondition().getDefiningOp()));
  return emitClone(op);
}

Value TokenBound::emitClone(Operation *op) {
  Operation *clone = builder.clone(*op, bounds);
  clone->setLoc(loc);
  SmallVector<Value> folded;
  if (succeeded(builder.tryFold(clone, folded)) && !folded.empty()) {
    clone->erase();
    return folded.front();
  }
  return clone->getResult(0);
}
