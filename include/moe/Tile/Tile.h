//===- Tile.h - The tile dialect -------------------------------*- C++ -*-===//

#ifndef MOE_TILE_TILE_H
#define MOE_TILE_TILE_H

#include "moe/IR/MoE.h"

#include "moe/Tile/TileDialect.h.inc"

#define GET_TYPEDEF_CLASSES
#include "moe/Tile/TileTypes.h.inc"

#define GET_OP_CLASSES
#include "moe/Tile/TileOps.h.inc"

#endif // MOE_TILE_TILE_H
