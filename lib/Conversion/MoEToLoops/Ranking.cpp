//===- Ranking.cpp - The best candidates, one after another ---------------===//
//
// Values and numbers order the candidates totally. So forBest need not remember
// which ones were chosen: they are those that do not come after the last one.
//
//===----------------------------------------------------------------------===//

#include "Ranking.h"
#include "Lanes.h"

using namespace mlir;
using namespace mlir::moe;

/// Whether lanes find the best together, by forBestByPlace.
static bool ranksByPlace(const Code &code) {
  return code.hasManyThreads && code.realType.isF32();
}

/// Keys of 32 bits have room for so many numbers beside them.
static constexpr double room = 1ll << 32;

/// A candidate among those of its value, and a candidate from that. Below the
/// largest integer even for a NaN, the largest key.
static Term getNumber(Tie tie, Term candidate) {
  return tie == Tie::lowest ? (room - 2) - candidate : candidate;
}

Term mlir::moe::getPlace(Code &code, Tie tie, Term value, Term candidate) {
  return code.orderKey(value) * room + getNumber(tie, candidate);
}

static void forBestByPlace(Code &code, const Ranking &ranking, Term rounds,
                           function_ref<void(Term, Term, IsLeft)> body) {
  auto place = [&](Term candidate) {
    return getPlace(code, ranking.tie, ranking.value(candidate), candidate);
  };
  Term none = code.index(std::numeric_limits<int64_t>::min());
  Term beforeFirst = code.index(std::numeric_limits<int64_t>::max());
  code.fold(rounds, beforeFirst, [&](Term round, Term last) {
    auto isLeft = [&](Term candidate, Term itsPlace) {
      return ranking.competes ? itsPlace < last && ranking.competes(candidate)
                              : itsPlace < last;
    };
    Term best = maxLanes(code, ranking.count, none, [&](Term candidate) {
      Term itsPlace = place(candidate);
      return code.select(isLeft(candidate, itsPlace), itsPlace, none);
    });
    // A remainder has the sign of the dividend.
    Term rest = (best % room + room) % room;
    body(round, getNumber(ranking.tie, rest),
         [&](Term candidate) { return isLeft(candidate, place(candidate)); });
    return best;
  });
}

void mlir::moe::forBest(Code &code, const Ranking &ranking, Term rounds,
                        function_ref<void(Term, Term, IsLeft)> body) {
  if (ranksByPlace(code))
    return forBestByPlace(code, ranking, rounds, body);
  bool lowestFirst = ranking.tie == Tie::lowest;
  auto key = [&](Term candidate) {
    return code.orderKey(ranking.value(candidate));
  };

  // No candidate comes before this place.
  Term maxKey = code.index(std::numeric_limits<int64_t>::max());
  Term beforeFirst = lowestFirst ? code.index(-1) : ranking.count;
  SmallVector<Term> start = {maxKey, beforeFirst};
  code.fold(code.index(0), rounds, start, [&](Term round, ArrayRef<Term> last) {
    auto isLeft = [&](Term candidate, Term itsKey) {
      Term later = lowestFirst ? candidate > last[1] : candidate < last[1];
      Term comesAfterLast = itsKey < last[0] || (itsKey == last[0] && later);
      return ranking.competes ? comesAfterLast && ranking.competes(candidate)
                              : comesAfterLast;
    };
    SmallVector<Term> none = {code.index(std::numeric_limits<int64_t>::min()),
                              code.index(-1)};
    SmallVector<Term> best = code.fold(
        code.index(0), ranking.count, none,
        [&](Term candidate, ArrayRef<Term> best) {
          Term itsKey = key(candidate);
          Term beatsBest = lowestFirst ? itsKey > best[0] : itsKey >= best[0];
          Term wins = isLeft(candidate, itsKey) && beatsBest;
          return SmallVector<Term>{code.select(wins, itsKey, best[0]),
                                   code.select(wins, candidate, best[1])};
        });
    body(round, best[1],
         [&](Term candidate) { return isLeft(candidate, key(candidate)); });
    return best;
  });
}

void mlir::moe::selectBest(Code &code, const Ranking &ranking, int64_t count,
                           Places places) {
  if (ranksByPlace(code))
    return forBestByPlace(
        code, ranking, code.index(count),
        [&](Term place, Term best, IsLeft) { places.store(best, place); });
  // One pass over the candidates.
  Value keys = code.allocateOnStack({count}, code.builder.getIndexType());
  // Below every key.
  Term none = code.index(std::numeric_limits<int64_t>::min());
  code.forEach(code.index(count), [&](Term place) {
    code.store(none, keys, place);
    places.store(code.index(-1), place);
  });
  // Candidates come in ascending order.
  auto beats = [&](Term key, Term earlier) {
    return ranking.tie == Tie::lowest ? key > earlier : key >= earlier;
  };
  Term zero = code.index(0), last = code.index(count - 1);
  code.forEach(ranking.count, [&](Term candidate) {
    Term key = code.orderKey(ranking.value(candidate));
    Term enters = beats(key, code.load(keys, last));
    if (ranking.competes)
      enters = enters && ranking.competes(candidate);
    code.ifThen(enters, [&] {
      Term place = code.loopWhile(
          {last},
          [&](ArrayRef<Term> place) {
            Term before = code.max(place[0] - 1, zero);
            return place[0] > 0 && beats(key, code.load(keys, before));
          },
          [&](ArrayRef<Term> place) {
            Term before = place[0] - 1;
            code.store(code.load(keys, before), keys, place[0]);
            places.store(places.load(before), place[0]);
            return SmallVector<Term>{before};
          })[0];
      code.store(key, keys, place);
      places.store(candidate, place);
    });
  });
}
