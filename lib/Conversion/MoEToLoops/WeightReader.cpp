//===- WeightReader.cpp - Weights as the kernels read them ----------------===//

#include "WeightReader.h"

using namespace mlir;
using namespace mlir::moe;

/// Data times a scale per block.
static WeightReader readBlocks(DequantizeOp op, std::optional<Term> expert,
                               Code &code) {
  ArrayRef<int64_t> blocks = *op.getBlockShape();
  std::optional<Term> expertBlock;
  if (expert) {
    expertBlock = *expert / blocks.front();
    blocks = blocks.drop_front();
  }
  auto data = StoredWeights(op.getData(), code).open(expert, code);
  auto scales = StoredWeights(op.getScales(), code).open(expertBlock, code);
  Type element = op.getWeights().getType().getElementType();
  return [=, &code](ArrayRef<Term> at) {
    SmallVector<Term> block;
    for (auto [index, size] : llvm::zip_equal(at, blocks))
      block.push_back(index / size);
    return code.roundTo(element,
                        data.load(code, at) * scales.load(code, block));
  };
}

/// Blocks of 16 bytes that hold 32 numbers of type e2m1, with one e8m0 scale
/// each.
static WeightReader readMxfp4(DequantizeOp op, std::optional<Term> expert,
                              Code &code) {
  auto data = StoredWeights(op.getData(), code).open(expert, code);
  auto scales = StoredWeights(op.getScales(), code).open(expert, code);
  Type element = op.getWeights().getType().getElementType();
  FloatType e2m1 = Float4E2M1FNType::get(op.getContext());
  FloatType e8m0 = Float8E8M0FNUType::get(op.getContext());
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

WeightReader mlir::moe::readDequantized(DequantizeOp op,
                                        std::optional<Term> expert,
                                        Code &code) {
  return op.getScheme() == QuantScheme::block ? readBlocks(op, expert, code)
                                              : readMxfp4(op, expert, code);
}

WeightReader mlir::moe::readWeights(Value operand, std::optional<Term> expert,
                                    Code &code) {
  if (auto quantised = operand.getDefiningOp<DequantizeOp>())
    return readDequantized(quantised, expert, code);
  auto weights = StoredWeights(operand, code).open(expert, code);
  return [=, &code](ArrayRef<Term> at) { return weights.load(code, at); };
}
