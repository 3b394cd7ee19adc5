//===- LowerWeights.cpp - Loops of the ops that make weights --------------===//

#include "Lanes.h"
#include "TokenLoop.h"

using namespace mlir;
using namespace mlir::moe;

void mlir::moe::emitForToken(GatherWeightsOp op, Code &code,
                             const TokenRows &rows) {
  Value weights = op.getWeights();
  Term experts = rows.getWidth(op.getScores());
  forEachLane(code, rows.getWidth(weights), [&](Term c) {
    rows.store(code, code.real(0), weights, c);
    Term expert = rows.load(code, op.getIndices(), c);
    code.ifThen(expert >= 0 && expert < experts, [&] {
      rows.store(code, rows.load(code, op.getScores(), expert), weights, c);
    });
  });
}

/// (sum_c |w[c]|^order)^(1/order), the plain sum for order 1.
static Term computeNorm(Code &code, double order, Term choices,
                        function_ref<Term(Term c)> weight) {
  Term sum = code.fold(choices, code.real(0), [&](Term c, Term sum) {
    Term w = weight(c);
    if (order == 1)
      return sum + w;
    if (order == 2)
      return sum + w * w;
    return sum + code.power(code.absolute(w), code.real(order));
  });
  if (order == 1)
    return sum;
  return order == 2 ? code.sqrt(sum) : code.power(sum, code.real(1 / order));
}

void mlir::moe::emitForToken(NormalizeWeightsOp op, Code &code,
                             const TokenRows &rows) {
  Term choices = rows.getWidth(op.getWeights());
  Term scale = code.real(op.getScale().convertToDouble());
  Term eps = code.real(op.getEps().convertToDouble());
  auto weight = [&](Term c) { return rows.load(code, op.getWeights(), c); };
  auto storeEach = [&](function_ref<Term(Term w)> value) {
    forEachLane(code, choices, [&](Term c) {
      rows.store(code, value(weight(c)), op.getNormalized(), c);
    });
  };
  if (!op.getOrder())
    return storeEach([&](Term w) { return scale * w; });
  Term norm =
      computeNorm(code, op.getOrder()->convertToDouble(), choices, weight);
  if (op.getEpsMode() == EpsMode::add)
    norm = norm + eps;
  if (op.getEpsMode() == EpsMode::clamp)
    norm = code.max(norm, eps);
  storeEach([&](Term w) {
    return code.select(norm == 0, code.real(0), scale * (w / norm));
  });
}

void mlir::moe::emitForToken(AppendChoiceOp op, Code &code,
                             const TokenRows &rows) {
  Term choices = rows.getWidth(op.getIndices());
  Term first = code.index(static_cast<int64_t>(op.getFirstExpert()));
  Term expert = code.index(static_cast<int64_t>(op.getExpert()));
  forEachLane(code, choices, [&](Term c) {
    Term chosen = rows.load(code, op.getIndices(), c);
    Term isOwn = chosen >= first && chosen < expert;
    rows.store(code, code.select(isOwn, chosen, code.index(-1)),
               op.getMoreIndices(), c);
    rows.store(code, rows.load(code, op.getWeights(), c), op.getMoreWeights(),
               c);
  });
  Term weight = code.real(op.getScale().convertToDouble());
  if (Value coefficient = op.getCoefficient())
    weight = weight * code.sigmoid(rows.load(code, coefficient, code.index(0)));
  rows.store(code, expert, op.getMoreIndices(), choices);
  rows.store(code, weight, op.getMoreWeights(), choices);
}
