//===- Consumer.cpp - The warpgroups that multiply ------------------------===//

#include "GemmKernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;
using namespace mlir::moe;

/// Bytes of eight swizzled rows, the pattern that tiles are made of.
static constexpr int64_t patternBytes = 8 * swizzleBytes;
/// Rows and inputs of one matrix instruction.
static constexpr int64_t blockRows = 64, blockDepth = 16;

Term mlir::moe::getBlockRow(const GemmKernel &kernel, Term warpgroup,
                            int64_t block) {
  Term consumer =
      warpgroup % static_cast<double>(kernel.schedule.consumersPerTile);
  return (consumer * static_cast<double>(kernel.schedule.getRowBlocks()) +
          static_cast<double>(block)) *
         static_cast<double>(blockRows);
}

Term mlir::moe::hasRows(const GemmKernel &kernel, const DeviceCoords &coords,
                        Term warpgroup, int64_t block) {
  const WarpgroupSchedule &schedule = kernel.schedule;
  // A tile that nothing shares begins with a row.
  if (block == 0 && schedule.consumersPerTile == 1 && schedule.cluster == 1)
    return warpgroup.code->boolean(true);
  return getBlockRow(kernel, warpgroup, block) < coords.numRows;
}

/// What a descriptor says of a tile beside its address: swizzled by 128, and
/// the distances, in units of 16 bytes, of patterns along the rows and of
/// columns of patterns.
static int64_t getDescriptor(int64_t columnDistance) {
  return int64_t(1) << 62 | patternBytes / 16 << 32 | columnDistance / 16 << 16;
}

namespace {
class Consumer {
public:
  Consumer(const KernelContext &context, Term thread)
      : context(context), kernel(context.kernel), memory(context.memory),
        code(context.code), thread(thread), lane(thread % 32),
        warpgroup(code.shuffle(thread / 128, 0)) {
    for (const WeightTile &tile : kernel.tiles)
      sumTypes.push_back(LLVM::LLVMStructType::getLiteral(
          code.builder.getContext(),
          SmallVector<Type>(static_cast<size_t>(tile.columns / 2),
                            code.builder.getF32Type())));
  }

  void emit() {
    Term address = code.term(LLVM::PtrToIntOp::create(
        code.builder, code.loc, code.builder.getI64Type(), memory.at(0)));
    start = code.shiftRight(address, 4);
    const WarpgroupSchedule &schedule = kernel.schedule;
    turn = warpgroup / static_cast<double>(schedule.consumersPerTile);
    firstRows = start + code.widen(getBlockRow(kernel, warpgroup, 0)) *
                            static_cast<double>(swizzleBytes / 16);
    // Others pass their tiles through the ring in between.
    int64_t steps = kernel.getDepthSteps();
    RingPlace first{code.i32(0), code.i32(0)};
    if (schedule.getTurns() > 1) {
      RingPlace second = code.skip(first, steps, schedule.stages);
      first = {code.select(turn == 0, first.stage, second.stage),
               code.select(turn == 0, first.parity, second.parity)};
      // The first need not wait.
      code.ifThen(turn == 1 && context.queue.first() < context.queue.count(),
                  [&] { code.arriveAt(turnBarrier(code.i32(0)), 256); });
    }
    context.queue.forEach(
        turn, schedule.getTurns(), {first.stage, first.parity},
        [&](const DeviceCoords &coords,
            ArrayRef<Term> state) -> SmallVector<Term> {
          RingPlace place{state[0], state[1]};
          emitEpilogue(context, coords, thread, warpgroup,
                       split(multiply(coords, place)));
          RingPlace next =
              code.skip(place, steps * schedule.getTurns(), schedule.stages);
          return {next.stage, next.parity};
        });
  }

private:
  /// Barrier 0 is that of the whole block.
  Term turnBarrier(Term turn) { return turn + 1; }

  /// The sums of a tile whose first stage is at a place in the ring. Consumers
  /// multiply in turn: a barrier of the ring cannot tell the round before from
  /// the round after.
  SmallVector<Term> multiply(const DeviceCoords &coords, RingPlace place) {
    if (kernel.schedule.getTurns() > 1)
      code.syncAt(turnBarrier(turn), 256);
    return multiplyUpTo(kernel.schedule.getRowBlocks(), coords, place);
  }

