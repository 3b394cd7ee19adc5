//===- TileOps.td - Ops of the tile dialect ----------------*- tablegen -*-===//

#ifndef MOE_TILE_TILEOPS_TD
#define MOE_TILE_TILEOPS_TD

include "moe/IR/MoEAttrs.td"
include "moe/Tile/TileDialect.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

defvar Tile_Floats = [F64, F32, F16, BF16];
def Tile_OffsetBuffer : MemRefRankOf<[I32], [1]>;
def Tile_WeightBuffer : MemRefRankOf<[F64, F32, F16, BF16, F8E4M3FN, F8E5M2, I8, I32, I64], [1, 2, 3, 4]>;
def Tile_ZeroPointBuffer : MemRefRankOf<[I8, I32, I64], [1, 2, 3]>;
def Tile_ScaleBuffer : MemRefRankOf<[F64, F32, F16, BF16, I8, I64], [1, 2, 3]>;

// Inside the loop, with a description as its result.
class Tile_DescriptionOp<string mnemonic, list<Trait> traits = []>
    : Tile_Op<mnemonic, !listconcat([Pure, HasParent<"ForEachOp">], traits)>;

def Tile_ForEachOp : Tile_Op<"for_each", [
    AttrSizedOperandSegments, RecursiveMemoryEffects, SingleBlock, NoTerminator]> {
  let summary = "one kernel: for each tile of a ragged matrix";
  let description = [{
    The rows of expert e are offsets[e] to offsets[e+1]; without offsets one expert has
    all `rows`. Each tile has rows of one expert only, at most as many as the schedule
    says, and at most as many columns. Tiles are computed in any order, at the same time.

    Constraints:
    * C1: either offsets or rows are given.
    * C2: the body takes one `!tile.coords`.

    ```mlir
    func.func @gate_up(%x: memref<?x64xbf16>, %sources: memref<?xi32>,
                       %offsets: memref<9xi32>, %w: memref<8x96x64xbf16>,
                       %bias: memref<8x48xbf16>, %out: memref<?x48xbf16>) {
      tile.for_each offsets(%offsets : memref<9xi32>) columns 48
          schedule #moe.schedule<rows = 256, columns = 48, depth = 64, stream_rows = 16,
            register_rows = 8, register_vectors = 3, lanes = 16, multiply = fma> {
      ^bb0(%at: !tile.coords):
        %a = tile.rows %x of %at sources(%sources : memref<?xi32>)
          : memref<?x64xbf16> -> !tile.source<64xbf16>
        %b = tile.weights %w of %at {layout = #moe.matrix_layout<out_in>, start = 48}
          : memref<8x96x64xbf16> -> !tile.source<64xbf16>
        %c = tile.weights %w of %at {layout = #moe.matrix_layout<out_in>}
          : memref<8x96x64xbf16> -> !tile.source<64xbf16>
        %sums:2 = tile.contract %a, %b, %c : !tile.source<64xbf16>,
          !tile.source<64xbf16>, !tile.source<64xbf16>
          -> !tile.fragment<256x48xf32>, !tile.fragment<256x48xf32>
        %d = tile.load_columns %bias of %at : memref<8x48xbf16> -> !tile.fragment<1x48xf32>
        %h = tile.map %sums#0, %sums#1, %d : !tile.fragment<256x48xf32>,
            !tile.fragment<256x48xf32>, !tile.fragment<1x48xf32>
            -> !tile.fragment<256x48xf32> {
        ^bb0(%up: f32, %gate: f32, %b0: f32):
          %biased = arith.addf %up, %b0 : f32
          %product = arith.mulf %biased, %gate : f32
          tile.yield %product : f32
        }
        tile.store %h, %out of %at : !tile.fragment<256x48xf32>, memref<?x48xbf16>
      }
      return
    }
    ```
  }];
  let arguments = (ins Optional<Tile_OffsetBuffer>:$offsets, Optional<Index>:$rows,
                       ConfinedAttr<I64Attr, [IntMinValue<0>]>:$columns,
                       MoE_AnyScheduleAttr:$schedule);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    (`offsets` `(` $offsets^ `:` type($offsets) `)`)? (`rows` `(` $rows^ `)`)?
    `columns` $columns `schedule` $schedule $body attr-dict
  }];
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    Value getCoords() { return getBody().front().getArgument(0); }
  }];
}

