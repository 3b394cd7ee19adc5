//===- Wgmma.h - Asynchronous products of a warpgroup -----------*- C++ -*-===//

#ifndef MOE_LIB_SIMULATOR_WGMMA_H
#define MOE_LIB_SIMULATOR_WGMMA_H

#include "Machine.h"

#include <array>

namespace mlir::moe::sim {

/// The accumulator registers of 64 rows that wgmma operations write in place.
/// Compiled code holds a handle for each: a NaN that no arithmetic gives.
struct Accumulators {
  uint32_t columns = 0;
  std::vector<float> values;
  /// The last operation on them that each thread has issued.
  std::array<uint32_t, 128> lastOp = {};
  uint32_t generation = 0;
};

struct WgmmaOp {
  uint64_t descriptorA = 0, descriptorB = 0;
  uint32_t columns = 0, depth = 0, typeA = 0, typeB = 0, flags = 0;
  int32_t location = 0;
  /// Index of the accumulators.
  uint32_t slot = 0;
  uint32_t arrived = 0;
  /// A, if it comes from registers.
  std::vector<float> a;
  /// What all threads know.
  Knowledge knowledge;
};

/// Four warps, and the operations they issued.
struct Warpgroup {
  static constexpr uint32_t slots = 64;

  Agent agent;
  uint32_t id = 0;
  std::vector<Accumulators> accumulators;
  uint32_t nextSlot = 0;
  /// Those not executed; the first has number `executed + 1`.
  std::deque<WgmmaOp> ops;
  uint32_t executed = 0;
  std::vector<Thread *> waiters;
};

} // namespace mlir::moe::sim

#endif // MOE_LIB_SIMULATOR_WGMMA_H
