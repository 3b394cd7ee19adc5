//===- GemmKernel.h - A tile loop as a kernel for Hopper --------*- C++ -*-===//

#ifndef MOE_LIB_CONVERSION_TILETONVVM_GEMMKERNEL_H
#define MOE_LIB_CONVERSION_TILETONVVM_GEMMKERNEL_H

#include "DeviceCode.h"
#include "moe/IR/GemmSchedule.h"
#include "moe/Tile/Tile.h"

namespace mlir::moe {

/// Weights that are copied and multiplied as one matrix.
struct WeightTile {
  TypedValue<MemRefType> weights;
  bool outIn;
  /// Of a tile in shared memory.
  int64_t columns;
  /// Distance of its outputs in the weights, and the first one.
  int64_t stride, start;
  /// Bytes from the beginning of a stage.
  int64_t offset;
};

/// Where the sums of a projection are: those of column n in column
/// step * n + phase of the product with a tile.
struct Projection {
  unsigned tile;
  int64_t step = 1, phase = 0;
};

/// What is known of a kernel before any code is written.
struct GemmKernel {
  tile::ForEachOp op;
  WarpgroupSchedule schedule;
  SharedMemoryLayout layout;
  /// One of the two.
  Value offsets, rowCount;
  /// The rows, where they are in order or found through an index.
  Value x, sources;
  SmallVector<WeightTile> tiles;
  SmallVector<Projection> projections;
  /// The sums of the projections, what is stored, and where.
  SmallVector<Value> sums;
  Value result;
  TypedValue<MemRefType> out;
  /// The row of `out` that each row goes to, or null.
  Value targets;
  FloatType element;
  int64_t experts, depth, columns;

  /// What `op` computes; fails with an error if it cannot be done this way.
  static FailureOr<GemmKernel> get(tile::ForEachOp op);

  int64_t getColumnBlocks() const {
    return llvm::divideCeil(columns, schedule.columns);
  }
  /// Stages that a tile passes through.
  int64_t getDepthSteps() const {
    return llvm::divideCeil(depth, schedule.depth);
  }
  bool gathersRows() const { return static_cast<bool>(sources); }
};

/// What a kernel is given.
struct KernelArguments {
  SmallVector<Value> weightMaps;
  /// Unless rows are gathered.
  Value rowMap;
  /// Unless there are offsets: an i32.
  Value rowCount;
  /// The memory of each buffer that is not read through a map.
  DenseMap<Value, Value> pointers;
};

/// Where a tile lies, in i32, and whether the block has one after it. The last
/// block of a cluster may have no rows: their number is then 0 or less.
struct DeviceCoords {
  Term expert, row, numRows, column;
  Term hasNext;
};

/// The shared memory of a block.
class SharedMemory {
public:
  SharedMemory(Value base, const GemmKernel &kernel, DeviceCode &code)
      : base(base), kernel(kernel), code(code) {}

  /// Filled by the producer, and given back by the consumers.
  Value full(Term stage) const { return barrier(stage, 0); }
  Value empty(Term stage) const {
    return barrier(stage, kernel.schedule.stages);
  }
  Value stage(Term stage) const {
    return code.advance(base,
                        stage * static_cast<double>(kernel.layout.stageBytes));
  }
  Value at(int64_t bytes) const { return code.advance(base, bytes); }

private:
  Value barrier(Term stage, int64_t first) const {
    return code.advance(at(kernel.layout.barriers + first * 8), stage * 8);
  }

  Value base;
  const GemmKernel &kernel;
  DeviceCode &code;
};

/// The tiles of a kernel in the order in which blocks take them: by expert, by
/// group of rows, by column, by row, so that blocks at work share rows and
/// weights.
class TileQueue {
public:
  TileQueue(const GemmKernel &kernel, const KernelArguments &arguments,
            const SharedMemory &memory, DeviceCode &code)
      : kernel(kernel), arguments(arguments), memory(memory), code(code) {}

  /// One warp counts the blocks of rows that each expert has; `lane` is its
  /// thread. The others may read after a barrier.
  void emitCount(Term lane);

  /// The tiles of this block from the `turn`-th on, each `turns`-th, with
  /// values that are carried along.
  SmallVector<Term>
  forEach(Term turn, int64_t turns, ArrayRef<Term> init,
          function_ref<SmallVector<Term>(const DeviceCoords &, ArrayRef<Term>)>
              body);

  /// Of all blocks. The blocks of a cluster have one tile.
  Term count() const;
  /// The first tile of this block, and how many there are to its next.
  Term first() const;
  Term stride() const;
  /// The number of this block in its cluster.
  Term rank() const;
  DeviceCoords locate(Term tile);

private:
  Value blockStart(Term expert) const {
    return code.advance(memory.at(kernel.layout.blockStarts), expert * 4);
  }
  Value rowStart(Term expert) const {
    return code.advance(memory.at(kernel.layout.rowStarts), expert * 4);
  }

  const GemmKernel &kernel;
  const KernelArguments &arguments;
  const SharedMemory &memory;
  DeviceCode &code;
};

/// Everything that the parts of a kernel share.
struct KernelContext {
  const GemmKernel &kernel;
  const KernelArguments &arguments;
  const SharedMemory &memory;
  TileQueue &queue;
  DeviceCode &code;
};

/// Arrivals that fill a stage.
int64_t getFullArrivals(const GemmKernel &kernel);

/// The code of the producer's warpgroup; `thread` counts from its first.
void emitProducer(const KernelContext &context, Term thread);

/// The code of the consumers' warpgroups; `thread` counts from the first.
void emitConsumer(const KernelContext &context, Term thread);

/// The row of the tile at which a block of 64 rows begins that a warpgroup
/// multiplies.
Term getBlockRow(const GemmKernel &kernel, Term warpgroup, int64_t block);

/// Whether that block has rows: a constant where it always has.
Term hasRows(const GemmKernel &kernel, const DeviceCoords &coords,
             Term warpgroup, int64_t block);

/// The sums of a tile: of blocks of rows, then of weight tiles, what a thread
/// has of them.
using Accumulators = SmallVector<SmallVector<Value>>;

/// Computes and writes the results of a tile.
void emitEpilogue(const KernelContext &context, const DeviceCoords &coords,
                  Term thread, Term warpgroup, const Accumulators &sums);

} // namespace mlir::moe

#endif // MOE_LIB_CONVERSION_TILETONVVM_GEMMKERNEL_H
