//===- LowerScores.cpp - Loops of the ops between scores and scores -------===//

#include "../VectorCode.h"
#include "Lanes.h"
#include "Lowerings.h"
#include "Ranking.h"
#include "TokenLoop.h"

#include <numeric>

using namespace mlir;
using namespace mlir::moe;

/// Scores that depend on one logit each, of which there is a vector.
static Term computeScore(Code &code, ScoreFn fn, Term logit) {
  Term zero = number(logit, 0);
  switch (fn) {
  case ScoreFn::sigmoid:
    return code.sigmoid(logit);
  case ScoreFn::relu:
    return code.max(logit, zero);
  case ScoreFn::sqrt_softplus:
    // log(1 + exp(l)) without overflow.
    return code.sqrt(code.max(logit, zero) +
                     code.log1p(code.exp(-code.absolute(logit))));
  case ScoreFn::softmax:
    break;
  }
  llvm_unreachable("a softmax depends on several logits");
}

/// As many elements of a row as fit a vector and divide the row.
static int64_t getLanes(Value matrix, Code &code) {
  int64_t width = cast<ShapedType>(matrix.getType()).getDimSize(1);
  int64_t widest = 512 / code.realType.getWidth();
  return ShapedType::isDynamic(width) ? 1 : std::gcd(width, widest);
}

/// With elements shared out among lanes.
static void emitScoreByLanes(ScoreOp op, Code &code, const TokenRows &rows) {
  Term width = rows.getWidth(op.getLogits());
  auto logit = [&](Term e) { return rows.load(code, op.getLogits(), e); };
  auto storeEach = [&](function_ref<Term(Term e)> score) {
    forEachLane(code, width,
                [&](Term e) { rows.store(code, score(e), op.getScores(), e); });
  };
  if (op.getFn() != ScoreFn::softmax)
    return storeEach(
        [&](Term e) { return computeScore(code, op.getFn(), logit(e)); });
  Term lowest = code.real(-std::numeric_limits<double>::infinity());
  Term max = maxLanes(code, width, lowest, logit);
  auto exponential = [&](Term e) { return code.exp(logit(e) - max); };
  Term sum = sumLanes(code, width, code.real(0), exponential);
  storeEach([&](Term e) { return exponential(e) / sum; });
}

void mlir::moe::emitForToken(ScoreOp op, Code &code, const TokenRows &rows) {
  if (code.hasManyThreads)
    return emitScoreByLanes(op, code, rows);
  Value logits = op.getLogits(), scores = op.getScores();
  VectorCode vectors(code.builder, code.loc, code.realType,
                     getLanes(logits, code));
  Term width = rows.getWidth(logits);
  auto load = [&](Term e) {
    return vectors.loadFloats(
        rows.getBuffer(logits),
        SmallVector<Value>(ArrayRef<Term>(rows.at(logits, e))));
  };
  auto store = [&](Term vector, Term e) {
    vectors.storeFloats(vector, rows.getBuffer(scores),
                        SmallVector<Value>(ArrayRef<Term>(rows.at(scores, e))));
  };
  auto forEachVector = [&](Code::Body body) {
    code.forRange(code.index(0), width, vectors.lanes, body);
  };
  if (op.getFn() != ScoreFn::softmax)
    return forEachVector(
        [&](Term e) { store(computeScore(vectors, op.getFn(), load(e)), e); });

  auto fold = [&](double init, Code::Step step) {
    SmallVector<Term> start = {vectors.broadcast(code.real(init))};
    return code.fold(code.index(0), width, vectors.lanes, start,
                     [&](Term e, ArrayRef<Term> values) {
                       return SmallVector<Term>{step(e, values[0])};
                     })[0];
  };
  Term max = vectors.broadcast(vectors.reduceMax(
      fold(-std::numeric_limits<double>::infinity(),
           [&](Term e, Term max) { return vectors.max(max, load(e)); })));
  auto exponential = [&](Term e) { return vectors.exp(load(e) - max); };
  Term sum = vectors.broadcast(vectors.reduceSum(
      fold(0, [&](Term e, Term sum) { return sum + exponential(e); })));
  forEachVector([&](Term e) { store(exponential(e) / sum, e); });
}

/// A softmax of the logits of one expert.
static void emitSoftmaxOverTokens(Code &code, Value logits, Value scores,
                                  Term expert) {
  Term tokens = code.dim(logits, 0);
  auto logit = [&](Term t) { return code.load(logits, {t, expert}); };
  Term lowest = code.real(-std::numeric_limits<double>::infinity());
  Term max = maxLanes(code, tokens, lowest, logit);
  auto exponential = [&](Term t) { return code.exp(logit(t) - max); };
  Term sum = sumLanes(code, tokens, code.real(0), exponential);
  forEachLane(code, tokens, [&](Term t) {
    code.store(exponential(t) / sum, scores, {t, expert});
  });
}

Results mlir::moe::lowerToLoops(ScoreOp op, Code &code) {
  Value logits = code.buffer(op.getLogits());
  Term tokens = code.dim(logits, 0), experts = code.dim(logits, 1);
  Value scores = code.allocate(op.getType(), {tokens, experts});
  code.parallel(
      experts, [&](Term e) { emitSoftmaxOverTokens(code, logits, scores, e); });
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

void mlir::moe::emitForToken(LimitGroupsOp op, Code &code,
                             const TokenRows &rows) {
  Value limited = op.getLimited();
  Term experts = rows.getWidth(op.getScores());
  Term groups = code.index(op.getNumGroups());
  Term groupSize = experts / groups;
  // The largest key is the sum of the one largest.
  Term top = code.index(op.getRankBy() == GroupScore::max ? 1 : op.getTop());
  Term hidden = code.real(op.getFill() == GroupFill::zero
                              ? 0
                              : -std::numeric_limits<double>::infinity());
  Value ranks = code.allocateOnStack({static_cast<int64_t>(op.getNumGroups())},
                                     code.realType);

  auto key = [&](Term e) {
    Term score = rows.load(code, op.getScores(), e);
    return op.getBias()
               ? code.roundTo(op.getType().getElementType(),
                              score +
                                  code.load(rows.getShared(op.getBias()), e))
               : score;
  };
  forEachLane(code, groups, [&](Term g) {
    auto member = [&](Term i) { return key(g * groupSize + i); };
    code.store(code.real(0), ranks, g);
    forBest(code, {groupSize, member}, top, [&](Term, Term best, IsLeft) {
      code.store(code.load(ranks, g) + member(best), ranks, g);
    });
  });
  forEachLane(code, experts,
              [&](Term e) { rows.store(code, hidden, limited, e); });
  auto rank = [&](Term g) { return code.load(ranks, g); };
  forBest(code, {groups, rank}, code.index(op.getKeep()),
          [&](Term, Term g, IsLeft) {
            forEachLane(code, groupSize, [&](Term i) {
              Term e = g * groupSize + i;
              rows.store(code, key(e), limited, e);
            });
          });
}
