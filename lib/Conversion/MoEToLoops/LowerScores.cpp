//===- LowerScores.cpp - Loops of the ops between scores and scores -------===//

#include "Lowerings.h"
#include "Ranking.h"

using namespace mlir;
using namespace mlir::moe;

/// Scores that depend on one logit each.
static Term computeScore(Code &code, ScoreFn fn, Term logit) {
  switch (fn) {
  case ScoreFn::sigmoid:
    return code.sigmoid(logit);
  case ScoreFn::relu:
    return code.max(logit, code.real(0));
  case ScoreFn::sqrt_softplus:
    // log(1 + exp(l)) without overflow.
    return code.sqrt(code.max(logit, code.real(0)) +
                     code.log1p(code.exp(-code.absolute(logit))));
  case ScoreFn::softmax:
    break;
  }
  llvm_unreachable("a softmax depends on several logits");
}

/// Softmax of `count` elements of `logits`, element i being at `position(i)`.
static void emitSoftmax(Code &code, Value logits, Value scores, Term count,
                        function_ref<SmallVector<Term>(Term i)> position) {
  auto logit = [&](Term i) { return code.load(logits, position(i)); };
  Term lowest = code.real(-std::numeric_limits<double>::infinity());
  Term max = code.fold(
      count, lowest, [&](Term i, Term max) { return code.max(max, logit(i)); });
  Term sum = code.fold(count, code.real(0), [&](Term i, Term sum) {
    return sum + code.exp(logit(i) - max);
  });
  code.forEach(count, [&](Term i) {
    code.store(code.exp(logit(i) - max) / sum, scores, position(i));
  });
}

Results mlir::moe::lowerToLoops(ScoreOp op, Code &code) {
  Value logits = code.buffer(op.getLogits());
  Term tokens = code.dim(logits, 0), experts = code.dim(logits, 1);
  Value scores = code.allocate(op.getType(), {tokens, experts});
  if (op.getFn() != ScoreFn::softmax) {
    code.parallel(tokens, [&](Term t) {
      code.forEach(experts, [&](Term e) {
        code.store(computeScore(code, op.getFn(), code.load(logits, {t, e})),
                   scores, {t, e});
      });
    });
  } else if (op.getAxis() == ScoreAxis::experts) {
    code.parallel(tokens, [&](Term t) {
      emitSoftmax(code, logits, scores, experts,
                  [&](Term e) { return SmallVector<Term>{t, e}; });
    });
  } else {
    code.parallel(experts, [&](Term e) {
      emitSoftmax(code, logits, scores, tokens,
                  [&](Term t) { return SmallVector<Term>{t, e}; });
    });
  }
  return {code.tensor(scores, op.getType())};
}

Results mlir::moe::lowerToLoops(SinkhornOp op, Code &code) {
  Value logits = code.buffer(op.getLogits());
  Term tokens = code.dim(logits, 0), experts = code.dim(logits, 1);
  Value c = code.allocate(code.realType, {tokens, experts});
  Value d0 = code.allocate(code.realType, tokens);
  Value d1 = code.allocate(code.realType, experts);
  Value change = code.allocate(code.realType, experts);
  Value keys = code.allocate(op.getType(), {tokens, experts});

  code.parallel(tokens, [&](Term t) {
    code.forEach(experts, [&](Term e) {
      code.store(code.exp(code.load(logits, {t, e})), c, {t, e});
    });
  });
  code.fill(d1, code.real(1));

  Term zero = code.real(0);
  Term tokenShare = 1 / code.toReal(tokens),
       expertShare = 1 / code.toReal(experts);
  auto converged = [&](Term meanChange) {
    return meanChange <= op.getTolerance().convertToDouble();
  };
  SmallVector<Term> start = {
      code.index(0), code.real(std::numeric_limits<double>::infinity())};
  code.loopWhile(
      start,
      [&](ArrayRef<Term> state) {
        return state[0] < op.getMaxIterations() && !converged(state[1]);
      },
      [&](ArrayRef<Term> state) {
        code.parallel(tokens, [&](Term t) {
          Term sum = code.fold(experts, zero, [&](Term e, Term sum) {
            return sum + code.load(d1, e) * code.load(c, {t, e});
          });
          code.store(tokenShare / (sum + 1e-8), d0, t);
        });
        code.parallel(experts, [&](Term e) {
          Term sum = code.fold(tokens, zero, [&](Term t, Term sum) {
            return sum + code.load(d0, t) * code.load(c, {t, e});
          });
          Term next = expertShare / (sum + 1e-8);
          code.store(code.absolute(next - code.load(d1, e)), change, e);
          code.store(next, d1, e);
        });
        Term total = code.fold(experts, zero, [&](Term e, Term total) {
          return total + code.load(change, e);
        });
        return SmallVector<Term>{state[0] + 1, total * expertShare};
      });

  code.parallel(tokens, [&](Term t) {
    code.forEach(experts, [&](Term e) {
      code.store(code.load(d1, e) * code.load(c, {t, e}) * code.load(d0, t),
                 keys, {t, e});
    });
  });
  return {code.tensor(keys, op.getType())};
}

Results mlir::moe::lowerToLoops(LimitGroupsOp op, Code &code) {
  Value scores = code.buffer(op.getScores());
  Value bias = op.getBias() ? code.buffer(op.getBias()) : Value();
  Term tokens = code.dim(scores, 0), experts = code.dim(scores, 1);
  Term groups = code.index(op.getNumGroups());
  Term groupSize = experts / groups;
  // The largest key is the sum of the one largest.
  Term top = code.index(op.getRankBy() == GroupScore::max ? 1 : op.getTop());
  Term hidden = code.real(op.getFill() == GroupFill::zero
                              ? 0
                              : -std::numeric_limits<double>::infinity());
  Value ranks = code.allocate(code.realType, {tokens, groups});
  Value limited = code.allocate(op.getType(), {tokens, experts});

  auto key = [&](Term t, Term e) {
    Term score = code.load(scores, {t, e});
    return bias ? code.roundTo(op.getType().getElementType(),
                               score + code.load(bias, e))
                : score;
  };
  code.parallel(tokens, [&](Term t) {
    code.forEach(groups, [&](Term g) {
      auto member = [&](Term i) { return key(t, g * groupSize + i); };
      code.store(code.real(0), ranks, {t, g});
      forBest(code, {groupSize, member}, top, [&](Term, Term best, IsLeft) {
        code.store(code.load(ranks, {t, g}) + member(best), ranks, {t, g});
      });
    });
    code.forEach(experts, [&](Term e) { code.store(hidden, limited, {t, e}); });
    auto rank = [&](Term g) { return code.load(ranks, {t, g}); };
    forBest(code, {groups, rank}, code.index(op.getKeep()),
            [&](Term, Term g, IsLeft) {
              code.forRange(g * groupSize, (g + 1) * groupSize, 1, [&](Term e) {
                code.store(key(t, e), limited, {t, e});
              });
            });
  });
  return {code.tensor(limited, op.getType())};
}
