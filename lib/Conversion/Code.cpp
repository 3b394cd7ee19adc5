//===- Code.cpp - Constants and buffers of formulas -----------------------===//

#include "Code.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

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

/// A term as an element of `buffer`.
static Value toElement(Term term, Value buffer) {
  Code &code = *term.code;
  Type element = cast<MemRefType>(buffer.getType()).getElementType();
  if (isa<FloatType>(element))
    return code.convert(term, element);
  if (term.type() == element)
    return term;
  return arith::IndexCastOp::create(code.builder, code.loc, element,
                                    term.value);
}

void Code::store(Term value, Value buffer, ArrayRef<Term> at) {
  SmallVector<Value> indices(at);
  memref::StoreOp::create(builder, loc, toElement(value, buffer), buffer,
                          indices);
}

void Code::addAtomically(Term value, Value buffer, ArrayRef<Term> at) {
  memref::AtomicRMWOp::create(builder, loc, arith::AtomicRMWKind::addf, value,
                              buffer, SmallVector<Value>(at));
}

void Code::fill(Value buffer, Term value) {
  linalg::FillOp::create(builder, loc, toElement(value, buffer), buffer);
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
