//===- Code.cpp - Writing loops over buffers as formulas ------------------===//

#include "Code.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::moe;

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

Term Code::index(int64_t value) {
  return term(arith::ConstantIndexOp::create(builder, loc, value));
}

Term Code::real(double value) {
  APFloat rounded(value);
  bool losesInfo;
  rounded.convert(realType.getFloatSemantics(), APFloat::rmNearestTiesToEven,
                  &losesInfo);
  return term(arith::ConstantOp::create(builder, loc,
                                        FloatAttr::get(realType, rounded)));
}

Term Code::boolean(bool value) {
  return term(
      arith::ConstantOp::create(builder, loc, builder.getBoolAttr(value)));
}

Term Code::integer(Type type, int64_t value) {
  return term(
      arith::ConstantOp::create(builder, loc, IntegerAttr::get(type, value)));
}

Term mlir::moe::number(Term like, double value) {
  Code &code = *like.code;
  if (!isa<FloatType>(getElementTypeOrSelf(like.type())))
    return code.integer(like.type(), static_cast<int64_t>(value));
  Term scalar = code.real(value);
  auto vector = dyn_cast<VectorType>(like.type());
  return vector ? code.term(vector::BroadcastOp::create(code.builder, code.loc,
                                                        vector, scalar.value))
                : scalar;
}

//===----------------------------------------------------------------------===//
// Buffers
//===----------------------------------------------------------------------===//

Value Code::buffer(Value tensor) {
  if (isa<MemRefType>(tensor.getType()))
    return tensor;
  auto type = cast<RankedTensorType>(tensor.getType());
  return bufferization::ToBufferOp::create(
      builder, loc, MemRefType::get(type.getShape(), type.getElementType()),
      tensor,
      /*read_only=*/true);
}

Value Code::allocate(Type type, ArrayRef<Term> sizes) {
  auto shaped = dyn_cast<ShapedType>(type);
  MemRefType buffer =
      shaped
          ? MemRefType::get(shaped.getShape(), shaped.getElementType())
          : MemRefType::get(
                SmallVector<int64_t>(sizes.size(), ShapedType::kDynamic), type);
  SmallVector<Value> dynamicSizes;
  for (auto [dimension, size] : llvm::enumerate(sizes))
    if (buffer.isDynamicDim(dimension))
      dynamicSizes.push_back(size);
  return memref::AllocOp::create(builder, loc, buffer, dynamicSizes,
                                 builder.getI64IntegerAttr(64));
}

void Code::deallocate(Value buffer) {
  memref::DeallocOp::create(builder, loc, buffer);
}

Value Code::allocateOnStack(ArrayRef<int64_t> shape, Type element) {
  return memref::AllocaOp::create(builder, loc, MemRefType::get(shape, element),
                                  builder.getI64IntegerAttr(64));
}

Value Code::tensor(Value buffer, Type type) {
  return bufferization::ToTensorOp::create(builder, loc, type, buffer,
                                           /*restrict=*/true,
                                           /*writable=*/true);
}

Term Code::dim(Value shaped, unsigned index) {
  auto type = cast<ShapedType>(shaped.getType());
  if (!type.isDynamicDim(index))
    return this->index(type.getDimSize(index));
  if (isa<MemRefType>(type))
    return term(memref::DimOp::create(builder, loc, shaped, index));
  return term(tensor::DimOp::create(builder, loc, shaped, index));
}

Term Code::load(Value buffer, ArrayRef<Term> at) {
  SmallVector<Value> indices(at);
  Value element = memref::LoadOp::create(builder, loc, buffer, indices);
  if (isa<Float64Type, Float32Type, Float16Type, BFloat16Type>(
          element.getType()))
    return term(convert(element, realType));
  if (isa<IntegerType>(element.getType()) && !element.getType().isInteger(1))
    return term(arith::IndexCastOp::create(builder, loc, builder.getIndexType(),
                                           element));
  return term(element);
}

