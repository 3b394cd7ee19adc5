//===- DeviceCode.h - Writing kernels of a GPU as formulas ------*- C++ -*-===//
//
// Terms as in Code, but integers are i32 unless they are addresses. Pointers
// into shared memory are !llvm.ptr<3>, into global memory !llvm.ptr<1>.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_CONVERSION_TILETONVVM_DEVICECODE_H
#define MOE_LIB_CONVERSION_TILETONVVM_DEVICECODE_H

#include "../Code.h"

namespace mlir::moe {

/// A place in a ring of stages: its number, and the parity of the round.
struct RingPlace {
  Term stage, parity;
};

class DeviceCode : public Code {
public:
  using Code::Code;

  Term i32(int64_t value) { return integer(builder.getI32Type(), value); }
  Term i64(int64_t value) { return integer(builder.getI64Type(), value); }
  /// An i32 with its sign as i64, and back.
  Term widen(Term number);
  Term narrow(Term number);
  Term bitXor(Term a, Term b);
  Term shiftRight(Term a, int64_t bits);

  // Threads.
  Term threadIndex();
  Term blockIndex();
  Term gridSize();
  /// All threads of the block, of the warp.
  void syncBlock();
  void syncWarp();
  /// All threads of the cluster. What its blocks have written is visible after.
  void syncCluster();
  /// Waits until `threads` have come to the barrier of that number, or only
  /// comes to it.
  void syncAt(Term barrier, int64_t threads);
  void arriveAt(Term barrier, int64_t threads);
  /// `value` of the lane that many lanes before, or the own one.
  Term shuffleUp(Term value, int64_t distance);
  /// `value` of a lane.
  Term shuffle(Term value, int64_t lane);

  /// Both branches, which give nothing.
  void ifElse(Term condition, function_ref<void()> yes,
              function_ref<void()> no);

  // Memory.
  /// The pointer `bytes` behind another, in its address space.
  Value advance(Value pointer, Term bytes);
  Value advance(Value pointer, int64_t bytes);
  /// The value of `type` at an address, which is a multiple of its size.
  Term loadFrom(Value pointer, Type type);
  void storeTo(Value value, Value pointer);
  /// Each lane's pair of 16 bits of so many matrices of 8 x 8, whose rows lie
  /// where lanes say, eight for each matrix.
  void storeMatrices(ArrayRef<Value> pairs, Value pointer);

  // Barriers in shared memory.
  void initBarrier(Value barrier, int64_t arrivals);
  void arrive(Value barrier);
  void arriveExpecting(Value barrier, int64_t bytes);
  /// At the barrier that lies at the same place in a block of the cluster: says
  /// that reads have ended, not that something has been written.
  void arriveIn(Value barrier, Term rank);
  void wait(Value barrier, Term parity);
  /// Makes the thread's stores to shared memory visible to bulk copies and
  /// matrix instructions, once the barrier after it is passed.
  void fenceAsyncShared();

  /// The place after another in a ring of `stages`.
  RingPlace next(RingPlace place, int64_t stages) {
    return skip(place, 1, stages);
  }
  /// The place that many places behind another.
  RingPlace skip(RingPlace place, int64_t distance, int64_t stages);
};

} // namespace mlir::moe

#endif // MOE_LIB_CONVERSION_TILETONVVM_DEVICECODE_H
