//===- Ranking.h - The best candidates, one after another -------*- C++ -*-===//

#ifndef MOE_LIB_CONVERSION_MOETOLOOPS_RANKING_H
#define MOE_LIB_CONVERSION_MOETOLOOPS_RANKING_H

#include "../Code.h"
#include "moe/IR/MoE.h"

namespace mlir::moe {

/// Candidates 0 to count - 1, or those of them that `competes` is true for,
/// compete with their values: the largest is the best, NaN is above every
/// number, and `tie` decides between equal ones.
struct Ranking {
  Term count;
  function_ref<Term(Term candidate)> value;
  Tie tie = Tie::lowest;
  function_ref<Term(Term candidate)> competes = nullptr;
};

/// A candidate's place in one integer, of which the best has the largest, for
/// values in f32 and candidates below 2^32 - 1.
Term getPlace(Code &code, Tie tie, Term value, Term candidate);

/// True for the competing candidates that no earlier round has chosen.
using IsLeft = function_ref<Term(Term candidate)>;

/// Runs `body` for the best candidate, the second best and so on, `rounds`
/// times; as many candidates must compete.
void forBest(Code &code, const Ranking &ranking, Term rounds,
             function_ref<void(Term round, Term best, IsLeft isLeft)> body);

/// Reads and writes the candidate at a place.
struct Places {
  function_ref<Term(Term place)> load;
  function_ref<void(Term candidate, Term place)> store;
};

/// Puts the best `count` candidates into places 0 to count - 1, the best one
/// first; as many must compete.
void selectBest(Code &code, const Ranking &ranking, int64_t count,
                Places places);

} // namespace mlir::moe

#endif // MOE_LIB_CONVERSION_MOETOLOOPS_RANKING_H
