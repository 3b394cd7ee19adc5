//===- WeightReader.cpp - Weights as the kernels read them ----------------===//

#include "WeightReader.h"
#include "moe/IR/Nibbles.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace mlir::moe;

static MemRefType getStoredType(const StoredWeights &stored) {
  return stored.getSlice() ? stored.getSlice()
                           : cast<MemRefType>(stored.getMemory().getType());
}

ZeroPoints mlir::moe::makeZeroPoints(const StoredWeights &codes,
                                     const StoredWeights &scales,
                                     NibbleOrder order, int64_t offset) {
  bool alongLast = getStoredType(codes).getShape().back() !=
                   getStoredType(scales).getShape().back();
  return {codes, {alongLast, order}, offset};
}

WeightOperand WeightOperand::get(DequantizeOp op, Code &code) {
  StoredWeights data = StoredWeights::get(op.getData(), code);
  Quantisation quantisation{
      op.getScheme(), StoredWeights::get(op.getScales(), code),
      SmallVector<int64_t>(op.getBlockShape().value_or(ArrayRef<int64_t>())),
      op.getWeights().getType().getElementType()};
  quantisation.packing = {getStoredType(data).getShape().back() !=
                              op.getWeights().getType().getShape().back(),
                          op.getOrder()};
  if (op.getZeroPoints())
    quantisation.zeroPoints = makeZeroPoints(
        StoredWeights::get(op.getZeroPoints(), code), quantisation.scales,
        op.getOrder(), static_cast<int64_t>(op.getZeroOffset()));
  return {data, quantisation};
}

WeightOperand WeightOperand::get(Value tensor, Code &code) {
  if (auto quantised = tensor.getDefiningOp<DequantizeOp>())
    return get(quantised, code);
  return {StoredWeights::get(tensor, code)};
}

Term mlir::moe::getNibbleShift(Packing packing, Term index, int64_t count) {
  Term within = index % static_cast<double>(count);
  Term nibble = packing.order == NibbleOrder::ascending
                    ? within
                    : within / 2 + within % 2 * static_cast<double>(count / 2);
  return nibble * 4;
}

Term mlir::moe::readNibble(const StoredWeights::Slice &words, Packing packing,
                           ArrayRef<Term> at, Code &code) {
  int64_t count = countNibbles(words.type().getElementType());
  SmallVector<Term> place(at);
  Term &packed = place[place.size() - (packing.alongLast ? 1 : 2)];
  Term shift = getNibbleShift(packing, packed, count);
  packed = packed / static_cast<double>(count);
  Term word = words.loadBits(code, place);
  return code.term(arith::ShRUIOp::create(code.builder, code.loc, word.value,
                                          shift.value)) %
         16;
}

/// Indices in units of blocks.
static SmallVector<Term> divideByBlocks(ArrayRef<Term> at,
                                        ArrayRef<int64_t> blocks) {
  SmallVector<Term> block;
  for (auto [index, size] : llvm::zip_equal(at, blocks))
    block.push_back(index / static_cast<double>(size));
  return block;
}

/// Data, or codes less their zero point, times a scale per block.
static WeightReader readBlocks(const StoredWeights::Slice &data,
                               const Quantisation &quantisation,
                               std::optional<Term> expert, Code &code) {
  ArrayRef<int64_t> shape = quantisation.blockShape;
  std::optional<Term> expertBlock;
  if (expert) {
    expertBlock = *expert / static_cast<double>(shape.front());
    shape = shape.drop_front();
  }
  auto scales = quantisation.scales.open(expertBlock, code);
  SmallVector<int64_t> blocks(shape);
  Type element = quantisation.element;
  if (quantisation.scheme == QuantScheme::block)
    return [=, &code](ArrayRef<Term> at) {
      Term scale = scales.load(code, divideByBlocks(at, blocks));
      return code.roundTo(element, data.load(code, at) * scale);
    };

  Packing packing = quantisation.packing;
  std::optional<ZeroPoints> zeroPoints = quantisation.zeroPoints;
  std::optional<StoredWeights::Slice> zeros;
  if (zeroPoints)
    zeros = zeroPoints->codes.open(expertBlock, code);
  return [=, &code](ArrayRef<Term> at) {
    SmallVector<Term> block = divideByBlocks(at, blocks);
    Term zero = code.index(defaultZeroPoint);
    if (zeros)
      zero = (readNibble(*zeros, zeroPoints->packing, block, code) +
              static_cast<double>(zeroPoints->offset)) %
             16;
    Term number = code.toReal(readNibble(data, packing, at, code) - zero);
    return code.roundTo(element, number * scales.load(code, block));
  };
}

/// Blocks of 16 bytes that hold 32 numbers of type e2m1, with one e8m0 scale
/// each.
static WeightReader readMxfp4(const StoredWeights::Slice &data,
                              const Quantisation &quantisation,
                              std::optional<Term> expert, Code &code) {
  auto scales = quantisation.scales.open(expert, code);
  Type element = quantisation.element;
  FloatType e2m1 = Float4E2M1FNType::get(element.getContext());
  FloatType e8m0 = Float8E8M0FNUType::get(element.getContext());
  return [=, &code](ArrayRef<Term> at) {
    Term k = at.back();
    SmallVector<Term> block(at.drop_back());
    block.push_back(k / 32);
    SmallVector<Term> pair(block);
    pair.push_back(k % 32 / 2);
    Term byte = data.loadBits(code, pair);
    Term nibble = code.select(k % 2 == 0, byte % 16, byte / 16);
    Term scale = decodeFloat(code, e8m0, scales.loadBits(code, block));
    return code.roundTo(element, decodeFloat(code, e2m1, nibble) * scale);
  };
}

WeightReader mlir::moe::readWeights(const WeightOperand &operand,
                                    std::optional<Term> expert, Code &code) {
  auto data = operand.data.open(expert, code);
  if (!operand.quantisation)
    return [=, &code](ArrayRef<Term> at) { return data.load(code, at); };
  return operand.quantisation->scheme == QuantScheme::mxfp4
             ? readMxfp4(data, *operand.quantisation, expert, code)
             : readBlocks(data, *operand.quantisation, expert, code);
}
