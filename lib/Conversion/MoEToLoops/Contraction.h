//===- Contraction.h - Rows times the matrices of their experts -*- C++ -*-===//

#ifndef MOE_LIB_CONVERSION_MOETOLOOPS_CONTRACTION_H
#define MOE_LIB_CONVERSION_MOETOLOOPS_CONTRACTION_H

#include "../Code.h"
#include "moe/IR/MoE.h"

namespace mlir::moe {

/// One matrix per expert that all its rows are multiplied with.
struct ExpertWeights {
  Value weights;
  MatrixLayout layout;
  /// Result column n is output stride * n + start of the matrix.
  int64_t stride = 1;
  int64_t start = 0;
};

/// sums[p] = <row, projection p's output for the column>, for every row of
/// every expert and every column. Projections are taken together, so that an
/// epilogue sees them all.
struct Contraction {
  /// Rows x depth.
  Value input = {};
  /// The row of `input` that each row reads, or -1: it is zero. Null if its
  /// own.
  Value sources = {};
  /// Experts + 1 row offsets, or null: one expert without an expert dimension
  /// has all rows.
  Value offsets = {};
  Term numExperts, depth, columns;
  SmallVector<ExpertWeights> projections = {};
};

/// Takes the sums of one element; called in no particular order.
using Epilogue = function_ref<void(std::optional<Term> expert, Term row,
                                   Term column, ArrayRef<Term> sums)>;

/// By panels of columns, which are packed; on a GPU by elements.
void emitContraction(Code &code, Contraction contraction, Epilogue epilogue);

/// Each element in an iteration of its own, without any memory between.
void emitElementContraction(Code &code, const Contraction &contraction,
                            Epilogue epilogue);

} // namespace mlir::moe

#endif // MOE_LIB_CONVERSION_MOETOLOOPS_CONTRACTION_H
