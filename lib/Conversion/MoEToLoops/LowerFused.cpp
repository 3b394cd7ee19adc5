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
  Term rows = op.getNumRows() ? code.term(op.getNumRows())
                              : code.dim(op.getRowOperand(), 0);
  Term columns = code.index(cast<ShapedType>(type).getDimSize(1));
  Value result = code.allocate(type, {rows, columns});
  if (op.getAdds())
    code.fill(result, code.real(0));
  Value targets = op.getTargets() ? code.buffer(op.getTargets()) : Value();

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
  emitContraction(code, contraction,
                  [&](std::optional<Term> expert, Term row, Term column,
                      ArrayRef<Term> sums) {
                    SmallVector<Term> arguments(sums);
                    for (const WeightOperand &input : columnInputs)
                      arguments.push_back(
                          readWeights(input, expert, code)({column}));
                    for (Value input : rowInputs)
                      arguments.push_back(code.load(input, {row}));
                    Term element = inlineEpilogue(op, code, arguments);
                    if (!targets)
                      return code.store(element, result, {row, column});
                    Term target = code.load(targets, {row});
                    code.ifThen(target >= 0, [&] {
                      if (op.getAdds())
                        code.addAtomically(element, result, {target, column});
                      else
                        code.store(element, result, {target, column});
                    });
                  });
  return {code.tensor(result, type)};
}

/// A vector over rows: `element(t, c)` for the row of choice c of token t,
/// `rest` for rows without a choice.
static Value emitForRows(Code &code, Type type, Value sources, Value positions,
                         Term rest, function_ref<Term(Term, Term)> element) {
  Value rows = code.buffer(positions);
  Value result = code.allocate(type, {code.dim(sources, 0)});
  code.fill(result, rest);
  Term choices = code.dim(positions, 1);
  code.parallel(code.dim(positions, 0), [&](Term token) {
    code.forEach(choices, [&](Term choice) {
      Term row = code.load(rows, {token, choice});
      code.ifThen(row >= 0,
                  [&] { code.store(element(token, choice), result, {row}); });
    });
  });
  return code.tensor(result, type);
}

Results mlir::moe::lowerToLoops(RowWeightsOp op, Code &code) {
  Value weights = code.buffer(op.getWeights());
  return {emitForRows(code, op.getRowWeights().getType(), op.getSources(),
                      op.getPositions(), code.real(0),
                      [&](Term token, Term choice) {
                        return code.load(weights, {token, choice});
                      })};
}

Results mlir::moe::lowerToLoops(RowChoicesOp op, Code &code) {
  Term choices = code.dim(op.getPositions(), 1);
  return {emitForRows(
      code, op.getChoices().getType(), op.getSources(), op.getPositions(),
      code.index(-1),
      [&](Term token, Term choice) { return token * choices + choice; })};
}

Results mlir::moe::lowerToLoops(AppendExpertOp op, Code &code) {
  int64_t experts = op.getWeights().getType().getDimSize(0);
  StoredWeights weights = StoredWeights::get(op.getWeights(), code);
  Value table = code.allocate(
      MemRefType::get({experts + 1}, code.builder.getI64Type()), {});
  code.forEach(code.index(experts), [&](Term expert) {
    code.store(weights.getAddress(expert, code), table, {expert});
  });
  code.store(
      StoredWeights::get(op.getExpert(), code).getAddress(std::nullopt, code),
      table, {code.index(experts)});
  // Users have cast the tensor to the table that it is.
  for (Operation *user : llvm::make_early_inc_range(op->getUsers())) {
    auto cast = llvm::cast<UnrealizedConversionCastOp>(user);
    cast.getResult(0).replaceAllUsesWith(table);
    cast.erase();
  }
  return {table};
}
