//===- LowerChoices.cpp - Loops of the ops that choose experts ------------===//

#include "Lanes.h"
#include "Lowerings.h"
#include "Ranking.h"
#include "Sort.h"
#include "TokenLoop.h"

using namespace mlir;
using namespace mlir::moe;

void mlir::moe::emitForToken(TopKOp op, Code &code, const TokenRows &rows) {
  auto key = [&](Term e) {
    Term score = rows.load(code, op.getScores(), e);
    return op.getBias() ? score + code.load(rows.getShared(op.getBias()), e)
                        : score;
  };
  Value except = op.getExcept();
  auto isAllowed = [&](Term e) {
    return code.fold(rows.getWidth(except), code.boolean(true),
                     [&](Term j, Term allowed) {
                       return allowed && rows.load(code, except, j) != e;
                     });
  };
  Ranking ranking = {rows.getWidth(op.getScores()), key, op.getTie()};
  if (except)
    ranking.competes = isAllowed;
  Value best = op.getIndices();
  selectBest(code, ranking, static_cast<int64_t>(op.getK()),
             {[&](Term place) { return rows.load(code, best, place); },
              [&](Term e, Term place) { rows.store(code, e, best, place); }});
}

void mlir::moe::emitForToken(SequentialTopKOp op, Code &code,
                             const TokenRows &rows) {
  Term experts = rows.getWidth(op.getLogits());
  double gap = op.getRelativeGap().convertToDouble();
  auto logit = [&](Term e) { return rows.load(code, op.getLogits(), e); };
  forBest(code, {experts, logit}, code.index(op.getK()),
          [&](Term round, Term best, IsLeft isLeft) {
            Term max = logit(best);
            Term sum = sumLanes(code, experts, code.real(0), [&](Term e) {
              Term l = logit(e);
              Term tooFar = (max - l) / code.max(code.absolute(l), max) > gap;
              Term counts = isLeft(e) && (e == best || !tooFar);
              return code.select(counts, code.exp(l - max), code.real(0));
            });
            rows.store(code, best, op.getIndices(), round);
            rows.store(code, code.exp(max - max) / sum, op.getWeights(), round);
          });
}

/// With many threads: an expert takes the tokens whose place is not below the
/// largest one that enough of them reach, which is found bit by bit.
static void takeByPlace(TopTokensOp op, Code &code, Value scores, Value indices,
                        Term taken) {
  Term tokens = code.dim(scores, 0), experts = code.dim(scores, 1);
  code.parallel(experts, [&](Term e) {
    auto isReached = [&](Term token, Term place) {
      return getPlace(code, op.getTie(), code.load(scores, {token, e}),
                      token) >= place;
    };
    auto raise = [&](Term place, Term candidate) {
      Term count = sumLanes(code, tokens, code.index(0), [&](Term token) {
        return code.select(isReached(token, candidate), code.index(1),
                           code.index(0));
      });
      return code.select(count >= taken, candidate, place);
    };
    Term least = code.index(std::numeric_limits<int64_t>::min());
    SmallVector<Term> init = {raise(least, code.index(0)),
                              code.index(1ll << 62)};
    Term place = code.fold(
        code.index(0), code.index(63), init,
        [&](Term, ArrayRef<Term> values) -> SmallVector<Term> {
          return {raise(values[0], values[0] + values[1]), values[1] / 2};
        })[0];
    forEachLane(code, tokens, [&](Term token) {
      code.store(code.select(isReached(token, place), e, code.index(-1)),
                 indices, {token, e});
    });
  });
}

Results mlir::moe::lowerToLoops(TopTokensOp op, Code &code) {
  Value scores = code.buffer(op.getScores());
  Term tokens = code.dim(scores, 0), experts = code.dim(scores, 1);
  Term taken = code.min(code.term(op.getCapacity()), tokens);
  Value indices = code.allocate(op.getType(), {tokens, experts});
  if (code.hasManyThreads && code.realType.isF32()) {
    takeByPlace(op, code, scores, indices, taken);
    return {code.tensor(indices, op.getType())};
  }
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

/// Where `isChosen(c)`, choice c is `expert(c)`, else -1.
static void emitChoices(Code &code, Value indices, const TokenRows &rows,
                        function_ref<Term(Term c)> expert,
                        function_ref<Term(Term c)> isChosen) {
  forEachLane(code, rows.getWidth(indices), [&](Term c) {
    rows.store(code, code.select(isChosen(c), expert(c), code.index(-1)),
               indices, c);
  });
}

void mlir::moe::emitForToken(SelectOp op, Code &code, const TokenRows &rows) {
  emitChoices(
      code, op.getIndices(), rows, [&](Term e) { return e; },
      [&](Term e) {
        return op.getRule() == SelectRule::all
                   ? code.boolean(true)
                   : rows.load(code, op.getScores(), e) > 0;
      });
}

void mlir::moe::emitForToken(LookupOp op, Code &code, const TokenRows &rows) {
  Value table = rows.getShared(op.getTable());
  Term id = rows.load(code, op.getIds()), zero = code.index(0);
  rows.store(code, code.index(-1), op.getIndices(), zero);
  code.ifThen(id >= 0 && id < code.dim(table, 0), [&] {
    rows.store(code, code.load(table, id), op.getIndices(), zero);
  });
}

void mlir::moe::emitForToken(MaskChoicesOp op, Code &code,
                             const TokenRows &rows) {
  emitChoices(
      code, op.getKept(), rows,
      [&](Term c) { return rows.load(code, op.getIndices(), c); },
      [&](Term) { return rows.load(code, op.getMask()) != 0; });
}

void mlir::moe::emitForToken(FilterChoicesOp op, Code &code,
                             const TokenRows &rows) {
  Term scale = code.real(op.getScale().convertToDouble());
  Term firstChoice = code.index(op.getFirstChoice());
  emitChoices(
      code, op.getKept(), rows,
      [&](Term c) { return rows.load(code, op.getIndices(), c); },
      [&](Term c) {
        return c < firstChoice || scale * rows.load(code, op.getWeights(), c) >
                                      rows.load(code, op.getThreshold());
      });
}
