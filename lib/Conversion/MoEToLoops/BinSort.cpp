//===- BinSort.cpp - Sorting by small numbers with many threads -----------===//
//
// Blocks have neighbouring parts of the items, and so have the warps of a
// block. A warp takes 32 items at a time: lanes with the same bin find each
// other and their order, and the first of them counts for all. So the order of
// items is kept, and nothing depends on which warp comes first.
//
//===----------------------------------------------------------------------===//

#include "BinSort.h"
#include "BlockCode.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::moe;

static constexpr int64_t maxWarps = 32;
/// As many blocks as a GPU has multiprocessors.
static constexpr int64_t maxBlocks = 132;
/// Tokens for which one block is faster than two launches.
static constexpr int64_t fewTokens = 128;
/// Shared memory of a block that needs no special launch, less a rest.
static constexpr int64_t sharedBytes = 46 << 10;

/// As many warps as have room, each for so many bytes, beside what all share.
static int64_t getWarps(int64_t bytesOfWarp, int64_t bytesOfBlock) {
  int64_t warps =
      (sharedBytes - bytesOfBlock) / std::max<int64_t>(bytesOfWarp, 1);
  return warps < 1
             ? 0
             : std::min<int64_t>(maxWarps,
                                 llvm::bit_floor(static_cast<uint64_t>(warps)));
}

/// Warps of a kernel that prepares and counts, of one that places, and of one
/// that does it all.
static int64_t getCountingWarps(int64_t bins, int64_t stackBytes) {
  return getWarps(stackBytes, bins * 4);
}
static int64_t getPlacingWarps(int64_t bins) {
  return getWarps(bins * 4, (2 * bins + 1) * 4);
}
static int64_t getWarpsForAll(int64_t bins, int64_t stackBytes) {
  return getWarps(bins * 4 + stackBytes, (bins + 1) * 4);
}

bool mlir::moe::canPrepare(int64_t bins, int64_t stackBytes) {
  return getWarpsForAll(bins, stackBytes) > 0;
}

namespace {
/// The items of a block.
class BlockSort {
public:
  BlockSort(BlockCode &threads, const Bins &bins)
      : threads(threads), code(threads.code), bins(bins),
        warps(threads.threads / warpSize) {
    Term size =
        getShare(bins.prepare ? bins.count / bins.itemsOfRun : bins.count,
                 threads.numBlocks);
    if (bins.prepare)
      size = size * bins.itemsOfRun;
    begin = code.min(threads.block * size, bins.count);
    end = code.min(begin + size, bins.count);
  }

  void prepare();
  /// Counts the items by bin.
  void count(Value counts);
  /// Counts the items of each warp by bin.
  void countByWarp(Value counts);
  /// The items of all warps in a bin, of which the first has place `first`.
  Term sum(Value counts, Term bin);
  void start(Value counts, Term bin, Term first);
  /// Once each bin has been started.
  void place(Value counts, Value starts,
             function_ref<void(const BinPlace &)> body);

private:
  Term getShare(Term count, Term parts) { return code.ceilDiv(count, parts); }
  /// The count of a bin, or its next place, in the part of a warp.
  Term slot(Term warp, Term bin) {
    return warp * static_cast<double>(bins.bins) + bin;
  }
  void forEachTurn(function_ref<void(Term item, Term isItem, Term bin)> body);

  BlockCode &threads;
  Code &code;
  const Bins &bins;
  int64_t warps;
  Term begin, end;
};
} // namespace

void BlockSort::prepare() {
  if (!bins.prepare)
    return;
  threads.forEachByWarps(begin / bins.itemsOfRun, end / bins.itemsOfRun,
                         bins.prepare);
  threads.sync();
}

void BlockSort::count(Value counts) {
  threads.forEachOfBlock(code.index(bins.bins), [&](Term bin) {
    code.store(code.index(0), counts, bin);
  });
  threads.sync();
  code.forRange(begin + threads.thread, end, threads.threads, [&](Term item) {
    Term bin = bins.binOf(item);
    code.ifThen(bin >= 0, [&] { threads.add(1, counts, bin); });
  });
  threads.sync();
}

