//===- WeightReader.cpp - Weights as the kernels read them ----------------===//

#include "WeightReader.h"

using namespace mlir;
using namespace mlir::moe;

WeightOperand WeightOperand::get(DequantizeOp op, Code &code) {
  return {StoredWeights::get(op.getData(), code),
          Quantisation{op.getScheme(), StoredWeights::get(op.getScales(), code),
                       SmallVector<int64_t>(
                           op.getBlockShape().value_or(ArrayRef<int64_t>())),
                       op.getWeights().getType().getElementType()}};
}

WeightOperand WeightOperand::get(Value tensor, Code &code) {
  if (auto quantised = tensor.getDefiningOp<DequantizeOp>())
    return get(quantised, code);
  return {StoredWeights::get(tensor, code)};
}

/// Data times a scale per block.
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
  return [=, &code](ArrayRef<Term> at) {
    SmallVector<Term> block;
    for (auto [index, size] : llvm::zip_equal(at, blocks))
      block.push_back(index / static_cast<double>(size));
    return code.roundTo(element,
                        data.load(code, at) * scales.load(code, block));
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
    Term byte = data.loadByte(code, pair);
    Term nibble = code.select(k % 2 == 0, byte % 16, byte / 16);
    Term scale = decodeFloat(code, e8m0, scales.loadByte(code, block));
    return code.roundTo(element, decodeFloat(code, e2m1, nibble) * scale);
  };
}

WeightReader mlir::moe::readWeights(const WeightOperand &operand,
                                    std::optional<Term> expert, Code &code) {
  auto data = operand.data.open(expert, code);
  if (!operand.quantisation)
    return [=, &code](ArrayRef<Term> at) { return data.load(code, at); };
  return operand.quantisation->scheme == QuantScheme::block
             ? readBlocks(data, *operand.quantisation, expert, code)
             : readMxfp4(data, *operand.quantisation, expert, code);
}
