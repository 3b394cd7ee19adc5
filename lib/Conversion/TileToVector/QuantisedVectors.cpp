//===- QuantisedVectors.cpp - Quantised weights, by vectors ---------------===//

#include "QuantisedVectors.h"
#include "DecodeVectors.h"
#include "NibbleVectors.h"
#include "moe/IR/Nibbles.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::moe;

/// Elements of a block of MXFP4.
static constexpr int64_t mxfp4Block = 32;

/// A vector of which nothing is there may begin behind the last block.
static Term keepInside(Term block, const StoredWeights::Slice &scales,
                       std::optional<Term> count) {
  Code &code = *block.code;
  return count
             ? code.min(block, code.index(scales.type().getShape().back() - 1))
             : block;
}

static std::optional<Term> getExpertBlock(const Quantisation &quantisation,
                                          std::optional<Term> expert) {
  if (!expert || quantisation.scheme == QuantScheme::mxfp4)
    return expert;
  return divideIndex(*expert, quantisation.blockShape.front());
}

QuantisedVectors::QuantisedVectors(const WeightOperand &operand,
                                   std::optional<Term> expert, VectorCode &code)
    : quantisation(*operand.quantisation),
      data(operand.data.open(expert, code)),
      scales(
          quantisation.scales.open(getExpertBlock(quantisation, expert), code)),
      blockRows(1), blockSize(mxfp4Block) {
  if (quantisation.scheme == QuantScheme::mxfp4)
    return;
  ArrayRef<int64_t> shape = quantisation.blockShape;
  blockRows = shape[shape.size() - 2];
  // One block is as good as blocks of any larger size.
  int64_t extent = data.type().getShape().back();
  bool isInt4 = quantisation.scheme == QuantScheme::int4;
  if (isInt4 && quantisation.packing.alongLast)
    extent *= countNibbles(data.type().getElementType());
  if (quantisation.zeroPoints)
    zeroPoints = quantisation.zeroPoints->codes.open(
        getExpertBlock(quantisation, expert), code);
  blockSize = shape.back() < extent
                  ? shape.back()
                  : static_cast<int64_t>(llvm::alignTo(extent, code.lanes));
}

std::optional<QuantisedVectors>
QuantisedVectors::get(const WeightOperand &operand, std::optional<Term> expert,
                      int64_t start, VectorCode &code) {
  QuantisedVectors vectors(operand, expert, code);
  int64_t size = vectors.blockSize;
  if (start % std::min(size, code.lanes) != 0 ||
      (size % code.lanes != 0 && code.lanes % size != 0))
    return std::nullopt;
  const Quantisation &quantisation = vectors.quantisation;
  if (quantisation.scheme == QuantScheme::int4 &&
      !canLoadNibbles(vectors.data, quantisation.packing, start, code))
    return std::nullopt;
  if (vectors.zeroPoints && size < code.lanes &&
      (size > 1 ||
       !canLoadNibbles(*vectors.zeroPoints, quantisation.zeroPoints->packing,
                       start, code)))
    return std::nullopt;
  return vectors;
}

Term QuantisedVectors::load(Term row, Term at, std::optional<Term> count,
                            VectorCode &code) const {
  auto loadScheme = &QuantisedVectors::loadBlock;
  if (quantisation.scheme == QuantScheme::mxfp4)
    loadScheme = &QuantisedVectors::loadMxfp4;
  if (quantisation.scheme == QuantScheme::int4)
    loadScheme = &QuantisedVectors::loadInt4;
  Term weights = (this->*loadScheme)(row, at, count, code);
  if (!count)
    return weights;
  // Scales need not be finite.
  auto lanes = code.vectorOf(code.builder.getI1Type());
  Value isThere = vector::CreateMaskOp::create(code.builder, code.loc, lanes,
                                               ValueRange{*count});
  return code.select(code.term(isThere), weights, code.broadcast(code.real(0)));
}

Term QuantisedVectors::loadBlock(Term row, Term at, std::optional<Term> count,
                                 VectorCode &code) const {
  Type format = data.type().getElementType();
  Term bytes = code.loadVector(code.vectorOf(format), data.buffer,
                               data.index({row, at}), count);
  if (isa<FloatType>(format))
    bytes = code.bitcast(bytes, code.vectorOf(code.builder.getI8Type()));
  Term numbers = code.term(
      code.convert(decodeBytes(bytes, format, code), code.vectorType()));
  return code.roundVector(quantisation.element,
                          numbers * loadScales(row, at, count, code));
}

