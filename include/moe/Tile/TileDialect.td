//===- TileDialect.td - The tile dialect -------------------*- tablegen -*-===//

#ifndef MOE_TILE_TILEDIALECT_TD
#define MOE_TILE_TILEDIALECT_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/OpBase.td"

def Tile_Dialect : Dialect {
  let name = "tile";
  let cppNamespace = "::mlir::moe::tile";
  let summary = "what a kernel does with one tile of its result";
  let description = [{
    A kernel is one loop over the tiles of a ragged matrix, and reads top to bottom: where
    the operands come from, what is contracted, what is computed of each element, where
    it goes. Nothing here names a target: each target expands the loop and everything in
    it at once, into vectors and threads, or into copies, matrix instructions and
    barriers, as `#moe.schedule` says.

    Values inside the loop are descriptions, not data: `!tile.coords` is where a tile
    lies, `!tile.source` a matrix that a contraction reads, wherever its elements come
    from, and `!tile.fragment` the elements of a tile while they are computed, in
    registers or the nearest memory. A fragment with one row or one column is the same
    for all rows or columns.
  }];
  let useDefaultTypePrinterParser = 1;
  let dependentDialects = ["::mlir::moe::MoEDialect"];
}

class Tile_Op<string mnemonic, list<Trait> traits = []>
    : Op<Tile_Dialect, mnemonic, traits>;

class Tile_Type<string name, string typeMnemonic> : TypeDef<Tile_Dialect, name> {
  let mnemonic = typeMnemonic;
}

def Tile_Coords : Tile_Type<"Coords", "coords"> {
  let summary = "where a tile lies: its expert, its rows and its columns";
}

def Tile_Source : Tile_Type<"Source", "source"> {
  let summary = "vectors of `depth` elements that a contraction reads";
  let parameters = (ins "int64_t":$depth, "Type":$element);
  let hasCustomAssemblyFormat = 1;
}

def Tile_Fragment : Tile_Type<"Fragment", "fragment"> {
  let summary = "elements of a tile while they are computed";
  let parameters = (ins "int64_t":$rows, "int64_t":$columns, "FloatType":$element);
  let hasCustomAssemblyFormat = 1;
}

#endif // MOE_TILE_TILEDIALECT_TD
