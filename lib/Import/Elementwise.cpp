//===- Elementwise.cpp - Loops over tensors for the importer --------------===//

#include "Elementwise.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::moe;

/// `type` with elements of f32.
static Type getWide(Type type) {
  Type f32 = Float32Type::get(type.getContext());
  if (auto shaped = dyn_cast<ShapedType>(type))
    return shaped.clone(f32);
  return f32;
}

Value mlir::moe::convertFloat(ImplicitLocOpBuilder &b, Value value, Type type) {
  if (value.getType() == type)
    return value;
  unsigned from = getElementTypeOrSelf(value).getIntOrFloatBitWidth();
  unsigned to = getElementTypeOrSelf(type).getIntOrFloatBitWidth();
  if (from < to)
    return arith::ExtFOp::create(b, type, value);
  // Of f16 and bf16 neither holds the other.
  if (from == to)
    value = arith::ExtFOp::create(b, getWide(type), value);
  return arith::TruncFOp::create(b, type, value);
}

/// An uninitialised tensor of `type` with the rows of `rows`.
static Value buildEmpty(ImplicitLocOpBuilder &b, RankedTensorType type,
                        Value rows) {
  SmallVector<Value> sizes;
  if (type.isDynamicDim(0))
    sizes.push_back(tensor::DimOp::create(b, rows, 0));
  return tensor::EmptyOp::create(b, type, sizes);
}

static AffineMap getMap(Indexing indexing, MLIRContext *context) {
  AffineExpr row = getAffineDimExpr(0, context);
  AffineExpr column = getAffineDimExpr(1, context);
  switch (indexing) {
  case Indexing::both:
    return AffineMap::get(2, 0, {row, column}, context);
  case Indexing::row:
    return AffineMap::get(2, 0, {row}, context);
  case Indexing::column:
    return AffineMap::get(2, 0, {column}, context);
  }
  llvm_unreachable("all kinds are handled");
}

Value mlir::moe::buildElementwise(
    ImplicitLocOpBuilder &b, RankedTensorType type, Value rows,
    ArrayRef<Input> inputs,
    function_ref<Value(ImplicitLocOpBuilder &, ValueRange)> body) {
  SmallVector<Value> values;
  SmallVector<AffineMap> maps;
  for (const Input &input : inputs) {
    values.push_back(input.value);
    maps.push_back(getMap(input.indexing, b.getContext()));
  }
  maps.push_back(getMap(Indexing::both, b.getContext()));
  SmallVector<utils::IteratorType> iterators(2, utils::IteratorType::parallel);
  auto loop = linalg::GenericOp::create(
      b, type, values, buildEmpty(b, type, rows), maps, iterators,
      [&](OpBuilder &nested, Location loc, ValueRange elements) {
        ImplicitLocOpBuilder inner(loc, nested);
        SmallVector<Value> wide;
        for (Value element : elements.drop_back())
          wide.push_back(isa<FloatType>(element.getType())
                             ? convertFloat(inner, element, inner.getF32Type())
                             : element);
        Value result =
            convertFloat(inner, body(inner, wide), type.getElementType());
        linalg::YieldOp::create(inner, result);
      });
  return loop.getResult(0);
}

Value mlir::moe::buildSumOfSquares(ImplicitLocOpBuilder &b, Value x) {
  auto type = cast<RankedTensorType>(x.getType());
  auto sums = RankedTensorType::get({type.getDimSize(0)}, b.getF32Type());
  Value zero = arith::ConstantOp::create(b, b.getF32FloatAttr(0));
  Value init =
      linalg::FillOp::create(b, zero, buildEmpty(b, sums, x)).getResult(0);
  MLIRContext *context = b.getContext();
  auto loop = linalg::GenericOp::create(
      b, sums, x, init,
      {getMap(Indexing::both, context), getMap(Indexing::row, context)},
      {utils::IteratorType::parallel, utils::IteratorType::reduction},
      [](OpBuilder &nested, Location loc, ValueRange elements) {
        ImplicitLocOpBuilder inner(loc, nested);
        Value wide = convertFloat(inner, elements[0], inner.getF32Type());
        Value square = arith::MulFOp::create(inner, wide, wide);
        linalg::YieldOp::create(
            inner, Value(arith::AddFOp::create(inner, elements[1], square)));
      });
  return loop.getResult(0);
}
