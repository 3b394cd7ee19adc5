//===- LowerWeights.cpp - Loops of the ops that make weights --------------===//

#include "Lowerings.h"

using namespace mlir;
using namespace mlir::moe;

Results mlir::moe::lowerToLoops(GatherWeightsOp op, Code &code) {
  Value scores = code.buffer(op.getScores()),
        indices = code.buffer(op.getIndices());
  Term tokens = code.dim(indices, 0), choices = code.dim(indices, 1);
  Term experts = code.dim(scores, 1);
  Value weights = code.allocate(op.getType(), {tokens, choices});
  code.parallel(tokens, [&](Term t) {
    code.forEach(choices, [&](Term c) {
      code.store(code.real(0), weights, {t, c});
      Term expert = code.load(indices, {t, c});
      code.ifThen(expert >= 0 && expert < experts, [&] {
        code.store(code.load(scores, {t, expert}), weights, {t, c});
      });
    });
  });
  return {code.tensor(weights, op.getType())};
}

/// (sum_c |w[t,c]|^order)^(1/order), the plain sum for order 1.
static Term computeNorm(Code &code, double order, Value weights, Term t) {
  Term sum =
      code.fold(code.dim(weights, 1), code.real(0), [&](Term c, Term sum) {
        Term w = code.load(weights, {t, c});
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

Results mlir::moe::lowerToLoops(NormalizeWeightsOp op, Code &code) {
  Value weights = code.buffer(op.getWeights());
  Term tokens = code.dim(weights, 0), choices = code.dim(weights, 1);
  Term scale = code.real(op.getScale().convertToDouble());
  Term eps = code.real(op.getEps().convertToDouble());
  Value normalized = code.allocate(op.getType(), {tokens, choices});
  code.parallel(tokens, [&](Term t) {
    auto storeEach = [&](function_ref<Term(Term w)> value) {
      code.forEach(choices, [&](Term c) {
        code.store(value(code.load(weights, {t, c})), normalized, {t, c});
      });
    };
    if (!op.getOrder())
      return storeEach([&](Term w) { return scale * w; });
    Term norm = computeNorm(code, op.getOrder()->convertToDouble(), weights, t);
    if (op.getEpsMode() == EpsMode::add)
      norm = norm + eps;
    if (op.getEpsMode() == EpsMode::clamp)
      norm = code.max(norm, eps);
    storeEach([&](Term w) {
      return code.select(norm == 0, code.real(0), scale * (w / norm));
    });
  });
  return {code.tensor(normalized, op.getType())};
}