void Code::store(Term value, Value buffer, ArrayRef<Term> at) {
  Type element = cast<MemRefType>(buffer.getType()).getElementType();
  Value stored = value;
  if (isa<FloatType>(element))
    stored = convert(stored, element);
  else if (stored.getType() != element)
    stored = arith::IndexCastOp::create(builder, loc, element, stored);
  SmallVector<Value> indices(at);
  memref::StoreOp::create(builder, loc, stored, buffer, indices);
}

void Code::addAtomically(Term value, Value buffer, ArrayRef<Term> at) {
  memref::AtomicRMWOp::create(builder, loc, arith::AtomicRMWKind::addf, value,
                              buffer, SmallVector<Value>(at));
}

void Code::fill(Value buffer, Term value) {
  Type element = cast<MemRefType>(buffer.getType()).getElementType();
  Value stored = value;
  if (isa<FloatType>(element))
    stored = convert(stored, element);
  else if (stored.getType() != element)
    stored = arith::IndexCastOp::create(builder, loc, element, stored);
  linalg::FillOp::create(builder, loc, stored, buffer);
}

Value Code::convert(Value value, Type type) {
  if (value.getType() == type)
    return value;
  unsigned from = getElementTypeOrSelf(value).getIntOrFloatBitWidth();
  unsigned to = getElementTypeOrSelf(type).getIntOrFloatBitWidth();
  // Code for a direct step between 16 and 64 bits calls functions that not
  // every C runtime has.
  if (std::max(from, to) == 64 && std::min(from, to) == 16) {
    Type between = builder.getF32Type();
    if (auto shaped = dyn_cast<ShapedType>(type))
      between = shaped.clone(between);
    return convert(convert(value, between), type);
  }
  if (from < to)
    return arith::ExtFOp::create(builder, loc, type, value);
  return arith::TruncFOp::create(builder, loc, type, value);
}

//===----------------------------------------------------------------------===//
// Control
//===----------------------------------------------------------------------===//

/// Is it known that no iteration is left?
static bool isEmpty(Term begin, Term end) {
  auto first = getConstantIntValue(begin.value);
  auto last = getConstantIntValue(end.value);
  return first && last && *first >= *last;
}

void Code::forRange(Term begin, Term end, int64_t step, Body body) {
  if (isEmpty(begin, end))
    return;
  auto loop = scf::ForOp::create(builder, loc, begin, end,
                                 number(begin, static_cast<double>(step)));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(loop.getBody()->getTerminator());
  body(term(loop.getInductionVar()));
}

void Code::parallel(Term count, Body body) {
  auto loop = scf::ParallelOp::create(builder, loc, ValueRange{index(0)},
                                      ValueRange{count}, ValueRange{index(1)});
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(loop.getBody()->getTerminator());
  body(term(loop.getInductionVars()[0]));
}

Term Code::fold(Term begin, Term end, Term init, Step step) {
  return fold(begin, end, ArrayRef(init), [&](Term i, ArrayRef<Term> values) {
    return SmallVector<Term>{step(i, values[0])};
  })[0];
}

SmallVector<Term> Code::fold(Term begin, Term end, int64_t stride,
                             ArrayRef<Term> init, Steps step) {
  if (isEmpty(begin, end))
    return SmallVector<Term>(init);
  SmallVector<Value> values(init);
  auto loop =
      scf::ForOp::create(builder, loc, begin, end,
                         number(begin, static_cast<double>(stride)), values);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(loop.getBody());
  SmallVector<Term> accumulated;
  for (Value value : loop.getRegionIterArgs())
    accumulated.push_back(term(value));
  SmallVector<Term> next = step(term(loop.getInductionVar()), accumulated);
  SmallVector<Value> yielded(ArrayRef<Term>{next});
  scf::YieldOp::create(builder, loc, yielded);
  SmallVector<Term> results;
  for (Value value : loop.getResults())
    results.push_back(term(value));
  return results;
}

