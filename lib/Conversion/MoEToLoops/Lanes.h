//===- Lanes.h - Loops that the lanes of a warp share -----------*- C++ -*-===//

#ifndef MOE_LIB_CONVERSION_MOETOLOOPS_LANES_H
#define MOE_LIB_CONVERSION_MOETOLOOPS_LANES_H

#include "../Code.h"

namespace mlir::moe {

// Inside an iteration of a parallel loop; one after the other, unless there are
// many threads.

/// Runs `body` for 0 <= i < count; each writes disjoint memory.
void forEachLane(Code &code, Term count, Code::Body body);

/// The sum of value(i) for 0 <= i < count, or the largest one, and `init`.
Term sumLanes(Code &code, Term count, Term init,
              function_ref<Term(Term i)> value);
Term maxLanes(Code &code, Term count, Term init,
              function_ref<Term(Term i)> value);

} // namespace mlir::moe

#endif // MOE_LIB_CONVERSION_MOETOLOOPS_LANES_H
