//===- Sort.h - Sorting inside generated loops ------------------*- C++ -*-===//

#ifndef MOE_LIB_CONVERSION_MOETOLOOPS_SORT_H
#define MOE_LIB_CONVERSION_MOETOLOOPS_SORT_H

#include "../Code.h"

namespace mlir::moe {

/// Sorts elements [begin, end) of `order`, a buffer of index or i32. Elements
/// move only when `before(a, b)` says that a comes strictly before b, so those
/// that are equal keep their order. Sequential, end - begin times its logarithm
/// steps.
void stableSort(Code &code, Value order, Term begin, Term end,
                function_ref<Term(Term a, Term b)> before);

} // namespace mlir::moe

#endif // MOE_LIB_CONVERSION_MOETOLOOPS_SORT_H