  /// Multiplies those of the first `blocks` blocks of rows that have rows: a
  /// loop for each number of blocks, because matrix instructions under
  /// conditions would wait for each other. The sums of the others are
  /// undefined.
  SmallVector<Term> multiplyUpTo(int64_t blocks, const DeviceCoords &coords,
                                 RingPlace place) {
    if (blocks == 0)
      return passTile(coords, place);
    return code.lazySelect(
        hasRows(kernel, coords, warpgroup, blocks - 1),
        [&] { return multiplyBlocks(blocks, coords, place); },
        [&] { return multiplyUpTo(blocks - 1, coords, place); });
  }

  SmallVector<Term> multiplyBlocks(int64_t blocks, const DeviceCoords &coords,
                                   RingPlace place) {
    // The first products need no sums before them.
    SmallVector<Value> sums = makeSums(blocks);
    SmallVector<Term> init = multiplyStage(place, sums, /*isFirst=*/true);
    SmallVector<Term> values = code.fold(
        code.i32(1), code.i32(kernel.getDepthSteps()), 1, init,
        [&](Term, ArrayRef<Term> state) {
          RingPlace place{state[0], state[1]};
          SmallVector<Value> sums(state.drop_front(2));
          SmallVector<Term> next =
              multiplyStage(place, sums, /*isFirst=*/false);
          // The instructions of the stage before have ended.
          NVVM::WgmmaWaitGroupSyncOp::create(code.builder, code.loc, 1);
          releaseBefore(place.stage);
          return next;
        });
    yieldTurn(coords);
    NVVM::WgmmaWaitGroupSyncOp::create(code.builder, code.loc, 0);
    releaseBefore(values[0]);
    return fill(ArrayRef<Term>(values).drop_front(2));
  }

  /// A consumer that has no rows in a tile lets its stages pass.
  SmallVector<Term> passTile(const DeviceCoords &coords, RingPlace place) {
    code.fold(code.i32(0), code.i32(kernel.getDepthSteps()), 1,
              {place.stage, place.parity},
              [&](Term, ArrayRef<Term> state) -> SmallVector<Term> {
                RingPlace place{state[0], state[1]};
                code.wait(memory.full(place.stage), place.parity);
                RingPlace next = code.next(place, kernel.schedule.stages);
                releaseBefore(next.stage);
                return {next.stage, next.parity};
              });
    yieldTurn(coords);
    return fill({});
  }

  /// Lets the other consumer multiply, if there is a tile for it.
  void yieldTurn(const DeviceCoords &coords) {
    if (kernel.schedule.getTurns() > 1)
      code.ifThen(coords.hasNext,
                  [&] { code.arriveAt(turnBarrier(code.i32(1) - turn), 256); });
  }

  SmallVector<Value> makeSums(int64_t blocks) {
    SmallVector<Value> sums;
    for (int64_t block = 0; block < blocks; ++block)
      for (Type type : sumTypes)
        sums.push_back(LLVM::UndefOp::create(code.builder, code.loc, type));
    return sums;
  }

  /// The sums, and undefined ones of the other blocks.
  SmallVector<Term> fill(ArrayRef<Term> sums) {
    SmallVector<Value> filled(sums);
    auto missing = kernel.schedule.getRowBlocks() -
                   static_cast<int64_t>(sums.size() / sumTypes.size());
    filled.append(makeSums(missing));
    return code.terms(filled);
  }

  /// Adds the products of all that is in a stage, once it is there. Gives the
  /// place after it, and the sums.
  SmallVector<Term> multiplyStage(RingPlace place, MutableArrayRef<Value> sums,
                                  bool isFirst) {
    code.wait(memory.full(place.stage), place.parity);
    NVVM::WgmmaFenceAlignedOp::create(code.builder, code.loc);
    Term offset = code.widen(place.stage) *
                  static_cast<double>(kernel.layout.stageBytes / 16);
    Term rows = firstRows + offset, weights = start + offset;
    for (int64_t k = 0; k < kernel.schedule.depth / blockDepth; ++k)
      for (auto [i, sum] : llvm::enumerate(sums)) {
        auto block = static_cast<int64_t>(i / kernel.tiles.size());
        sum = multiplyBlock(
            rows + static_cast<double>(block * blockRows * swizzleBytes / 16 +
                                       k * blockDepth * 2 / 16),
            weights, kernel.tiles[i % kernel.tiles.size()], k, sum,
            isFirst && k == 0);
      }
    NVVM::WgmmaGroupSyncAlignedOp::create(code.builder, code.loc);
    RingPlace next = code.next(place, kernel.schedule.stages);
    SmallVector<Term> result{next.stage, next.parity};
    for (Value sum : sums)
      result.push_back(code.term(sum));
    return result;
  }

