//===- BinSort.cpp - Sorting by small numbers with many threads -----------===//
//
// Each warp has a part of the items, the warps of a block neighbouring parts,
// and so have blocks. A warp takes 32 items at a time: lanes with the same bin
// find each other and their order, and the first of them counts for all. So
// the order of items is kept, and nothing depends on which warp comes first.
//
//===----------------------------------------------------------------------===//

#include "BinSort.h"
#include "BlockCode.h"

using namespace mlir;
using namespace mlir::moe;

static constexpr int64_t blockThreads = 256;
static constexpr int64_t warps = blockThreads / warpSize;
/// As many as a GPU runs at the same time.
static constexpr int64_t maxBlocks = 128;
/// Tokens for which one block is faster than three launches.
static constexpr int64_t fewTokens = 512;

namespace {
/// What the threads of a block do with the part of the items that it has.
class BlockSort {
public:
  BlockSort(BlockCode &threads, const Bins &bins, Value counts)
      : threads(threads), code(threads.code), bins(bins), counts(counts) {
    // Whole turns of the warp.
    Term parts = threads.numBlocks * static_cast<double>(warps);
    Term size =
        code.ceilDiv(code.ceilDiv(bins.count, parts), code.index(warpSize)) *
        static_cast<double>(warpSize);
    Term part = threads.block * static_cast<double>(warps) + threads.warp;
    begin = code.min(part * size, bins.count);
    end = code.min(begin + size, bins.count);
  }

  /// Counts the items of each warp by bin.
  void count();
  /// The items of the block in a bin, of which the first has place `first`.
  Term sum(Term bin);
  void start(Term bin, Term first);
  /// Once each bin has been started.
  void place(function_ref<void(Term item, Term bin, Term place)> body);

private:
  /// The count of a bin, or its next place, in the part of a warp.
  Term slot(Term warp, Term bin) {
    return warp * static_cast<double>(bins.bins) + bin;
  }
  void forEachTurn(function_ref<void(Term item, Term isItem, Term bin)> body);

  BlockCode &threads;
  Code &code;
  const Bins &bins;
  Value counts;
  Term begin, end;
};
} // namespace

void BlockSort::forEachTurn(
    function_ref<void(Term item, Term isItem, Term bin)> body) {
  code.forRange(begin, end, warpSize, [&](Term base) {
    Term item = base + threads.lane;
    Term isItem = item < end;
    Term bin = code.lazySelect(
        isItem, [&] { return bins.binOf(item); },
        [&] { return code.index(-1); });
    body(item, isItem, bin);
  });
}

void BlockSort::count() {
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

Term BlockSort::sum(Term bin) {
  return code.fold(code.index(warps), code.index(0), [&](Term warp, Term sum) {
    return sum + code.load(counts, slot(warp, bin));
  });
}

void BlockSort::start(Term bin, Term first) {
  code.fold(code.index(warps), first, [&](Term warp, Term next) {
    Term count = code.load(counts, slot(warp, bin));
    code.store(next, counts, slot(warp, bin));
    return next + count;
  });
}

void BlockSort::place(
    function_ref<void(Term item, Term bin, Term place)> body) {
  forEachTurn([&](Term item, Term isItem, Term bin) {
    Term same = threads.match(bin);
    Term before = threads.countBefore(same);
    Term hasBin = bin >= 0;
    Term at = slot(threads.warp, code.max(bin, code.index(0)));
    Term next = code.load(counts, at);
    code.ifThen(isItem, [&] {
      body(item, bin, code.select(hasBin, next + before, code.index(-1)));
    });
    threads.syncWarp();
    code.ifThen(hasBin && before == 0,
                [&] { code.store(next + threads.count(same), counts, at); });
    threads.syncWarp();
  });
}

/// From the size of each bin, in the memory of the block, to where it begins,
/// there and in `offsets`.
static void emitOffsets(BlockCode &threads, int64_t bins, Value sizes,
                        Value offsets) {
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
                    Term offset = before[0] + sum - size;
                    code.ifThen(isBin, [&] {
                      code.store(offset, sizes, bin);
                      code.store(offset, offsets, bin);
                    });
                    return {before[0] + threads.getOfLast(sum)};
                  })[0];
    code.ifThen(threads.lane == 0,
                [&] { code.store(total, offsets, code.index(bins)); });
  });
  threads.sync();
}

static void
emitOneKernel(Code &code, const Bins &bins, Value offsets,
              function_ref<void(Term item, Term bin, Term place)> place) {
  BlockCode::launch(
      code, code.index(1), blockThreads, {warps * bins.bins, bins.bins},
      [&](BlockCode &threads, ArrayRef<Value> shared) {
        BlockSort sort(threads, bins, shared[0]);
        Value sizes = shared[1];
        sort.count();
        auto forEachBin = [&](Code::Body body) {
          threads.forEachOfBlock(code.index(bins.bins), body);
        };
        forEachBin([&](Term bin) { code.store(sort.sum(bin), sizes, bin); });
        emitOffsets(threads, bins.bins, sizes, offsets);
        forEachBin([&](Term bin) { sort.start(bin, code.load(sizes, bin)); });
        threads.sync();
        sort.place(place);
      });
}

static void
emitThreeKernels(Code &code, const Bins &bins, Value offsets,
                 function_ref<void(Term item, Term bin, Term place)> place) {
  Term numBins = code.index(bins.bins);
  Term blocks =
      code.max(code.index(1),
               code.min(code.ceilDiv(bins.count, code.index(blockThreads)),
                        code.index(maxBlocks)));
  // First how many items of each bin a block has, then how many come before.
  Value parts = code.allocate(code.builder.getI32Type(), {blocks, numBins});
  BlockCode::launch(code, blocks, blockThreads, {warps * bins.bins},
                    [&](BlockCode &threads, ArrayRef<Value> shared) {
                      BlockSort sort(threads, bins, shared[0]);
                      sort.count();
                      threads.forEachOfBlock(numBins, [&](Term bin) {
                        code.store(sort.sum(bin), parts, {threads.block, bin});
                      });
                    });
  BlockCode::launch(code, code.index(1), blockThreads, {bins.bins},
                    [&](BlockCode &threads, ArrayRef<Value> shared) {
                      threads.forEachOfBlock(numBins, [&](Term bin) {
                        Term size = code.fold(
                            blocks, code.index(0), [&](Term b, Term sum) {
                              Term part = code.load(parts, {b, bin});
                              code.store(sum, parts, {b, bin});
                              return sum + part;
                            });
                        code.store(size, shared[0], bin);
                      });
                      emitOffsets(threads, bins.bins, shared[0], offsets);
                    });
  BlockCode::launch(code, blocks, blockThreads, {warps * bins.bins},
                    [&](BlockCode &threads, ArrayRef<Value> shared) {
                      BlockSort sort(threads, bins, shared[0]);
                      sort.count();
                      threads.forEachOfBlock(numBins, [&](Term bin) {
                        sort.start(bin,
                                   code.load(offsets, bin) +
                                       code.load(parts, {threads.block, bin}));
                      });
                      threads.sync();
                      sort.place(place);
                    });
  code.deallocate(parts);
}

void mlir::moe::emitBinSort(
    Code &code, const Bins &bins, Value offsets,
    function_ref<void(Term item, Term bin, Term place)> place) {
  if (code.tokens <= fewTokens)
    emitOneKernel(code, bins, offsets, place);
  else
    emitThreeKernels(code, bins, offsets, place);
}
