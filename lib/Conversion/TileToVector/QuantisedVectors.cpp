//===- QuantisedVectors.cpp - Quantised weights, by vectors ---------------===//

#include "QuantisedVectors.h"
#include "DecodeVectors.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::moe;

/// Elements of a block of MXFP4.
static constexpr int64_t mxfp4Block = 32;

/// An index is never negative.
static Term divide(Term index, int64_t size) {
  Code &code = *index.code;
  return code.term(arith::DivUIOp::create(code.builder, code.loc, index.value,
                                          code.index(size).value));
}

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
  return divide(*expert, quantisation.blockShape.front());
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
  return vectors;
}

Term QuantisedVectors::load(Term row, Term at, std::optional<Term> count,
                            VectorCode &code) const {
  Term weights = quantisation.scheme == QuantScheme::mxfp4
                     ? loadMxfp4(row, at, count, code)
                     : loadBlock(row, at, count, code);
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
  Term block = divide(row, blockRows);
  Term first = divide(at, blockSize);
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
  Term block = divide(at, mxfp4Block);
  Term byte = divide(at - block * static_cast<double>(mxfp4Block), 2);
  auto type = VectorType::get({code.lanes / 2}, code.builder.getI8Type());
  std::optional<Term> bytes;
  if (count)
    bytes = code.ceilDiv(*count, code.index(2));
  Term codes =
      code.loadVector(type, data.buffer, data.index({row, block, byte}), bytes);
  auto e8m0 = Float8E8M0FNUType::get(code.builder.getContext());
  Term scale = decodeFloat(
      code, e8m0,
      scales.loadByte(code, {row, keepInside(block, scales, count)}));
  // Half of it is exact, too.
  Term half = code.term(code.convert(scale, code.realType)) * 0.5;
  Term twice =
      code.term(code.convert(decodeNibbles(codes, code), code.vectorType()));
  Term weights = twice * code.broadcast(half);
  if (hasProducts(cast<FloatType>(quantisation.element), code.realType))
    return weights;
  return code.roundVector(quantisation.element, weights);
}
