//===- VectorCode.cpp - Formulas on vectors -------------------------------===//

#include "VectorCode.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include <numeric>

using namespace mlir;
using namespace mlir::moe;

/// Bytes that a thread of a GPU loads at once; buffers are aligned to as many.
static constexpr int64_t threadBytes = 16;

static int64_t getLanes(Code &code, ShapedType matrix) {
  if (!code.hasManyThreads)
    return 512 / code.realType.getWidth();
  int64_t width = matrix.getShape().back();
  int64_t bits = matrix.getElementTypeBitWidth();
  return ShapedType::isDynamic(width) ? 1
                                      : std::gcd(width, 8 * threadBytes / bits);
}

VectorCode::VectorCode(Code &code, ShapedType matrix)
    : VectorCode(code.builder, code.loc, code.realType,
                 getLanes(code, matrix)) {
  hasManyThreads = code.hasManyThreads;
}

/// What is known of the address of a vector of a row.
static llvm::MaybeAlign getAlignment(const VectorCode &code, VectorType type) {
  if (!code.hasManyThreads)
    return {};
  int64_t bytes = type.getNumElements() * type.getElementTypeBitWidth() / 8;
  return llvm::MaybeAlign(static_cast<uint64_t>(std::min(bytes, threadBytes)));
}

Term VectorCode::broadcast(Term scalar, VectorType type) {
  return term(vector::BroadcastOp::create(builder, loc, type, scalar.value));
}

/// Which of the elements of a vector come before `count`.
static Value createMask(VectorCode &code, VectorType type, Term count) {
  return vector::CreateMaskOp::create(code.builder, code.loc,
                                      type.clone(code.builder.getI1Type()),
                                      ValueRange{count});
}

Term VectorCode::loadVector(VectorType type, Value buffer, ArrayRef<Value> at,
                            std::optional<Term> count) {
  if (!count)
    return term(vector::LoadOp::create(builder, loc, type, buffer, at,
                                       /*nontemporal=*/false,
                                       getAlignment(*this, type)));
  Value zero =
      arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
  return term(vector::MaskedLoadOp::create(
      builder, loc, type, buffer, at, createMask(*this, type, *count), zero));
}

void VectorCode::storeVector(Term vector, Value buffer, ArrayRef<Value> at,
                             std::optional<Term> count) {
  if (!count) {
    vector::StoreOp::create(
        builder, loc, vector.value, buffer, at, /*nontemporal=*/false,
        getAlignment(*this, cast<VectorType>(vector.type())));
    return;
  }
  Value mask = createMask(*this, cast<VectorType>(vector.type()), *count);
  vector::MaskedStoreOp::create(builder, loc, buffer, at, mask, vector.value);
}

void VectorCode::prefetch(Value buffer, ArrayRef<Value> at) {
  memref::PrefetchOp::create(builder, loc, buffer, at, /*isWrite=*/false,
                             /*localityHint=*/2, /*isDataCache=*/true);
}

Term VectorCode::loadFloats(Value buffer, ArrayRef<Value> at,
                            std::optional<Term> count) {
  Type element = cast<MemRefType>(buffer.getType()).getElementType();
  Term vector = loadVector(vectorOf(element), buffer, at, count);
  return term(convert(vector, vectorType()));
}

void VectorCode::storeFloats(Term vector, Value buffer, ArrayRef<Value> at,
                             std::optional<Term> count) {
  Type element = cast<MemRefType>(buffer.getType()).getElementType();
  storeVector(term(convert(vector, vectorOf(element))), buffer, at, count);
}

void VectorCode::forColumns(
    Term width, function_ref<void(Term, std::optional<Term>)> body) {
  if (hasManyThreads)
    return parallel(width / static_cast<double>(lanes), [&](Term vector) {
      body(vector * static_cast<double>(lanes), std::nullopt);
    });
  Term full = width - width % static_cast<double>(lanes);
  forRange(index(0), full, lanes,
           [&](Term column) { body(column, std::nullopt); });
  ifThen(full < width, [&] { body(full, width - full); });
}

Term VectorCode::bitcast(Term vector, VectorType type) {
  return term(vector::BitCastOp::create(builder, loc, type, vector.value));
}

Term VectorCode::shuffle(Term a, Term b, ArrayRef<int64_t> positions) {
  return term(
      vector::ShuffleOp::create(builder, loc, a.value, b.value, positions));
}

Term VectorCode::slice(Term vector, int64_t begin, int64_t size) {
  return term(vector::ExtractStridedSliceOp::create(
      builder, loc, vector.value, ArrayRef(begin), ArrayRef(size),
      ArrayRef<int64_t>{1}));
}

Term VectorCode::reduceMax(Term vector) {
  return term(vector::ReductionOp::create(
      builder, loc, vector::CombiningKind::MAXIMUMF, vector.value));
}

Term VectorCode::reduceSum(Term vector) {
  return term(vector::ReductionOp::create(
      builder, loc, vector::CombiningKind::ADD, vector.value));
}

SmallVector<Term> VectorCode::transpose(SmallVector<Term> vectors) {
  int64_t count = vectors.size();
  SmallVector<int64_t> low, high;
  for (int64_t i = 0; i < count / 2; ++i) {
    low.append({i, count + i});
    high.append({count / 2 + i, count + count / 2 + i});
  }
  // Each round interleaves the first half of the vectors with the second: the
  // index of a vector and the index in it, as one number, rotate by one bit.
  for (int64_t round = 1; round < count; round *= 2) {
    SmallVector<Term> next;
    for (int64_t i = 0; i < count / 2; ++i) {
      next.push_back(shuffle(vectors[i], vectors[count / 2 + i], low));
      next.push_back(shuffle(vectors[i], vectors[count / 2 + i], high));
    }
    vectors = std::move(next);
  }
  return vectors;
}

Term VectorCode::sumEach(SmallVector<Term> vectors) {
  // Each round makes one vector of two: lanes whose number has this bit are the
  // second's, each added to the lane that differs in it. One of the shuffles is
  // a blend, which is cheaper.
  for (int64_t bit = 1; bit < lanes; bit *= 2) {
    SmallVector<int64_t> own, other;
    for (int64_t i = 0; i < lanes; ++i) {
      int64_t source = i & bit ? lanes : 0;
      own.push_back(source + i);
      other.push_back(source + (i ^ bit));
    }
    SmallVector<Term> next;
    for (size_t i = 0; i < vectors.size(); i += 2) {
      Term a = vectors[i], b = vectors[i + 1 < vectors.size() ? i + 1 : i];
      next.push_back(shuffle(a, b, own) + shuffle(a, b, other));
    }
    vectors = std::move(next);
  }
  return vectors.front();
}
