//===- TileLoop.h - A loop over the tiles of a ragged matrix ----*- C++ -*-===//

#ifndef MOE_LIB_CONVERSION_TILETOVECTOR_TILELOOP_H
#define MOE_LIB_CONVERSION_TILETOVECTOR_TILELOOP_H

#include "../Code.h"
#include "moe/Tile/Tile.h"

namespace mlir::moe {

/// Where a tile lies.
struct TileCoords {
  /// Nothing if there is one expert without an expert dimension.
  std::optional<Term> expert;
  Term row, numRows, column, numColumns;
  /// Columns from the first one on that the matrix has: those behind the tile
  /// are most often those of the next tile of the thread.
  Term columnsToEnd;
};

/// Computes all tiles, at the same time. Tiles of one expert that have the same
/// rows follow each other, so that a thread finds them in its cache.
void emitTileLoop(tile::ForEachOp op, Code &code,
                  function_ref<void(const TileCoords &)> body);

} // namespace mlir::moe

#endif // MOE_LIB_CONVERSION_TILETOVECTOR_TILELOOP_H
