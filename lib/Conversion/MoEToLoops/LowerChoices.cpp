//===- LowerChoices.cpp - Loops of the ops that choose experts ------------===//

#include "Lowerings.h"
#include "Ranking.h"
#include "Sort.h"

using namespace mlir;
using namespace mlir::moe;

Results mlir::moe::lowerToLoops(TopKOp op, Code &code) {
  Value scores = code.buffer(op.getScores());
  Value bias = op.getBias() ? code.buffer(op.getBias()) : Value();
  Value except = op.getExcept() ? code.buffer(op.getExcept()) : Value();
  Term tokens = code.dim(scores, 0), k = code.index(op.getK());
  Value indices = code.allocate(op.getType(), {tokens, k});
  code.parallel(tokens, [&](Term t) {
    auto key = [&](Term e) {
      Term score = code.load(scores, {t, e});
      return bias ? score + code.load(bias, e) : score;
    };
    auto isAllowed = [&](Term e) {
      return code.fold(code.dim(except, 1), code.boolean(true),
                       [&](Term j, Term allowed) {
                         return allowed && code.load(except, {t, j}) != e;
                       });
    };
    Ranking ranking = {code.dim(scores, 1), key, op.getTie()};
    if (except)
      ranking.competes = isAllowed;
    forBest(code, ranking, k, [&](Term round, Term best, IsLeft) {
      code.store(best, indices, {t, round});
    });
  });
  return {code.tensor(indices, op.getType())};
}

Results mlir::moe::lowerToLoops(SequentialTopKOp op, Code &code) {
  Value logits = code.buffer(op.getLogits());
  Term tokens = code.dim(logits, 0), experts = code.dim(logits, 1);
  Term k = code.index(op.getK());
  double gap = op.getRelativeGap().convertToDouble();
  Value indices = code.allocate(op.getIndices().getType(), {tokens, k});
  Value weights = code.allocate(op.getWeights().getType(), {tokens, k});
  code.parallel(tokens, [&](Term t) {
    auto logit = [&](Term e) { return code.load(logits, {t, e}); };
    forBest(
        code, {experts, logit}, k, [&](Term round, Term best, IsLeft isLeft) {
          Term max = logit(best);
          Term sum = code.fold(experts, code.real(0), [&](Term e, Term sum) {
            Term l = logit(e);
            Term tooFar = (max - l) / code.max(code.absolute(l), max) > gap;
            Term counts = isLeft(e) && (e == best || !tooFar);
            return code.select(counts, sum + code.exp(l - max), sum);
          });
          code.store(best, indices, {t, round});
          code.store(code.exp(max - max) / sum, weights, {t, round});
        });
  });
  return {code.tensor(indices, op.getIndices().getType()),
          code.tensor(weights, op.getWeights().getType())};
}

Results mlir::moe::lowerToLoops(TopTokensOp op, Code &code) {
  Value scores = code.buffer(op.getScores());
  Term tokens = code.dim(scores, 0), experts = code.dim(scores, 1);
  Term taken = code.min(code.term(op.getCapacity()), tokens);
  Value indices = code.allocate(op.getType(), {tokens, experts});
  code.fill(indices, code.index(-1));
  code.parallel(experts, [&](Term e) {
    Type index = code.builder.getIndexType();
    Value keys = code.allocate(index, tokens),
          order = code.allocate(index, tokens);
    code.forEach(tokens, [&](Term t) {
      code.store(code.orderKey(code.load(scores, {t, e})), keys, t);
      code.store(op.getTie() == Tie::lowest ? t : tokens - 1 - t, order, t);
    });
    stableSort(code, order, code.index(0), tokens, [&](Term a, Term b) {
      return code.load(keys, a) > code.load(keys, b);
    });
    code.forEach(taken, [&](Term rank) {
      code.store(e, indices, {code.load(order, rank), e});
    });
    code.deallocate(order);
    code.deallocate(keys);
  });
  return {code.tensor(indices, op.getType())};
}

/// Indices of the shape of `like`, element (t, c) being `expert(t, c)` where
/// `isChosen(t, c)`, else -1.
static Value emitChoices(Code &code, Value like, Type type,
                         function_ref<Term(Term t, Term c)> expert,
                         function_ref<Term(Term t, Term c)> isChosen) {
  Term tokens = code.dim(like, 0), choices = code.dim(like, 1);
  Value indices = code.allocate(cast<ShapedType>(type), {tokens, choices});
  code.parallel(tokens, [&](Term t) {
    code.forEach(choices, [&](Term c) {
      code.store(code.select(isChosen(t, c), expert(t, c), code.index(-1)),
                 indices, {t, c});
    });
  });
  return code.tensor(indices, type);
}

Results mlir::moe::lowerToLoops(SelectOp op, Code &code) {
  Value scores = code.buffer(op.getScores());
  return {emitChoices(
      code, scores, op.getType(), [&](Term, Term e) { return e; },
      [&](Term t, Term e) {
        return op.getRule() == SelectRule::all ? code.boolean(true)
                                               : code.load(scores, {t, e}) > 0;
      })};
}

Results mlir::moe::lowerToLoops(LookupOp op, Code &code) {
  Value table = code.buffer(op.getTable()), ids = code.buffer(op.getIds());
  Term tokens = code.dim(ids, 0), size = code.dim(table, 0),
       zero = code.index(0);
  Value indices = code.allocate(op.getType(), {tokens, code.index(1)});
  code.parallel(tokens, [&](Term t) {
    Term id = code.load(ids, t);
    code.store(code.index(-1), indices, {t, zero});
    code.ifThen(id >= 0 && id < size,
                [&] { code.store(code.load(table, id), indices, {t, zero}); });
  });
  return {code.tensor(indices, op.getType())};
}

Results mlir::moe::lowerToLoops(MaskChoicesOp op, Code &code) {
  Value indices = code.buffer(op.getIndices()),
        mask = code.buffer(op.getMask());
  return {emitChoices(
      code, indices, op.getType(),
      [&](Term t, Term c) { return code.load(indices, {t, c}); },
      [&](Term t, Term) { return code.load(mask, t) != 0; })};
}

Results mlir::moe::lowerToLoops(FilterChoicesOp op, Code &code) {
  Value indices = code.buffer(op.getIndices()),
        weights = code.buffer(op.getWeights());
  Value threshold = code.buffer(op.getThreshold());
  Term scale = code.real(op.getScale().convertToDouble());
  Term firstChoice = code.index(op.getFirstChoice());
  return {emitChoices(
      code, indices, op.getType(),
      [&](Term t, Term c) { return code.load(indices, {t, c}); },
      [&](Term t, Term c) {
        return c < firstChoice ||
               scale * code.load(weights, {t, c}) > code.load(threshold, t);
      })};
}
