//===- PackRows.h - Rows in the lanes of vectors ----------------*- C++ -*-===//

#ifndef MOE_LIB_CONVERSION_TILETOVECTOR_PACKROWS_H
#define MOE_LIB_CONVERSION_TILETOVECTOR_PACKROWS_H

#include "TileContraction.h"

namespace mlir::moe {

/// The rows of a tile in groups that fill vectors, but for a few in the end,
/// and their products with weights that lie as out_in, read in place.
class PackedRows {
public:
  /// At most `mostRows` are packed, for blocks of `depth` inputs.
  PackedRows(const TileContraction &contraction, int64_t mostRows,
             int64_t depth, VectorCode &code);

  /// Of the smallest group; all rows beyond a multiple of it are left over.
  int64_t getSmallestGroup() const { return groups.back(); }
  /// Whether none are packed: not one vector can be filled.
  bool isEmpty() const { return groups.empty(); }

  /// Packs inputs `begin` to `end`, a multiple of whole vectors but for the
  /// last ones.
  void pack(Term begin, Term end);

  /// Adds to the sums of columns `first` to `last` of one of the projections
  /// what the packed inputs give, or starts them from it.
  void multiply(const TileProjection &projection, Term first, Term last,
                Term begin, Term end, bool isFirst);
  /// Sets all sums to zero.
  void clear();
  /// Writes the sums of one of the projections to those of the contraction,
  /// rows by columns.
  void finish(Term projection);

private:
  /// Where a vector of rows lies in a buffer: of the k-th input or column, at
  /// base * depth + k * size + lane.
  struct Place {
    Term base, size, lane;
  };

  /// Calls `body` for groups that are all rows that are packed.
  void forGroups(function_ref<void(Term row, int64_t size)> body);
  /// Calls `body` for vectors of rows.
  void forVectors(function_ref<void(Term row, const Place &)> body);
  Place getPlace(Term row);

  void packVector(Term row, const Place &place, Term begin, Term end);
  void multiplyColumns(const TileProjection &projection, int64_t size, Term row,
                       Term column, Term begin, Term end, bool isFirst);
  int64_t getWidth() const;

  const TileContraction &contraction;
  VectorCode &code;
  /// Rows that are multiplied together, from many to few.
  SmallVector<int64_t> groups;
  int64_t perLane, depth;
  /// The elements that are packed: inputs or pairs of them.
  Type stored;
  Value packed;
  /// Sums of columns by rows, of each of the weights.
  Value sums;
};

} // namespace mlir::moe

#endif // MOE_LIB_CONVERSION_TILETOVECTOR_PACKROWS_H
