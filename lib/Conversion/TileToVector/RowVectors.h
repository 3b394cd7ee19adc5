//===- RowVectors.h - The rows that a tile contracts ------------*- C++ -*-===//

#ifndef MOE_LIB_CONVERSION_TILETOVECTOR_ROWVECTORS_H
#define MOE_LIB_CONVERSION_TILETOVECTOR_ROWVECTORS_H

#include "../VectorCode.h"
#include "TileLoop.h"

namespace mlir::moe {

/// What is made once for all tiles to read their rows from.
class RowMemory {
public:
  /// Emitted before the loop over tiles. Rows narrower than the compute type
  /// are widened, unless they are multiplied as they are.
  RowMemory(tile::RowsOp op, Multiply multiply, VectorCode &code);
  /// Emitted after the loop.
  void release(VectorCode &code);

  /// The elements of row `row` of the tile at `coords`, or zeros: a memref of
  /// one dimension.
  Value open(const TileCoords &coords, Term row, VectorCode &code) const;

private:
  Value x, sources;
  /// What a row without a source reads; null if all have one.
  Value zeros;
  bool isWidened = false;
};

} // namespace mlir::moe

#endif // MOE_LIB_CONVERSION_TILETOVECTOR_ROWVECTORS_H
