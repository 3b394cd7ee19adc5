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
        code(context.code), thread(thread), lane(thread % 32) {
    for (const WeightTile &tile : kernel.tiles)
      sumTypes.push_back(LLVM::LLVMStructType::getLiteral(
          code.builder.getContext(),
          SmallVector<Type>(static_cast<size_t>(tile.columns / 2),
                            code.builder.getF32Type())));
  }

  void emit() {
    Value base = memory.at(0);
    Term address = code.term(LLVM::PtrToIntOp::create(
        code.builder, code.loc, code.builder.getI64Type(), base));
    start = code.shiftRight(address, 4);
    const WarpgroupSchedule &schedule = kernel.schedule;
    Term warpgroup = thread / 128;
    turn = warpgroup / static_cast<double>(schedule.consumersPerTile);
    Term share = warpgroup % static_cast<double>(schedule.consumersPerTile);
    firstRows = start + code.widen(share) *
                            static_cast<double>(schedule.getRowBlocks() *
                                                blockRows * swizzleBytes / 16);
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
          SmallVector<Term> values = multiply(coords, state);
          emitEpilogue(context, coords, thread,
                       split(ArrayRef<Term>(values).drop_front(2)));
          RingPlace next =
              code.skip({values[0], values[1]},
                        steps * (schedule.getTurns() - 1), schedule.stages);
          return {next.stage, next.parity};
        });
  }

private:
  /// Barrier 0 is that of the whole block.
  Term turnBarrier(Term turn) { return turn + 1; }

  /// The sums of a tile after the place in the ring. Consumers multiply in
  /// turn: a barrier of the ring cannot tell the round before from the round
  /// after.
  SmallVector<Term> multiply(const DeviceCoords &coords, ArrayRef<Term> place) {
    bool inTurn = kernel.schedule.getTurns() > 1;
    if (inTurn)
      code.syncAt(turnBarrier(turn), 256);
    // The first products need no sums before them.
    SmallVector<Value> sums;
    for (int64_t block = 0; block < kernel.schedule.getRowBlocks(); ++block)
      for (Type type : sumTypes)
        sums.push_back(LLVM::UndefOp::create(code.builder, code.loc, type));
    SmallVector<Term> init =
        multiplyStage({place[0], place[1]}, sums, /*isFirst=*/true);
    SmallVector<Term> values = code.fold(
        code.i32(1), code.i32(kernel.getDepthSteps()), 1, init,
        [&](Term, ArrayRef<Term> state) {
          RingPlace place{state[0], state[1]};
          SmallVector<Value> sums(state.drop_front(2));
          SmallVector<Term> next =
              multiplyStage(place, sums, /*isFirst=*/false);
          // The instructions of the stage before have ended.
          NVVM::WgmmaWaitGroupSyncOp::create(code.builder, code.loc, 1);
          release(place.stage);
          return next;
        });
    if (inTurn)
      code.ifThen(coords.hasNext,
                  [&] { code.arriveAt(turnBarrier(code.i32(1) - turn), 256); });
    NVVM::WgmmaWaitGroupSyncOp::create(code.builder, code.loc, 0);
    release(values[0]);
    return values;
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
      for (int64_t block = 0; block < kernel.schedule.getRowBlocks(); ++block)
        for (auto [i, tile] : llvm::enumerate(kernel.tiles)) {
          Value &sum =
              sums[static_cast<size_t>(block) * kernel.tiles.size() + i];
          sum = multiplyBlock(
              rows + static_cast<double>(block * blockRows * swizzleBytes / 16 +
                                         k * blockDepth * 2 / 16),
              weights, tile, k, sum, isFirst && k == 0);
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
    auto one = NVVM::WGMMAScaleInAttr::get(context, NVVM::WGMMAScaleIn::one);
    auto layout = [&](NVVM::MMALayout value) {
      return NVVM::MMALayoutAttr::get(context, value);
    };
    auto wide = [&](int64_t bits) { return code.i64(bits); };
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

  /// Gives the stage before back to the producer, and to the other one of the
  /// cluster, which copies to it.
  void release(Term stage) {
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
  Term thread, lane, turn;
  SmallVector<Type> sumTypes;
  /// Addresses in units of 16 bytes, as i64: of the first stage, and of the
  /// warpgroup's rows in it.
  Term start, firstRows;
};
} // namespace

void mlir::moe::emitConsumer(const KernelContext &context, Term thread) {
  Consumer(context, thread).emit();
}
