//===- TileLoop.cpp - A loop over the tiles of a ragged matrix ------------===//

#include "TileLoop.h"

using namespace mlir;
using namespace mlir::moe;

/// starts[e] is the number of blocks of rows that the experts before e have,
/// for e up to the number of experts.
static Value countRowBlocks(Value offsets, int64_t rows, Code &code) {
  int64_t entries = cast<MemRefType>(offsets.getType()).getDimSize(0);
  Value starts = code.allocate(
      MemRefType::get({entries}, code.builder.getIndexType()), {});
  Term zero = code.index(0), last = code.index(entries - 1);
  Term total = code.fold(last, zero, [&](Term expert, Term start) {
    code.store(start, starts, {expert});
    Term count =
        code.load(offsets, {expert + 1}) - code.load(offsets, {expert});
    return start + code.ceilDiv(count, code.index(rows));
  });
  code.store(total, starts, {last});
  return starts;
}

/// The last expert whose blocks start at or before `block`.
static Term findExpert(Value starts, Term block, Code &code) {
  SmallVector<Term> range = code.loopWhile(
      {code.index(0), code.dim(starts, 0) - 1},
      [&](ArrayRef<Term> state) { return state[1] - state[0] > 1; },
      [&](ArrayRef<Term> state) {
        Term middle = (state[0] + state[1]) / 2;
        Term isAfter = block < code.load(starts, {middle});
        return SmallVector<Term>{code.select(isAfter, state[0], middle),
                                 code.select(isAfter, middle, state[1])};
      });
  return range[0];
}

/// The rows of block `index` of `count` that rows from `begin` to `end` are cut
/// into: as even as whole groups of rows allow.
static void cutRows(TileCoords &coords, Term begin, Term end, Term index,
                    Term count, int64_t group, Code &code) {
  Term size =
      code.ceilDiv(code.ceilDiv(end - begin, count), code.index(group)) *
      static_cast<double>(group);
  coords.row = begin + index * size;
  coords.numRows = code.min(size, end - coords.row);
}

void mlir::moe::emitTileLoop(tile::ForEachOp op, Code &code,
                             function_ref<void(const TileCoords &)> body) {
  auto schedule = cast<ScheduleAttr>(op.getSchedule());
  int64_t width = schedule.getColumns(), group = schedule.getRegisterRows();
  Term columns = code.index(op.getColumns());
  Term columnBlocks = code.ceilDiv(columns, code.index(width));
  Value offsets = op.getOffsets();
  Value starts;
  Term rowBlocks;
  if (offsets) {
    starts = countRowBlocks(offsets, schedule.getRows(), code);
    rowBlocks = code.load(starts, {code.dim(starts, 0) - 1});
  } else {
    rowBlocks =
        code.ceilDiv(code.term(op.getRows()), code.index(schedule.getRows()));
  }
  code.parallel(rowBlocks * columnBlocks, [&](Term task) {
    TileCoords coords;
    Term block = task / columnBlocks;
    coords.column = task % columnBlocks * static_cast<double>(width);
    coords.columnsToEnd = columns - coords.column;
    coords.numColumns = code.min(coords.columnsToEnd, code.index(width));
    if (offsets) {
      Term expert = findExpert(starts, block, code);
      coords.expert = expert;
      Term first = code.load(starts, {expert});
      cutRows(coords, code.load(offsets, {expert}),
              code.load(offsets, {expert + 1}), block - first,
              code.load(starts, {expert + 1}) - first, group, code);
    } else {
      cutRows(coords, code.index(0), code.term(op.getRows()), block, rowBlocks,
              group, code);
    }
    body(coords);
  });
  if (starts)
    code.deallocate(starts);
}