void BlockSort::forEachTurn(
    function_ref<void(Term item, Term isItem, Term bin)> body) {
  // Whole turns of the warp.
  Term size =
      getShare(getShare(end - begin, code.index(warps)), code.index(warpSize)) *
      static_cast<double>(warpSize);
  Term first = code.min(begin + threads.warp * size, end);
  Term last = code.min(first + size, end);
  code.forRange(first, last, warpSize, [&](Term base) {
    Term item = base + threads.lane;
    Term isItem = item < last;
    Term bin = code.lazySelect(
        isItem, [&] { return bins.binOf(item); },
        [&] { return code.index(-1); });
    body(item, isItem, bin);
  });
}

void BlockSort::countByWarp(Value counts) {
  threads.forEachOfBlock(code.index(warps * bins.bins), [&](Term slot) {
    code.store(code.index(0), counts, slot);
  });
  threads.sync();
  forEachTurn([&](Term, Term, Term bin) {
    Term same = threads.match(bin);
    Term isFirst = threads.countBefore(same) == 0;
    code.ifThen(isFirst && bin >= 0, [&] {
      Term at = slot(threads.warp, bin);
      code.store(code.load(counts, at) + threads.count(same), counts, at);
    });
    threads.syncWarp();
  });
  threads.sync();
}

Term BlockSort::sum(Value counts, Term bin) {
  return code.fold(code.index(warps), code.index(0), [&](Term warp, Term sum) {
    return sum + code.load(counts, slot(warp, bin));
  });
}

void BlockSort::start(Value counts, Term bin, Term first) {
  code.fold(code.index(warps), first, [&](Term warp, Term next) {
    Term count = code.load(counts, slot(warp, bin));
    code.store(next, counts, slot(warp, bin));
    return next + count;
  });
}

void BlockSort::place(Value counts, Value starts,
                      function_ref<void(const BinPlace &)> body) {
  forEachTurn([&](Term item, Term isItem, Term bin) {
    Term same = threads.match(bin);
    Term before = threads.countBefore(same);
    Term hasBin = bin >= 0;
    Term at = slot(threads.warp, code.max(bin, code.index(0)));
    Term next = code.load(counts, at);
    code.ifThen(isItem, [&] {
      body({item, bin, code.select(hasBin, next + before, code.index(-1)),
            starts});
    });
    threads.syncWarp();
    code.ifThen(hasBin && before == 0,
                [&] { code.store(next + threads.count(same), counts, at); });
    threads.syncWarp();
  });
}

/// From the size of each bin to where it begins, and behind them their sum.
static void emitStarts(BlockCode &threads, int64_t bins, Value sizes) {
  Code &code = threads.code;
  threads.sync();
  code.ifThen(threads.warp == 0, [&] {
    Term total =
        code.fold(code.index(0), code.index(bins), warpSize, {code.index(0)},
                  [&](Term base, ArrayRef<Term> before) -> SmallVector<Term> {
                    Term bin = base + threads.lane;
                    Term isBin = bin < static_cast<double>(bins);
                    Term size = code.lazySelect(
                        isBin, [&] { return code.load(sizes, bin); },
                        [&] { return code.index(0); });
                    Term sum = threads.sumUpTo(size);
                    code.ifThen(isBin, [&] {
                      code.store(before[0] + sum - size, sizes, bin);
                    });
                    return {before[0] + threads.getOfLast(sum)};
                  })[0];
    code.ifThen(threads.lane == 0,
                [&] { code.store(total, sizes, code.index(bins)); });
  });
  threads.sync();
}

static void copyStarts(BlockCode &threads, int64_t bins, Value starts,
                       Value offsets) {
  if (offsets)
    threads.forEachOfBlock(threads.code.index(bins + 1), [&](Term bin) {
      threads.code.store(threads.code.load(starts, bin), offsets, bin);
    });
}

static void emitOneKernel(Code &code, const Bins &bins, Value offsets,
                          function_ref<void(const BinPlace &)> place) {
  int64_t warps = getWarpsForAll(bins.bins, bins.stackBytes);
  BlockCode::launch(code, code.index(1), warps * warpSize,
                    {warps * bins.bins, bins.bins + 1},
                    [&](BlockCode &threads, ArrayRef<Value> shared) {
                      BlockSort sort(threads, bins);
                      Value counts = shared[0], starts = shared[1];
                      sort.prepare();
                      sort.countByWarp(counts);
                      auto forEachBin = [&](Code::Body body) {
                        threads.forEachOfBlock(code.index(bins.bins), body);
                      };
                      forEachBin([&](Term bin) {
                        code.store(sort.sum(counts, bin), starts, bin);
                      });
                      emitStarts(threads, bins.bins, starts);
                      copyStarts(threads, bins.bins, starts, offsets);
                      forEachBin([&](Term bin) {
                        sort.start(counts, bin, code.load(starts, bin));
                      });
                      threads.sync();
                      sort.place(counts, starts, place);
                    });
}

