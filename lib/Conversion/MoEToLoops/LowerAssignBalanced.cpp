//===- LowerAssignBalanced.cpp - Loops of moe.assign_balanced -------------===//
//
// The tokens enter one after another. A token that enters takes a place at an
// expert, one that sat there may move on to the next expert, and so on until an
// expert with a free place: of all such chains the cheapest, found by
// Dijkstra's algorithm over the experts. It is the Hungarian method with all
// places of an expert seen as one node.
//
// A step of a chain from expert a to b costs the score that its mover gives up:
// loss[a,b], the least of score[s,a] - score[s,b] over the members s of a. Each
// expert has a price, such that every member likes its expert best at the
// current prices. Measured at these prices no step has a negative length, as
// Dijkstra needs, and free places always have price 0. Prices accumulate, hence
// all is done in f64.
//
//===----------------------------------------------------------------------===//

#include "Lowerings.h"

using namespace mlir;
using namespace mlir::moe;

namespace {
struct BalancedAssignment {
  Code &code;
  Value scores;
  Term tokens, experts, capacity;

  // Experts and their members.
  Value price, count;
  /// members[e, 0 .. count[e]): the tokens at e.
  Value members;
  /// Row a holds what it costs to move a member of a to each expert, and the
  /// place of the cheapest mover. Made when it is needed: `stale` until then.
  Value loss, mover, stale;
  // The search for a chain.
  Value distance, previous, isDone;

  BalancedAssignment(Code &code, Value scores);
  Term score(Term t, Term e) { return code.load(scores, {t, e}); }
  Term isFull(Term e) { return code.load(count, e) >= capacity; }

  /// Gives token t a place.
  void enter(Term t);
  void startSearch(Term t);
  Term findClosest();
  void extendFrom(Term expert);
  void makeLossRow(Term expert);
  void raisePrices(Term length);
  void moveAlongChain(Term t, Term end);
  void deallocate();
};
} // namespace

BalancedAssignment::BalancedAssignment(Code &code, Value scores)
    : code(code), scores(scores), tokens(code.dim(scores, 0)),
      experts(code.dim(scores, 1)), capacity(code.ceilDiv(tokens, experts)) {
  Type index = code.builder.getIndexType(), flag = code.builder.getI1Type();
  price = code.allocate(code.realType, experts);
  count = code.allocate(index, experts);
  members = code.allocate(index, {experts, capacity});
  loss = code.allocate(code.realType, {experts, experts});
  mover = code.allocate(index, {experts, experts});
  stale = code.allocate(flag, experts);
  distance = code.allocate(code.realType, experts);
  previous = code.allocate(index, experts);
  isDone = code.allocate(flag, experts);
  code.fill(price, code.real(0));
  code.fill(count, code.index(0));
  code.fill(stale, code.boolean(true));
}

void BalancedAssignment::enter(Term t) {
  startSearch(t);
  Term end = code.loopWhile(
      findClosest(), [&](ArrayRef<Term> expert) { return isFull(expert[0]); },
      [&](ArrayRef<Term> expert) {
        extendFrom(expert[0]);
        return SmallVector<Term>{findClosest()};
      })[0];
  raisePrices(code.load(distance, end));
  moveAlongChain(t, end);
}

/// All chains start with the new token going to some expert.
void BalancedAssignment::startSearch(Term t) {
  auto gain = [&](Term e) { return score(t, e) - code.load(price, e); };
  Term best =
      code.fold(code.index(1), experts, gain(code.index(0)),
                [&](Term e, Term best) { return code.max(best, gain(e)); });
  code.forEach(experts, [&](Term e) {
    code.store(best - gain(e), distance, e);
    code.store(code.index(-1), previous, e);
    code.store(code.boolean(false), isDone, e);
  });
}

/// The closest expert that is not done, the lowest of several. There is one,
/// since the search ends at the first expert with a free place.
Term BalancedAssignment::findClosest() {
  SmallVector<Term> none = {code.index(-1), code.real(0)};
  return code.fold(
      code.index(0), experts, none, [&](Term e, ArrayRef<Term> closest) {
        Term itsDistance = code.load(distance, e);
        Term closer = !code.load(isDone, e) &&
                      (closest[0] == -1 || itsDistance < closest[1]);
        return SmallVector<Term>{code.select(closer, e, closest[0]),
                                 code.select(closer, itsDistance, closest[1])};
      })[0];
}

