//===- Producer.cpp - The warpgroup that copies rows and weights ----------===//

#include "GemmKernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;
using namespace mlir::moe;

static constexpr int64_t producerWarps = 4;
/// A named barrier behind those of the consumers.
static constexpr int64_t producerBarrier = 3;

/// Bytes that one thread copies of a row at once, and the threads that a
/// swizzled row of a tile takes.
static constexpr int64_t chunkBytes = 16,
                         chunksPerRow = swizzleBytes / chunkBytes;
/// Rows that the warpgroup copies at the same time.
static constexpr int64_t rowsAtOnce = 128 / chunksPerRow;

/// Stages whose rows are under way while the next is begun. A thread announces
/// its rows only when they have come, because matrix instructions do not see
/// what it copied until it executes a fence after that. The consumers give a
/// stage back when they have begun to multiply the next.
static int64_t getStagesUnderWay(const GemmKernel &kernel) {
  return std::min<int64_t>(kernel.schedule.stages - 2, 3);
}

int64_t mlir::moe::getFullArrivals(const GemmKernel &kernel) {
  // The bulk copies, and the threads that gather rows, by warp.
  return kernel.gathersRows() ? 1 + producerWarps : 1;
}

namespace {
class Producer {
public:
  Producer(const KernelContext &context, Term thread)
      : kernel(context.kernel), arguments(context.arguments),
        memory(context.memory), queue(context.queue), code(context.code),
        thread(thread), lane(thread % 32) {}

  /// One thread starts all bulk copies.
  void emitCopiesOnly() {
    code.ifThen(thread == 0, [&] {
      queue.forEach(code.i32(0), 1, {code.i32(0), code.i32(0)},
                    [&](const DeviceCoords &coords, ArrayRef<Term> state) {
                      return forEachStage(
                          state, [&](Term step, RingPlace place) {
                            startCopies(coords, step, place.stage);
                          });
                    });
    });
  }

  /// All threads copy chunks of rows; the first starts the bulk copies as well.
  /// Where the rows of a tile are is loaded while the tile before is copied.
  void emitGather() {
    Term end = queue.count(), blocks = queue.stride(), first = queue.first();
    code.ifThen(first < end, [&] {
      Term zero = code.i32(0);
      DeviceCoords coords = queue.locate(first);
      SmallVector<Term> init{first, zero, zero, zero, zero};
      append(init, coords);
      init.push_back(loadSource(coords));
      SmallVector<Term> last = code.loopWhile(
          init, [&](ArrayRef<Term> state) { return state[0] < end; },
          [&](ArrayRef<Term> state) {
            Term next = state[0] + blocks, half = state[4];
            SmallVector<SourceRow> rows = shareRows(state.back(), half);
            // The last tile has none after it, and loads its own again.
            DeviceCoords ahead =
                queue.locate(code.select(next < end, next, state[0]));
            Term source = loadSource(ahead);
            SmallVector<Term> result{next};
            result.append(copyTile(getCoords(state.slice(5, 4)), rows,
                                   state.slice(1, 3)));
            result.push_back(1 - half);
            append(result, ahead);
            result.push_back(source);
            return result;
          });
      NVVM::CpAsyncWaitGroupOp::create(code.builder, code.loc, 0);
      for (int64_t distance = getStagesUnderWay(kernel); distance > 0;
           --distance)
        announce(last[1], distance, last[3]);
    });
  }

private:
  /// Where a chunk of a row is copied from, and whether there is one.
  struct SourceRow {
    Value pointer;
    Term bytes;
  };

  static void append(SmallVector<Term> &state, const DeviceCoords &coords) {
    state.append({coords.expert, coords.row, coords.numRows, coords.column});
  }
  static DeviceCoords getCoords(ArrayRef<Term> state) {
    return {state[0], state[1], state[2], state[3], Term()};
  }

