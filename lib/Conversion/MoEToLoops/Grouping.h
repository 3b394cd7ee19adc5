//===- Grouping.h - Choices grouped by expert -------------------*- C++ -*-===//

#ifndef MOE_LIB_CONVERSION_MOETOLOOPS_GROUPING_H
#define MOE_LIB_CONVERSION_MOETOLOOPS_GROUPING_H

#include "BinSort.h"
#include "moe/IR/MoE.h"

namespace mlir::moe {

/// A value for each row of a grouping that the kernel which places rows writes,
/// too.
struct RowResult {
  /// For the row of a choice, and for one that no choice leads to.
  std::function<void(Term row, Term token, Term choice)> place;
  std::function<void(Term row)> leaveOut;
};

/// The buffers of a grouping. Experts are numbered from the first one of this
/// device.
struct Grouping {
  Grouping(GroupByExpertOp op, Code &code, Value indices);

  /// Whether sortWithManyThreads can do it.
  static bool isSort(GroupByExpertOp op);

  void groupBySlots();
  void sortByExpert();
  /// There is a row for each choice: how many are needed, the host cannot know.
  /// `prepare`, if any, computes the indices of a token, as in Bins.
  void sortWithManyThreads(function_ref<void(Term token)> prepare,
                           int64_t stackBytes, ArrayRef<RowResult> results);

  SmallVector<Value> results();

  Term expertOf(Term token, Term choice);
  Term isOwn(Term expert);
  void allocateSources(Term rows);
  void place(Term token, Term choice, Term row);

  GroupByExpertOp op;
  Code &code;
  Value indices;
  Term tokens, choices, experts;
  Value offsets, positions, sources;
};

} // namespace mlir::moe

#endif // MOE_LIB_CONVERSION_MOETOLOOPS_GROUPING_H
