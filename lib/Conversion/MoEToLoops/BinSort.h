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
  /// Nothing, or computes what `binOf` reads of a run of `itemsOfRun` items,
  /// numbered by the first of them over that: by a warp, whose lanes share
  /// parallel loops, with so many bytes of memory on the stack.
  function_ref<void(Term run)> prepare = nullptr;
  Term itemsOfRun = {};
  int64_t stackBytes = 0;
};

/// Whether a block has memory for what `prepare` leaves on the stack.
bool canPrepare(int64_t bins, int64_t stackBytes);

/// Where an item is put: both are -1 if it has no bin.
struct BinPlace {
  Term item, bin, place;
  /// The place at which each bin begins, and behind them the number of items
  /// that have one.
  Value starts;
};

/// Sorts the items by bin, those of a bin as they are: `place` is called once
/// for each item. `offsets`, of bins + 1 numbers, gets the starts, unless it is
/// null.
///
/// One kernel of one block if `tokens`, the number that is expected, are few;
/// else two: they count the bins of parts of the items, and place.
void emitBinSort(Code &code, const Bins &bins, Value offsets,
                 function_ref<void(const BinPlace &)> place);

} // namespace mlir::moe

#endif // MOE_LIB_CONVERSION_MOETOLOOPS_BINSORT_H
