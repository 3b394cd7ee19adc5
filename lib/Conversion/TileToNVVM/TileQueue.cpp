//===- TileQueue.cpp - The order in which blocks take tiles ---------------===//

#include "GemmKernel.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::moe;

static constexpr int64_t warpSize = 32;

/// Blocks of rows, each for the blocks of threads of a cluster.
static Term countBlocks(Term rows, const GemmKernel &kernel) {
  auto size = static_cast<double>(kernel.schedule.getClusterRows());
  return (rows + (size - 1)) / size;
}

/// Copies the offsets, and sums up counts of 32 experts at a time, each lane
/// one.
void TileQueue::emitCount(Term lane) {
  if (!kernel.offsets)
    return;
  Term experts = code.i32(kernel.experts);
  Value offsets = arguments.pointers.lookup(kernel.offsets);
  auto loadOffset = [&](Term expert) {
    return code.loadFrom(code.advance(offsets, code.widen(expert) * 4),
                         code.builder.getI32Type());
  };
  Term all =
      code.fold(code.i32(0), experts, warpSize, {code.i32(0)},
                [&](Term base, ArrayRef<Term> before) -> SmallVector<Term> {
                  Term expert = base + lane;
                  Term exists = expert < experts;
                  Term read = code.min(expert, experts - 1);
                  Term begin = loadOffset(read), end = loadOffset(read + 1);
                  Term blocks = code.select(
                      exists, countBlocks(end - begin, kernel), code.i32(0));
                  Term sum = blocks;
                  for (int64_t distance = 1; distance < warpSize; distance *= 2)
                    sum = code.select(lane < static_cast<double>(distance), sum,
                                      sum + code.shuffleUp(sum, distance));
                  code.ifThen(exists, [&] {
                    code.storeTo(before[0] + sum - blocks, blockStart(expert));
                    code.storeTo(begin, rowStart(expert));
                    // The next expert begins there, too.
                    code.ifThen(expert == experts - 1,
                                [&] { code.storeTo(end, rowStart(experts)); });
                  });
                  return {before[0] + code.shuffle(sum, warpSize - 1)};
                })[0];
  code.ifThen(lane == 0, [&] { code.storeTo(all, blockStart(experts)); });
}

DeviceCoords TileQueue::locate(Term tile) {
  auto columnBlocks = static_cast<double>(kernel.getColumnBlocks());
  Type i32 = code.builder.getI32Type();
  Term expert = code.i32(0), within = tile, begin = code.i32(0), end, blocks;
  if (kernel.offsets) {
    // The last expert whose blocks start at or before the tile's.
    Term block = tile / columnBlocks;
    Term steps = code.i32(llvm::Log2_64_Ceil(
        static_cast<uint64_t>(std::max<int64_t>(kernel.experts, 1))));
    expert = code.fold(
        code.i32(0), steps, 1, {code.i32(0), code.i32(kernel.experts)},
        [&](Term, ArrayRef<Term> range) -> SmallVector<Term> {
          Term middle = (range[0] + range[1]) / 2;
          Term isBefore = code.loadFrom(blockStart(middle), i32) <= block;
          return {code.select(isBefore, middle, range[0]),
                  code.select(isBefore, range[1], middle)};
        })[0];
    Term first = code.loadFrom(blockStart(expert), i32);
    blocks = code.loadFrom(blockStart(expert + 1), i32) - first;
    within = tile - first * columnBlocks;
    begin = code.loadFrom(rowStart(expert), i32);
    end = code.loadFrom(rowStart(expert + 1), i32);
  } else {
    end = code.term(arguments.rowCount);
    blocks = countBlocks(end, kernel);
  }
  // Groups of rows, of which the last may be smaller.
  auto groupRows = static_cast<double>(kernel.schedule.raster);
  Term first = within / (groupRows * columnBlocks) * groupRows;
  within = within - first * columnBlocks;
  Term groupBlocks = code.min(blocks - first, code.i32(kernel.schedule.raster));
  Term columnBlock = within / groupBlocks;
  Term rowBlock = first + within - columnBlock * groupBlocks;
  DeviceCoords coords;
  coords.expert = expert;
  coords.row =
      begin + rowBlock * static_cast<double>(kernel.schedule.getClusterRows());
  if (kernel.schedule.cluster > 1)
    coords.row =
        coords.row + rank() * static_cast<double>(kernel.schedule.rows);
  coords.numRows = code.min(end - coords.row, code.i32(kernel.schedule.rows));
  coords.column = columnBlock * static_cast<double>(kernel.schedule.columns);
  return coords;
}

Term TileQueue::rank() const {
  return code.blockIndex() % static_cast<double>(kernel.schedule.cluster);
}

Term TileQueue::first() const {
  return code.blockIndex() / static_cast<double>(kernel.schedule.cluster);
}

Term TileQueue::stride() const {
  return code.gridSize() / static_cast<double>(kernel.schedule.cluster);
}

Term TileQueue::count() const {
  Term rowBlocks = kernel.offsets
                       ? code.loadFrom(blockStart(code.i32(kernel.experts)),
                                       code.builder.getI32Type())
                       : countBlocks(code.term(arguments.rowCount), kernel);
  return rowBlocks * static_cast<double>(kernel.getColumnBlocks());
}

SmallVector<Term> TileQueue::forEach(
    Term turn, int64_t turns, ArrayRef<Term> init,
    function_ref<SmallVector<Term>(const DeviceCoords &, ArrayRef<Term>)>
        body) {
  Term end = count();
  Term blocks = stride();
  SmallVector<Term> state{first() + turn * blocks};
  state.append(init.begin(), init.end());
  SmallVector<Term> final = code.loopWhile(
      state, [&](ArrayRef<Term> values) { return values[0] < end; },
      [&](ArrayRef<Term> values) {
        DeviceCoords coords = locate(values[0]);
        coords.hasNext = values[0] + blocks < end;
        SmallVector<Term> next{values[0] + blocks * static_cast<double>(turns)};
        next.append(body(coords, values.drop_front()));
        return next;
      });
  return SmallVector<Term>(ArrayRef<Term>(final).drop_front());
}