/// From the items of each bin that blocks have, `parts`, to how many there are
/// and how many are in blocks before this one. Several threads share the blocks
/// of a bin.
static void sumParts(BlockCode &threads, int64_t bins, Value parts, Value sizes,
                     Value before) {
  Code &code = threads.code;
  threads.forEachOfBlock(code.index(bins), [&](Term bin) {
    code.store(code.index(0), sizes, bin);
    code.store(code.index(0), before, bin);
  });
  threads.sync();
  int64_t shares = std::max<int64_t>(threads.threads / bins, 1);
  Term share = code.ceilDiv(threads.numBlocks, code.index(shares));
  threads.forEachOfBlock(code.index(shares * bins), [&](Term slot) {
    Term bin = slot % static_cast<double>(bins);
    Term first = slot / static_cast<double>(bins) * share;
    Term last = code.min(first + share, threads.numBlocks);
    auto sum = [&](Term begin, Term end) {
      return code.fold(begin, end, code.index(0), [&](Term block, Term sum) {
        return sum + code.load(parts, {block, bin});
      });
    };
    Term middle = code.max(first, code.min(threads.block, last));
    Term sumBefore = sum(first, middle);
    threads.add(sumBefore, before, bin);
    threads.add(sumBefore + sum(middle, last), sizes, bin);
  });
}

static void emitTwoKernels(Code &code, const Bins &bins, Value offsets,
                           function_ref<void(const BinPlace &)> place) {
  int64_t countingWarps = getCountingWarps(bins.bins, bins.stackBytes);
  int64_t placingWarps = getPlacingWarps(bins.bins);
  Term numBins = code.index(bins.bins);
  // A run for each warp, or an item for each thread.
  Term work = bins.prepare ? bins.count / bins.itemsOfRun : bins.count;
  int64_t workOfBlock = countingWarps * (bins.prepare ? 1 : warpSize);
  Term blocks = code.max(code.index(1),
                         code.min(code.ceilDiv(work, code.index(workOfBlock)),
                                  code.index(maxBlocks)));
  Value parts = code.allocate(code.builder.getI32Type(), {blocks, numBins});
  BlockCode::launch(code, blocks, countingWarps * warpSize, {bins.bins},
                    [&](BlockCode &threads, ArrayRef<Value> shared) {
                      BlockSort sort(threads, bins);
                      sort.prepare();
                      sort.count(shared[0]);
                      threads.forEachOfBlock(numBins, [&](Term bin) {
                        code.store(code.load(shared[0], bin), parts,
                                   {threads.block, bin});
                      });
                    });
  BlockCode::launch(
      code, blocks, placingWarps * warpSize,
      {placingWarps * bins.bins, bins.bins, bins.bins + 1},
      [&](BlockCode &threads, ArrayRef<Value> shared) {
        BlockSort sort(threads, bins);
        Value counts = shared[0], before = shared[1], starts = shared[2];
        sumParts(threads, bins.bins, parts, starts, before);
        emitStarts(threads, bins.bins, starts);
        code.ifThen(threads.block == 0,
                    [&] { copyStarts(threads, bins.bins, starts, offsets); });
        sort.countByWarp(counts);
        threads.forEachOfBlock(numBins, [&](Term bin) {
          sort.start(counts, bin,
                     code.load(starts, bin) + code.load(before, bin));
        });
        threads.sync();
        sort.place(counts, starts, place);
      });
  code.deallocate(parts);
}

void mlir::moe::emitBinSort(Code &code, const Bins &bins, Value offsets,
                            function_ref<void(const BinPlace &)> place) {
  if (code.tokens <= fewTokens)
    emitOneKernel(code, bins, offsets, place);
  else
    emitTwoKernels(code, bins, offsets, place);
}