void Code::ifThen(Term condition, function_ref<void()> body) {
  if (auto known = getConstantIntValue(condition.value)) {
    if (*known)
      body();
    return;
  }
  auto branch =
      scf::IfOp::create(builder, loc, condition, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(branch.thenBlock()->getTerminator());
  body();
}

Term Code::lazySelect(Term condition, function_ref<Term()> yes,
                      function_ref<Term()> no) {
  auto yield = [&](function_ref<Term()> branch) {
    return [&, branch](OpBuilder &, Location) {
      scf::YieldOp::create(builder, loc, ValueRange{branch()});
    };
  };
  // The op's builder moves this builder into the regions, and back.
  return term(scf::IfOp::create(builder, loc, condition, yield(yes), yield(no))
                  .getResult(0));
}

SmallVector<Term>
Code::loopWhile(ArrayRef<Term> init,
                function_ref<Term(ArrayRef<Term>)> condition,
                function_ref<SmallVector<Term>(ArrayRef<Term>)> step) {
  SmallVector<Value> values(init);
  auto terms = [&](ValueRange range) {
    SmallVector<Term> result;
    for (Value value : range)
      result.push_back(term(value));
    return result;
  };
  auto loop = scf::WhileOp::create(
      builder, loc, ValueRange(values).getTypes(), values,
      [&](OpBuilder &, Location, ValueRange state) {
        scf::ConditionOp::create(builder, loc, condition(terms(state)), state);
      },
      [&](OpBuilder &, Location, ValueRange state) {
        SmallVector<Term> next = step(terms(state));
        scf::YieldOp::create(builder, loc,
                             SmallVector<Value>(ArrayRef<Term>(next)));
      });
  return terms(loop.getResults());
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

/// What is known is computed at once: all code that depends on it stays away,
/// which is faster than to remove it.
template <typename Op, typename... Values>
static Term emitFolded(Code &code, Values... values) {
  return code.term(code.builder.createOrFold<Op>(code.loc, values...));
}

template <typename FloatOp, typename IntOp>
static Term emitBinary(Term a, Term b) {
  Code &code = *a.code;
  if (isa<FloatType>(getElementTypeOrSelf(a.type())))
    return code.term(FloatOp::create(code.builder, code.loc, a.value, b.value));
  return emitFolded<IntOp>(code, a.value, b.value);
}

template <typename Op> static Term emitUnary(Term a) {
  return a.code->term(Op::create(a.code->builder, a.code->loc, a.value));
}

Term mlir::moe::operator+(Term a, Term b) {
  return emitBinary<arith::AddFOp, arith::AddIOp>(a, b);
}
Term mlir::moe::operator-(Term a, Term b) {
  return emitBinary<arith::SubFOp, arith::SubIOp>(a, b);
}
Term mlir::moe::operator*(Term a, Term b) {
  return emitBinary<arith::MulFOp, arith::MulIOp>(a, b);
}
Term mlir::moe::operator/(Term a, Term b) {
  return emitBinary<arith::DivFOp, arith::DivSIOp>(a, b);
}
Term mlir::moe::operator%(Term a, Term b) {
  return emitBinary<arith::RemFOp, arith::RemSIOp>(a, b);
}
Term mlir::moe::operator-(Term a) {
  return isa<FloatType>(getElementTypeOrSelf(a.type()))
             ? emitUnary<arith::NegFOp>(a)
             : number(a, 0) - a;
}

static Term emitCompare(Term a, Term b, arith::CmpFPredicate floats,
                        arith::CmpIPredicate integers) {
  Code &code = *a.code;
  if (isa<FloatType>(getElementTypeOrSelf(a.type())))
    return code.term(arith::CmpFOp::create(code.builder, code.loc, floats,
                                           a.value, b.value));
  return emitFolded<arith::CmpIOp>(code, integers, a.value, b.value);
}

Term mlir::moe::operator<(Term a, Term b) {
  return emitCompare(a, b, arith::CmpFPredicate::OLT,
                     arith::CmpIPredicate::slt);
}
Term mlir::moe::operator<=(Term a, Term b) {
  return emitCompare(a, b, arith::CmpFPredicate::OLE,
                     arith::CmpIPredicate::sle);
}
Term mlir::moe::operator==(Term a, Term b) {
  return emitCompare(a, b, arith::CmpFPredicate::OEQ, arith::CmpIPredicate::eq);
}
Term mlir::moe::operator!=(Term a, Term b) {
  return emitCompare(a, b, arith::CmpFPredicate::UNE, arith::CmpIPredicate::ne);
}
Term mlir::moe::operator&&(Term a, Term b) {
  return a.code->term(
      arith::AndIOp::create(a.code->builder, a.code->loc, a.value, b.value));
}
Term mlir::moe::operator||(Term a, Term b) {
  return a.code->term(
      arith::OrIOp::create(a.code->builder, a.code->loc, a.value, b.value));
}
Term mlir::moe::operator!(Term a) {
  Term yes = a.code->boolean(true);
  return a.code->term(
      arith::XOrIOp::create(a.code->builder, a.code->loc, a.value, yes.value));
}

Term Code::select(Term condition, Term yes, Term no) {
  return emitFolded<arith::SelectOp>(*this, condition.value, yes.value,
                                     no.value);
}
Term Code::min(Term a, Term b) {
  return emitBinary<arith::MinimumFOp, arith::MinSIOp>(a, b);
}
Term Code::max(Term a, Term b) {
  return emitBinary<arith::MaximumFOp, arith::MaxSIOp>(a, b);
}
Term Code::ceilDiv(Term a, Term b) {
  return emitFolded<arith::CeilDivSIOp>(*this, a.value, b.value);
}
Term Code::toReal(Term integer) {
  Value wide = arith::IndexCastOp::create(builder, loc, builder.getI64Type(),
                                          integer.value);
  return term(arith::SIToFPOp::create(builder, loc, realType, wide));
}
Term Code::isNan(Term a) { return a != a; }
Term Code::fma(Term a, Term b, Term c) {
  return term(math::FmaOp::create(builder, loc, a.value, b.value, c.value));
}
Term Code::exp(Term a) { return emitUnary<math::ExpOp>(a); }
Term Code::log(Term a) { return emitUnary<math::LogOp>(a); }
Term Code::log1p(Term a) {
  // math.log1p becomes log(1 + a), which forgets what 1 + a rounds off. The
  // factor restores it: log(u) / (u - 1) hardly differs between neighbouring u.
  Term u = a + 1;
  return select(u == 1, a, log(u) * (a / (u - 1)));
}
Term Code::sqrt(Term a) { return emitUnary<math::SqrtOp>(a); }
Term Code::tanh(Term a) { return emitUnary<math::TanhOp>(a); }
Term Code::erf(Term a) { return emitUnary<math::ErfOp>(a); }
Term Code::absolute(Term a) { return emitUnary<math::AbsFOp>(a); }
Term Code::power(Term a, Term b) {
  return term(math::PowFOp::create(builder, loc, a.value, b.value));
}

/// Both branches are finite for every finite argument, and exact at the far
/// ends.
Term Code::sigmoid(Term a) {
  Term e = exp(-absolute(a));
  return select(a < 0, e / (e + 1), 1 / (e + 1));
}

Term Code::roundTo(Type element, Term a) {
  return term(convert(convert(a, element), realType));
}

/// The bits of a float, as a sign-magnitude number, made two's complement.
Term Code::orderKey(Term a) {
  unsigned width = realType.getWidth();
  Type bitsType = builder.getIntegerType(width);
  auto integer = [&](APInt value) {
    return term(arith::ConstantOp::create(builder, loc,
                                          IntegerAttr::get(bitsType, value)));
  };
  Term zero = real(0);
  Term bits =
      term(arith::BitcastOp::create(builder, loc, bitsType, (a + zero).value));
  Term flipped = integer(APInt::getSignedMinValue(width)) - bits;
  Term ordered = select(bits < integer(APInt::getZero(width)), flipped, bits);
  Term key =
      select(isNan(a), integer(APInt::getSignedMaxValue(width)), ordered);
  return term(arith::IndexCastOp::create(builder, loc, builder.getIndexType(),
                                         key.value));
}