def Tile_RowsOp : Tile_DescriptionOp<"rows"> {
  let summary = "the rows of a tile";
  let description = [{
    Row r of the tile's rows is x[r], or x[sources[r]], zero where the source is -1.

    Constraints:
    * C1: the source has the width, unless that is dynamic, and the element type of x.
  }];
  let arguments = (ins MemRefRankOf<Tile_Floats, [2]>:$x, Tile_Coords:$at,
                       Optional<Tile_OffsetBuffer>:$sources);
  let results = (outs Tile_Source:$source);
  let assemblyFormat = [{
    $x `of` $at (`sources` `(` $sources^ `:` type($sources) `)`)? attr-dict
    `:` type($x) `->` qualified(type($source))
  }];
  let hasVerifier = 1;
}

def Tile_WeightsOp : Tile_DescriptionOp<"weights", [AttrSizedOperandSegments]> {
  let summary = "the weights that give the columns of a tile";
  let description = [{
    Column n is the output stride * n + start of the tile's expert. The first dimension
    of the weights is the expert, unless the loop has no offsets; then they have none. A
    vector of i64 is a table of addresses, one for each expert, of buffers of type
    `slice`.

    With scales the weights are quantised, as `moe.dequantize` defines it: by `scheme`
    `block` or `int4` with the `block_shape` of the whole tensor, or `mxfp4`. The source
    then has the type they are rounded to. `scale_slice` is to the scales what `slice` is to
    the weights, and so is `zero_point_slice` to the zero points.

    Constraints:
    * C1: scales and a scheme are given together; a block shape exactly for `block` and
      `int4`; zero points only for `int4`.
    * C2: a table has a slice, anything else none.
    * C3: the depth of the source is the number of inputs of the weights.
    * C4: the stride is positive, the start not negative.
  }];
  let arguments = (ins Tile_WeightBuffer:$weights, Tile_Coords:$at,
                       Optional<Tile_ScaleBuffer>:$scales,
                       Optional<Tile_ZeroPointBuffer>:$zero_points,
                       MoE_MatrixLayoutAttr:$layout,
                       DefaultValuedAttr<I64Attr, "1">:$stride,
                       DefaultValuedAttr<I64Attr, "0">:$start,
                       OptionalAttr<MoE_QuantSchemeAttr>:$scheme,
                       OptionalAttr<DenseI64ArrayAttr>:$block_shape,
                       DefaultValuedAttr<MoE_NibbleOrderAttr, "NibbleOrder::ascending">:$order,
                       DefaultValuedAttr<I64Attr, "0">:$zero_offset,
                       OptionalAttr<TypeAttrOf<AnyMemRef>>:$slice,
                       OptionalAttr<TypeAttrOf<AnyMemRef>>:$scale_slice,
                       OptionalAttr<TypeAttrOf<AnyMemRef>>:$zero_point_slice);
  let results = (outs Tile_Source:$source);
  let assemblyFormat = [{
    $weights `of` $at (`scales` `(` $scales^ `:` type($scales) `)`)?
    (`zero_points` `(` $zero_points^ `:` type($zero_points) `)`)? attr-dict
    `:` type($weights) `->` qualified(type($source))
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Whether the codes of scheme `int4` share elements in the last dimension.
    bool isPackedAlongLast();
  }];
}