  /// `state` is the place in the ring, and the number of stages before.
  SmallVector<Term> copyTile(const DeviceCoords &coords,
                             ArrayRef<SourceRow> rows, ArrayRef<Term> state) {
    int64_t underWay = getStagesUnderWay(kernel);
    return forEachStage(state, [&](Term step, RingPlace place) {
      code.ifThen(thread == 0, [&] { startCopies(coords, step, place.stage); });
      copyRows(rows, step, place.stage);
      NVVM::CpAsyncCommitGroupOp::create(code.builder, code.loc);
      NVVM::CpAsyncWaitGroupOp::create(code.builder, code.loc,
                                       static_cast<uint32_t>(underWay));
      announce(place.stage, underWay, stepsBefore);
    });
  }

  /// Waits for each stage that the tile passes through. `state` is the place in
  /// the ring, and the number of stages before if it is kept.
  SmallVector<Term> forEachStage(ArrayRef<Term> state,
                                 function_ref<void(Term, RingPlace)> body) {
    return code.fold(
        code.i32(0), code.i32(kernel.getDepthSteps()), 1, state,
        [&](Term step, ArrayRef<Term> values) {
          RingPlace place{values[0], values[1]};
          code.wait(memory.empty(place.stage), code.i32(1) - place.parity);
          if (values.size() > 2)
            stepsBefore = values[2];
          body(step, place);
          RingPlace next = code.next(place, kernel.schedule.stages);
          SmallVector<Term> result{next.stage, next.parity};
          if (values.size() > 2)
            result.push_back(values[2] + 1);
          return result;
        });
  }

  void startCopies(const DeviceCoords &coords, Term step, Term stage) {
    Value barrier = memory.full(stage), target = memory.stage(stage);
    code.arriveExpecting(
        barrier, kernel.layout.weightBytes +
                     (kernel.gathersRows() ? 0 : kernel.layout.rowBytes));
    Term input = step * static_cast<double>(kernel.schedule.depth);
    if (!kernel.gathersRows())
      copy(target, arguments.rowMap, {input, coords.row, code.i32(0)}, barrier,
           /*receivers=*/1);
    for (auto [tile, map] :
         llvm::zip_equal(kernel.tiles, arguments.weightMaps)) {
      // Each block of a cluster copies a part of the columns for all.
      Value weights = code.advance(target, tile.offset);
      int64_t cluster = kernel.schedule.cluster, share = tile.columns / cluster;
      Term column = coords.column *
                    static_cast<double>(tile.columns / kernel.schedule.columns);
      if (cluster > 1) {
        Term skipped = queue.rank() * static_cast<double>(share);
        column = column + skipped;
        weights =
            code.advance(weights, skipped * static_cast<double>(swizzleBytes));
      }
      if (tile.outIn) {
        copy(weights, map, {input, column, coords.expert}, barrier, cluster);
        continue;
      }
      // Boxes of as many columns as a swizzled row has.
      for (int64_t first = 0; first < share; first += swizzleElements)
        copy(code.advance(weights, first * swizzleBytes), map,
             {column + static_cast<double>(first), input, coords.expert},
             barrier, cluster);
    }
  }

  /// To the same place of so many blocks of the cluster.
  void copy(Value target, Value map, ArrayRef<Term> coordinates, Value barrier,
            int64_t receivers) {
    SmallVector<Value> at(coordinates);
    Value cluster = LLVM::AddrSpaceCastOp::create(
        code.builder, code.loc,
        LLVM::LLVMPointerType::get(code.builder.getContext(), 7), target);
    NVVM::CpAsyncBulkTensorGlobalToSharedClusterOp::create(
        code.builder, code.loc, cluster, map, at, barrier,
        /*im2colOffsets=*/ValueRange(),
        receivers == 1
            ? Value()
            : code.integer(code.builder.getI16Type(), (1 << receivers) - 1)
                  .value,
        /*l2CacheHint=*/Value(), NVVM::TMALoadMode::TILE, /*isCTAOnly=*/false,
        /*group=*/NVVM::CTAGroupKindAttr(), /*predicate=*/Value());
  }

  Term getRowInTile(int64_t round) {
    return thread / static_cast<double>(chunksPerRow) +
           static_cast<double>(round * rowsAtOnce);
  }