/// Continues the shortest chain to `expert` with each other expert.
void BalancedAssignment::extendFrom(Term expert) {
  code.store(code.boolean(true), isDone, expert);
  code.ifThen(code.load(stale, expert), [&] { makeLossRow(expert); });
  Term start = code.load(distance, expert) - code.load(price, expert);
  code.forEach(experts, [&](Term e) {
    Term length = start + code.load(loss, {expert, e}) + code.load(price, e);
    code.ifThen(!code.load(isDone, e) && length < code.load(distance, e), [&] {
      code.store(length, distance, e);
      code.store(expert, previous, e);
    });
  });
}

void BalancedAssignment::makeLossRow(Term expert) {
  auto offer = [&](Term place, Term e) {
    Term s = code.load(members, {expert, place});
    return score(s, expert) - score(s, e);
  };
  Term first = code.index(0);
  code.forEach(experts, [&](Term e) {
    code.store(offer(first, e), loss, {expert, e});
    code.store(first, mover, {expert, e});
  });
  // Members outside, so that the scores of a token are read together.
  code.forRange(code.index(1), capacity, 1, [&](Term place) {
    code.forEach(experts, [&](Term e) {
      Term itsLoss = offer(place, e);
      code.ifThen(itsLoss < code.load(loss, {expert, e}), [&] {
        code.store(itsLoss, loss, {expert, e});
        code.store(place, mover, {expert, e});
      });
    });
  });
  code.store(code.boolean(false), stale, expert);
}

/// Experts nearer than the end of the chain become dearer by the difference, so
/// that moving along the chain leaves every token at the expert it likes best.
void BalancedAssignment::raisePrices(Term length) {
  code.forEach(experts, [&](Term e) {
    code.ifThen(code.load(isDone, e), [&] {
      code.store(code.load(price, e) + length - code.load(distance, e), price,
                 e);
    });
  });
}

/// From the end backwards: each expert's free place goes to the mover from the
/// expert before it, whose place becomes free; the last one goes to token t.
void BalancedAssignment::moveAlongChain(Term t, Term end) {
  auto take = [&](Term token, Term expert, Term place) {
    code.store(token, members, {expert, place});
    code.store(code.boolean(true), stale, expert);
  };
  Term place = code.load(count, end);
  code.store(place + 1, count, end);
  SmallVector<Term> start = {end, place};
  SmallVector<Term> last = code.loopWhile(
      start,
      [&](ArrayRef<Term> at) { return code.load(previous, at[0]) != -1; },
      [&](ArrayRef<Term> at) {
        Term from = code.load(previous, at[0]);
        Term itsPlace = code.load(mover, {from, at[0]});
        take(code.load(members, {from, itsPlace}), at[0], at[1]);
        return SmallVector<Term>{from, itsPlace};
      });
  take(t, last[0], last[1]);
}

void BalancedAssignment::deallocate() {
  for (Value buffer :
       {price, count, members, loss, mover, stale, distance, previous, isDone})
    code.deallocate(buffer);
}

Results mlir::moe::lowerToLoops(AssignBalancedOp op, Code &code) {
  Code wide(code.builder, code.loc, code.builder.getF64Type());
  BalancedAssignment assignment(wide, code.buffer(op.getScores()));
  Value indices =
      code.allocate(op.getType(), {assignment.tokens, code.index(1)});
  wide.forEach(assignment.tokens, [&](Term t) { assignment.enter(t); });
  wide.forEach(assignment.experts, [&](Term e) {
    wide.forEach(wide.load(assignment.count, e), [&](Term place) {
      Term t = wide.load(assignment.members, {e, place});
      wide.store(e, indices, {t, wide.index(0)});
    });
  });
  assignment.deallocate();
  return {code.tensor(indices, op.getType())};
}