/// The scale of each lane.
Term QuantisedVectors::loadScales(Term row, Term at, std::optional<Term> count,
                                  VectorCode &code) const {
  Term block = divideIndex(row, blockRows);
  Term first = divideIndex(at, blockSize);
  if (blockSize >= code.lanes)
    return code.broadcast(
        scales.load(code, {block, keepInside(first, scales, count)}));
  auto type =
      VectorType::get({code.lanes / blockSize}, scales.type().getElementType());
  std::optional<Term> blocks;
  if (count)
    blocks = code.ceilDiv(*count, code.index(blockSize));
  Term loaded = code.loadVector(type, scales.buffer,
                                scales.index({block, first}), blocks);
  SmallVector<int64_t> positions;
  for (int64_t lane = 0; lane < code.lanes; ++lane)
    positions.push_back(lane / blockSize);
  return code.term(
      code.convert(code.shuffle(loaded, loaded, positions), code.vectorType()));
}

/// Are all products of an e2m1 and a power of two numbers of `element`, even
/// the smallest and the largest?
static bool hasProducts(FloatType element, FloatType compute) {
  return element.isF32() || element.isF64() ||
         (element.isBF16() && compute.isF32());
}

Term QuantisedVectors::loadMxfp4(Term row, Term at, std::optional<Term> count,
                                 VectorCode &code) const {
  Term block = divideIndex(at, mxfp4Block);
  Term byte = divideIndex(at - block * static_cast<double>(mxfp4Block), 2);
  auto type = VectorType::get({code.lanes / 2}, code.builder.getI8Type());
  std::optional<Term> bytes;
  if (count)
    bytes = code.ceilDiv(*count, code.index(2));
  Term codes =
      code.loadVector(type, data.buffer, data.index({row, block, byte}), bytes);
  auto e8m0 = Float8E8M0FNUType::get(code.builder.getContext());
  Term scale = decodeFloat(
      code, e8m0,
      scales.loadBits(code, {row, keepInside(block, scales, count)}));
  // Half of it is exact, too.
  Term half = code.term(code.convert(scale, code.realType)) * 0.5;
  Term twice =
      code.term(code.convert(decodeNibbles(codes, code), code.vectorType()));
  Term weights = twice * code.broadcast(half);
  if (hasProducts(cast<FloatType>(quantisation.element), code.realType))
    return weights;
  return code.roundVector(quantisation.element, weights);
}

/// The zero point of each lane, as i32.
Term QuantisedVectors::loadZeroPoints(Term row, Term at,
                                      std::optional<Term> count,
                                      VectorCode &code) const {
  auto type = code.vectorOf(code.builder.getI32Type());
  if (!zeroPoints)
    return code.broadcast(code.integer(type.getElementType(), defaultZeroPoint),
                          type);
  const ZeroPoints &stored = *quantisation.zeroPoints;
  Term block = divideIndex(row, blockRows);
  if (blockSize < code.lanes) {
    Term codes =
        loadNibbles(*zeroPoints, stored.packing, block, at, count, code);
    if (stored.offset == 0)
      return codes;
    auto constant = [&](int64_t value) {
      return code.broadcast(code.integer(type.getElementType(), value), type)
          .value;
    };
    Value sum = arith::AddIOp::create(code.builder, code.loc, codes.value,
                                      constant(stored.offset));
    return code.term(
        arith::AndIOp::create(code.builder, code.loc, sum, constant(15)));
  }
  Term first = keepInside(divideIndex(at, blockSize), scales, count);
  Term zero = (readNibble(*zeroPoints, stored.packing, {block, first}, code) +
               static_cast<double>(stored.offset)) %
              16;
  return code.broadcast(
      code.term(arith::IndexCastOp::create(code.builder, code.loc,
                                           type.getElementType(), zero.value)),
      type);
}

Term QuantisedVectors::loadInt4(Term row, Term at, std::optional<Term> count,
                                VectorCode &code) const {
  Term codes = loadNibbles(data, quantisation.packing, row, at, count, code);
  Term zeros = loadZeroPoints(row, at, count, code);
  Value numbers =
      arith::SubIOp::create(code.builder, code.loc, codes.value, zeros.value);
  auto f32 = code.vectorOf(code.builder.getF32Type());
  numbers = arith::SIToFPOp::create(code.builder, code.loc, f32, numbers);
  return code.roundVector(quantisation.element,
                          code.term(code.convert(numbers, code.vectorType())) *
                              loadScales(row, at, count, code));
}