  /// Where the row of the tile that has this thread's number is, or -1.
  Term loadSource(const DeviceCoords &coords) {
    Value sources = arguments.pointers.lookup(kernel.sources);
    Term readable = coords.row + code.min(thread, coords.numRows - 1);
    Term source = code.loadFrom(code.advance(sources, code.widen(readable) * 4),
                                code.builder.getI32Type());
    return code.select(thread < coords.numRows, source, code.i32(-1));
  }

  /// Tells other threads of a row's source; the rows that this thread copies a
  /// chunk of. Tiles take halves of the memory in turn, so that one barrier is
  /// enough.
  SmallVector<SourceRow> shareRows(Term source, Term half) {
    Value shared =
        code.advance(memory.at(kernel.layout.sources),
                     half * static_cast<double>(maxGatheredRows * 4));
    code.storeTo(source, code.advance(shared, thread * 4));
    code.syncAt(code.i32(producerBarrier), 32 * producerWarps);
    Value x = arguments.pointers.lookup(kernel.x);
    auto rowBytes = static_cast<double>(kernel.depth * 2);
    Term chunk = thread % static_cast<double>(chunksPerRow);
    SmallVector<SourceRow> rows;
    for (int64_t round = 0; round < kernel.schedule.rows / rowsAtOnce;
         ++round) {
      Term source = code.loadFrom(code.advance(shared, getRowInTile(round) * 4),
                                  code.builder.getI32Type());
      Term start = code.widen(code.max(source, code.i32(0))) * rowBytes +
                   code.widen(chunk * static_cast<double>(chunkBytes));
      rows.push_back(
          {code.advance(x, start),
           code.select(source >= 0, code.i32(chunkBytes), code.i32(0))});
    }
    return rows;
  }

  void copyRows(ArrayRef<SourceRow> rows, Term step, Term stage) {
    Term chunk = thread % static_cast<double>(chunksPerRow);
    Term row = getRowInTile(0);
    // Rows a multiple of eight apart are swizzled alike.
    Term swizzled = code.bitXor(chunk, row % 8);
    Value target = code.advance(memory.stage(stage),
                                row * static_cast<double>(swizzleBytes) +
                                    swizzled * static_cast<double>(chunkBytes));
    Term input = step * static_cast<double>(kernel.schedule.depth) + chunk * 8;
    Term exists = input < static_cast<double>(kernel.depth);
    Term offset = code.widen(step * static_cast<double>(swizzleBytes));
    for (auto [round, source] : llvm::enumerate(rows)) {
      Term bytes = source.bytes;
      Value pointer = code.advance(source.pointer, offset);
      if (kernel.depth % kernel.schedule.depth != 0) {
        bytes = code.select(exists, bytes, code.i32(0));
        pointer = arith::SelectOp::create(code.builder, code.loc, exists,
                                          pointer, source.pointer);
      }
      NVVM::CpAsyncOp::create(
          code.builder, code.loc,
          code.advance(target,
                       static_cast<int64_t>(round) * rowsAtOnce * swizzleBytes),
          pointer, static_cast<uint32_t>(chunkBytes),
          NVVM::LoadCacheModifierKind::CG, bytes);
    }
  }

  /// Tells the consumers that this warp's rows are in the stage `distance`
  /// places before, if `count` stages have been begun before this one.
  void announce(Term stage, int64_t distance, Term count) {
    code.fenceAsyncShared();
    code.syncWarp();
    Term before = stage - static_cast<double>(distance);
    Term wrapped = code.select(
        before < 0, before + static_cast<double>(kernel.schedule.stages),
        before);
    code.ifThen(lane == 0 && count >= static_cast<double>(distance),
                [&] { code.arrive(memory.full(wrapped)); });
  }

  const GemmKernel &kernel;
  const KernelArguments &arguments;
  const SharedMemory &memory;
  TileQueue &queue;
  DeviceCode &code;
  Term thread, lane, stepsBefore;
};
} // namespace

void mlir::moe::emitProducer(const KernelContext &context, Term thread) {
  Producer producer(context, thread);
  if (context.kernel.gathersRows())
    producer.emitGather();
  else
    producer.emitCopiesOnly();
}
