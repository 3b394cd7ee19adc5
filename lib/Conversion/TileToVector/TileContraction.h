//===- TileContraction.h - Rows times the weights of a tile -----*- C++ -*-===//

#ifndef MOE_LIB_CONVERSION_TILETOVECTOR_TILECONTRACTION_H
#define MOE_LIB_CONVERSION_TILETOVECTOR_TILECONTRACTION_H

#include "RowVectors.h"
#include "WeightVectors.h"

namespace mlir::moe {

/// What one tile contracts, and where the sums go.
struct TileContraction {
  TileCoords coords;
  ScheduleAttr schedule;
  /// Number of inputs.
  int64_t depth;
  const RowMemory &rows;
  std::vector<WeightVectors> weights;
  /// A buffer of projections x the schedule's rows x columns. A row has room
  /// for a vector of sums behind the last column, and its end is never stored.
  Value sums;

  bool usesPairs() const {
    return schedule.getMultiply() == Multiply::dot_bf16;
  }
  /// Inputs that one multiplication takes from each lane.
  int64_t inputsPerLane() const { return usesPairs() ? 2 : 1; }
};

/// One of the weights, and which.
struct TileProjection {
  WeightVectors weights;
  Term index;
};

/// Calls `body` for some of the weights, in a loop where the same code serves
/// all of them.
void forProjections(const TileContraction &contraction,
                    ArrayRef<size_t> projections, VectorCode &code,
                    function_ref<void(const TileProjection &)> body);

/// Sets the sums of one of the weights to zero.
void clearSums(const TileContraction &contraction, Term projection,
               VectorCode &code);

/// Reads the weights where they lie, once for all rows if these are few.
void emitStreamed(const TileContraction &contraction, VectorCode &code);

/// Packs blocks of the weights, and multiplies groups of rows with them.
void emitPacked(const TileContraction &contraction, VectorCode &code);

/// sum + a * b, or with pairs sum + a0 * b0 + a1 * b1, in every lane.
Term multiplyAdd(const TileContraction &contraction, Term a, Term b, Term sum,
                 VectorCode &code);

/// The element of a buffer, or the pair of elements from there on, in every
/// lane.
Term broadcastInput(const TileContraction &contraction, Value buffer,
                    ArrayRef<Value> at, VectorCode &code);

/// Calls `body` for groups of rows that are together all rows from `begin` on:
/// as many groups of `largest` rows as there are, then smaller ones.
void forRowGroups(Term begin, Term numRows, int64_t largest, VectorCode &code,
                  function_ref<void(Term row, int64_t size)> body);

/// Adds to the sums of `size` rows from `row` on, for vectors of columns that
/// begin at `columns`, the products of `count` inputs from `begin` on.
/// `loadWeights` gives the weights of the k-th input from `begin`, or pair of
/// inputs, for vector v. The first addition starts from zero.
struct PanelProduct {
  Term projection, row;
  int64_t size;
  SmallVector<Term> columns;
  Term begin, count;
  bool isFirst;
};
void multiplyPanel(const TileContraction &contraction,
                   const PanelProduct &product, VectorCode &code,
                   function_ref<Term(Term k, int64_t v)> loadWeights);

} // namespace mlir::moe

#endif // MOE_LIB_CONVERSION_TILETOVECTOR_TILECONTRACTION_H
