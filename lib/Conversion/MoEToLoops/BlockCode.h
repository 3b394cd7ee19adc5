//===- BlockCode.h - Loops of blocks of threads -----------------*- C++ -*-===//

#ifndef MOE_LIB_CONVERSION_MOETOLOOPS_BLOCKCODE_H
#define MOE_LIB_CONVERSION_MOETOLOOPS_BLOCKCODE_H

#include "../Code.h"

namespace mlir::moe {

/// Threads of a warp.
inline constexpr int64_t warpSize = 32;

/// What one of many threads of a GPU does together with others of its block. It
/// is the body of a `gpu.launch`. All threads of a warp must reach what they do
/// together, those of a block `sync`.
class BlockCode {
public:
  /// Launches so many blocks, each with memory for numbers (i32) of its own,
  /// and writes what its threads do.
  static void launch(Code &code, Term blocks, int64_t threads,
                     ArrayRef<int64_t> sharedSizes,
                     function_ref<void(BlockCode &, ArrayRef<Value> shared)>);

  Code &code;
  /// Of the thread in its block, of the warp in its block, and of the thread in
  /// its warp.
  Term thread, warp, lane;
  Term block, numBlocks;
  const int64_t threads;

  /// The numbers below `count` are shared out among the threads.
  void forEachOfBlock(Term count, Code::Body body);
  /// The warps of the block take turns from `begin` to `end`, and the lanes of
  /// a warp share the parallel loops of `body`.
  void forEachByWarps(Term begin, Term end, Code::Body body);
  /// Adds to an element of memory for numbers as one step.
  void add(Term value, Value numbers, Term at);
  void add(int64_t value, Value numbers, Term at) {
    add(code.index(value), numbers, at);
  }
  /// Waits for all threads of the block, of the warp.
  void sync();
  void syncWarp();

  /// The lanes whose number is that of this one, as a set of bits (i32).
  Term match(Term number);
  /// How many of a set come before this lane, and how many there are.
  Term countBefore(Term lanes);
  Term count(Term lanes);
  /// The sum of the numbers of this lane and of those before.
  Term sumUpTo(Term number);
  /// The number that the last lane has.
  Term getOfLast(Term number);

private:
  BlockCode(Code &code, int64_t threads) : code(code), threads(threads) {}
  Term toI32(Term number);
  Term toIndex(Value number);
};

} // namespace mlir::moe

#endif // MOE_LIB_CONVERSION_MOETOLOOPS_BLOCKCODE_H