def Tile_ContractOp : Tile_DescriptionOp<"contract"> {
  let summary = "products of the rows with each of several weights";
  let description = [{
    sums[p][r, n] = <row r, column n of weights p>, the products exact and summed in the
    fragments' element type.

    Constraints:
    * C1: one result for each of the weights.
    * C2: all sources have the same depth.
  }];
  let arguments = (ins Tile_Source:$rows, Variadic<Tile_Source>:$weights);
  let results = (outs Variadic<Tile_Fragment>:$sums);
  let assemblyFormat = [{
    $rows `,` $weights attr-dict `:` qualified(type($rows)) `,` qualified(type($weights)) `->` qualified(type($sums))
  }];
  let hasVerifier = 1;
}

def Tile_LoadColumnsOp : Tile_DescriptionOp<"load_columns"> {
  let summary = "one element for each column of a tile";
  let description = [{
    Reads values[e, n] for the tile's expert e, values[n] if the loop has no offsets, as
    the element type of the fragment. A table of addresses is as in `tile.weights`.

    Constraints:
    * C1: the fragment has one row.
    * C2: a table has a slice, anything else none.
  }];
  let arguments = (ins MemRefRankOf<[F64, F32, F16, BF16, I64], [1, 2]>:$values, Tile_Coords:$at,
                       OptionalAttr<TypeAttrOf<AnyMemRef>>:$slice);
  let results = (outs Tile_Fragment:$fragment);
  let assemblyFormat = "$values `of` $at attr-dict `:` type($values) `->` qualified(type($fragment))";
  let hasVerifier = 1;
}

def Tile_LoadRowsOp : Tile_DescriptionOp<"load_rows"> {
  let summary = "one element for each row of a tile";
  let description = [{
    Constraints:
    * C1: the fragment has one column.
  }];
  let arguments = (ins MemRefRankOf<Tile_Floats, [1]>:$values, Tile_Coords:$at);
  let results = (outs Tile_Fragment:$fragment);
  let assemblyFormat = "$values `of` $at attr-dict `:` type($values) `->` qualified(type($fragment))";
  let hasVerifier = 1;
}

def Tile_MapOp : Tile_DescriptionOp<"map", [SingleBlock]> {
  let summary = "each element computed of the same element of other fragments";
  let description = [{
    The body computes one element. Fragments of one row or column are the same for all.

    Constraints:
    * C1: the body takes one element of each operand and yields one of the result.
    * C2: an operand has as many rows and columns as the result, or one.
  }];
  let arguments = (ins Variadic<Tile_Fragment>:$fragments);
  let results = (outs Tile_Fragment:$result);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $fragments attr-dict `:` qualified(type($fragments)) `->` qualified(type($result)) $body
  }];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
}

def Tile_YieldOp : Tile_Op<"yield", [Pure, Terminator, HasParent<"MapOp">]> {
  let summary = "the element that a map computes";
  let arguments = (ins AnyFloat:$element);
  let assemblyFormat = "$element attr-dict `:` type($element)";
}

def Tile_StoreOp : Tile_Op<"store", [
    HasParent<"ForEachOp">, MemoryEffects<[MemWrite]>]> {
  let summary = "write a tile to its rows and columns";
  let description = [{
    Elements are rounded to the element type of the buffer. With targets, row r goes to
    row targets[r], and to none where that is -1. A store that `adds` adds to what is
    there, as one step for each element: several rows may have the same target.

    Constraints:
    * C1: a store that adds has targets, and a buffer of the fragment's element type.
  }];
  let arguments = (ins Tile_Fragment:$fragment, MemRefRankOf<Tile_Floats, [2]>:$buffer,
                       Tile_Coords:$at, Optional<Tile_OffsetBuffer>:$targets, UnitAttr:$adds);
  let assemblyFormat = [{
    $fragment `,` $buffer `of` $at (`targets` `(` $targets^ `:` type($targets) `)`)?
    (`adds` $adds^)? attr-dict `:` qualified(type($fragment)) `,` type($buffer)
  }];
  let hasVerifier = 1;
}

#endif // MOE_TILE_TILEOPS_TD
