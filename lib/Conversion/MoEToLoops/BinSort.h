//===- BinSort.h - Sorting by small numbers with many threads ---*- C++ -*-===//

#ifndef MOE_LIB_CONVERSION_MOETOLOOPS_BINSORT_H
#define MOE_LIB_CONVERSION_MOETOLOOPS_BINSORT_H

#include "../Code.h"

namespace mlir::moe {

/// More bins do not fit the memory of a block.
inline constexpr int64_t maxBins = 1024;

/// Items 0 to count - 1, each of a bin 0 to bins - 1, or of none: -1.
struct Bins {
  Term count;
  int64_t bins;
  function_ref<Term(Term item)> binOf;
};

/// Sorts the items by bin, those of a bin as they are: `place` is called once
/// for each item with its bin and place, both -1 if it has none. Before,
/// `offsets`, of bins + 1 numbers, has the place at which each bin begins.
///
/// One kernel of one block if `tokens`, the number that is expected, are few;
/// else three: they count the bins of parts of the items, add up, and place.
void emitBinSort(Code &code, const Bins &bins, Value offsets,
                 function_ref<void(Term item, Term bin, Term place)> place);

} // namespace mlir::moe

#endif // MOE_LIB_CONVERSION_MOETOLOOPS_BINSORT_H
