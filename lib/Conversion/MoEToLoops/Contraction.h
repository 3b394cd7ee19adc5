//===- Contraction.h - Rows times the matrices of their experts -*- C++ -*-===//

#ifndef MOE_LIB_CONVERSION_MOETOLOOPS_CONTRACTION_H
#define MOE_LIB_CONVERSION_MOETOLOOPS_CONTRACTION_H

#include "Code.h"
#include "moe/IR/MoE.h"
#include <functional>

namespace mlir::moe {

/// One matrix per expert that all its rows are multiplied with.
struct Projection {
  Value weights;
  MatrixLayout layout;
  /// The matrix's output index for a result column.
  std::function<Term(Term column)> output = [](Term column) { return column; };
};

/// sums[p] = <row, projection p's output for the column>, for every row of every expert
/// and every column. Projections are taken together, so that an epilogue sees them all.
struct Contraction {
  /// Rows x depth.
  Value input;
  /// Experts + 1 row offsets, or null: one expert without an expert dimension has all rows.
  Value offsets;
  Term numExperts, depth, columns;
  SmallVector<Projection> projections;
};

/// Takes the sums of one element; called in no particular order.
using Epilogue =
    function_ref<void(std::optional<Term> expert, Term row, Term column, ArrayRef<Term> sums)>;

void emitContraction(Code &code, const Contraction &contraction, Epilogue epilogue);

} // namespace mlir::moe

#endif // MOE_LIB_CONVERSION_MOETOLOOPS_CONTRACTION_H