  Value multiplyBlock(Term rows, Term weights, const WeightTile &tile,
                      int64_t k, Value sum, bool isFirst) {
    bool outIn = tile.outIn;
    // Along rows of weights the next inputs lie in the same swizzled row, along
    // columns in other rows.
    int64_t advance = k * blockDepth * (outIn ? 2 : swizzleBytes);
    int64_t columnDistance = outIn ? 16 : kernel.schedule.depth * swizzleBytes;
    MLIRContext *context = code.builder.getContext();
    auto type = NVVM::WGMMATypesAttr::get(context, kernel.element.isBF16()
                                                       ? NVVM::WGMMATypes::bf16
                                                       : NVVM::WGMMATypes::f16);
    auto wide = [&](int64_t bits) { return code.i64(bits); };
    auto one = NVVM::WGMMAScaleInAttr::get(context, NVVM::WGMMAScaleIn::one);
    auto layout = [&](NVVM::MMALayout value) {
      return NVVM::MMALayoutAttr::get(context, value);
    };
    Term descriptorA = rows + wide(getDescriptor(16));
    Term descriptorB = weights + wide(getDescriptor(columnDistance) +
                                      (tile.offset + advance) / 16);
    return NVVM::WgmmaMmaAsyncOp::create(
               code.builder, code.loc, sum.getType(), sum, descriptorA,
               descriptorB,
               NVVM::MMAShapeAttr::get(context, blockRows,
                                       static_cast<int>(tile.columns),
                                       blockDepth),
               type, type,
               NVVM::WGMMATypesAttr::get(context, NVVM::WGMMATypes::f32),
               NVVM::WGMMAScaleOutAttr::get(context,
                                            isFirst ? NVVM::WGMMAScaleOut::zero
                                                    : NVVM::WGMMAScaleOut::one),
               one, one, layout(NVVM::MMALayout::row),
               layout(outIn ? NVVM::MMALayout::col : NVVM::MMALayout::row),
               NVVM::MMAIntOverflowAttr())
        .getResults();
  }

  /// Gives the stage before one back to the producer, and to the other one of
  /// the cluster, which copies to it.
  void releaseBefore(Term stage) {
    int64_t cluster = kernel.schedule.cluster;
    Term before = code.select(stage == 0, code.i32(kernel.schedule.stages - 1),
                              stage - 1);
    Value barrier = memory.empty(before);
    code.ifThen(lane < static_cast<double>(cluster), [&] {
      if (cluster > 1)
        code.arriveIn(barrier, lane);
      else
        code.arrive(barrier);
    });
  }

  Accumulators split(ArrayRef<Term> sums) {
    Accumulators result;
    for (int64_t block = 0; block < kernel.schedule.getRowBlocks(); ++block) {
      result.emplace_back(sums.take_front(kernel.tiles.size()));
      sums = sums.drop_front(kernel.tiles.size());
    }
    return result;
  }

  const KernelContext &context;
  const GemmKernel &kernel;
  const SharedMemory &memory;
  DeviceCode &code;
  Term thread, lane;
  /// The same for all lanes, as processors see from its coming out of a
  /// shuffle: so addresses of it need no registers of threads.
  Term warpgroup, turn;
  SmallVector<Type> sumTypes;
  /// Addresses in units of 16 bytes, as i64: of the first stage, and of the
  /// warpgroup's rows in it.
  Term start, firstRows;
};
} // namespace

void mlir::moe::emitConsumer(const KernelContext &context, Term thread) {
  Consumer(context, thread).emit();
}
