//===- LowerFused.cpp - Loops of the fused ops ----------------------------===//

#include "../WeightReader.h"
#include "Contraction.h"
#include "Lowerings.h"

#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace mlir::moe;

/// The ops of an epilogue with terms for its arguments.
static Term inlineEpilogue(GroupedGemmOp op, Code &code,
                           ArrayRef<Term> arguments) {
  Block &block = op.getEpilogue().front();
  IRMapping mapping;
  for (auto [parameter, argument] :
       llvm::zip_equal(block.getArguments(), arguments))
    mapping.map(parameter, argument.value);
  for (Operation &nested : block.without_terminator())
    code.builder.clone(nested, mapping);
  auto yield = cast<YieldOp>(block.getTerminator());
  return code.term(mapping.lookupOrDefault(yield.getElement()));
}

Results mlir::moe::lowerToLoops(GroupedGemmOp op, Code &code) {
  Type type = op.getResult().getType();
  Term rows = code.dim(op.getSources() ? op.getSources() : op.getX(), 0);
  Term columns = code.index(cast<ShapedType>(type).getDimSize(1));
  Value result = code.allocate(type, {rows, columns});

  Contraction contraction{
      .input = code.buffer(op.getX()),
      .sources = op.getSources() ? code.buffer(op.getSources()) : Value(),
      .offsets = op.getOffsets() ? code.buffer(op.getOffsets()) : Value(),
      .numExperts = op.getOffsets() ? code.dim(op.getWeights().front(), 0)
                                    : code.index(1),
      .depth = code.dim(op.getX(), 1),
      .columns = columns};
  for (auto [index, weights] : llvm::enumerate(op.getWeights()))
    contraction.projections.push_back({weights, op.getLayout(index),
                                       op.getStrides()[index],
                                       op.getStarts()[index]});
  // Outside the loops: an input that is a slice of a tensor is copied into a
  // buffer.
  SmallVector<WeightOperand> columnInputs;
  for (Value input : op.getColumnInputs())
    columnInputs.push_back(WeightOperand::get(input, code));
  SmallVector<Value> rowInputs;
  for (Value input : op.getRowInputs())
    rowInputs.push_back(code.buffer(input));
  emitContraction(
      code, contraction,
      [&](std::optional<Term> expert, Term row, Term column,
          ArrayRef<Term> sums) {
        SmallVector<Term> arguments(sums);
        for (const WeightOperand &input : columnInputs)
          arguments.push_back(readWeights(input, expert, code)({column}));
        for (Value input : rowInputs)
          arguments.push_back(code.load(input, {row}));
        code.store(inlineEpilogue(op, code, arguments), result, {row, column});
      });
  return {code.tensor(result, type)};
}

Results mlir::moe::lowerToLoops(RowWeightsOp op, Code &code) {
  Value weights = code.buffer(op.getWeights()),
        positions = code.buffer(op.getPositions());
  Type type = op.getRowWeights().getType();
  Value result = code.allocate(type, {code.dim(op.getSources(), 0)});
  code.fill(result, code.real(0));
  code.parallel(code.dim(op.getWeights(), 0), [&](Term token) {
    code.forEach(code.dim(op.getWeights(), 1), [&](Term choice) {
      Term row = code.load(positions, {token, choice});
      code.ifThen(row >= 0, [&] {
        code.store(code.load(weights, {token, choice}), result, {row});
      });
    });
  });
  return {code.tensor(result, type)};
}
