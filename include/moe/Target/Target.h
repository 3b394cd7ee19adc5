//===- Target.h - Facts about the machines that kernels run on --*- C++ -*-===//
//
// The one place that knows hardware. Whoever needs a size, a rate or an
// instruction of a machine asks here.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_TARGET_TARGET_H
#define MOE_TARGET_TARGET_H

#include "llvm/Support/Error.h"
#include <cstdint>
#include <optional>
#include <string>

namespace mlir::moe {

/// Vector registers that a core has of so many bits.
constexpr int64_t getVectorRegisters(int64_t vectorBits) {
  return vectorBits >= 512 ? 32 : 16;
}

/// What only a GPU has.
struct Gpu {
  /// The compute capability.
  int major, minor;
  int64_t multiprocessors;
  /// That one block may use.
  int64_t sharedBytesPerBlock;
  /// Of one multiprocessor: operations of its matrix instructions on 16 bits,
  /// bytes that they read from shared memory, and bytes that it gets from the
  /// cache of all.
  double flopsPerCycle, sharedBytesPerCycle, cacheBytesPerCycle;
  /// Of the cache of all.
  int64_t cacheBytes;
};

struct Target {
  /// The name it was found by.
  std::string name;
  /// What LLVM's code generators call the processor, and the features to turn
  /// on and off beyond those that the processor implies.
  std::string cpu, features;

  int64_t vectorBits = 128;
  int64_t vectorRegisters = 16;
  /// Multiplication and addition in one instruction.
  bool hasFma = false;
  /// Pairs of bf16 products added to f32 sums, in vectors and in tiles.
  bool hasAvx512Bf16 = false, hasAmxBf16 = false;

  int64_t cores = 8;
  /// Bytes: the first two of each core, the third of all cores.
  int64_t l1Bytes = 32 << 10, l2Bytes = 1 << 20, l3Bytes = 16 << 20;

  /// Estimates, made to compare schedules by, not to predict times.
  double gigahertz = 3;
  /// Whole vectors multiplied and added, or loaded, per cycle by a core.
  double fmaPerCycle = 1, loadsPerCycle = 2;
  /// Cycles until a sum can be added to again.
  double fmaLatency = 4;
  /// Bytes per cycle that a core reads from a cache.
  double l2BytesPerCycle = 32, l3BytesPerCycle = 10;
  /// Bytes per second that all cores together read from memory.
  double memoryBandwidth = 100e9;
  /// From one kernel's end to the begin of the next, on all cores.
  double launchSeconds = 20e-6;
  /// Of a core, for one element that others may add to.
  double atomicAddCycles = 12;

  /// If it is one; of what is above, only the names, the clock, the memory's
  /// bandwidth and the time of a launch then mean something.
  std::optional<Gpu> gpu;

  /// Elements of a vector.
  int64_t getLanes(int64_t elementBits) const {
    return vectorBits / elementBits;
  }
  /// Operations per second of one core; an FMA is two.
  double getFlopsPerCore(int64_t elementBits) const {
    return 2 * static_cast<double>(getLanes(elementBits)) * fmaPerCycle *
           gigahertz * 1e9;
  }
};

/// The target of that name: a level of x86-64, a processor or GPU in LLVM's
/// spelling, or `native`, the machine that this runs on. The error of an
/// unknown name lists the known ones.
llvm::Expected<Target> findTarget(llvm::StringRef name);

/// The GPU of that compute capability. The error lists the known ones.
llvm::Expected<Target> findGpu(int major, int minor);

/// All names that findTarget knows, separated by ", ".
std::string listTargets();

} // namespace mlir::moe

#endif // MOE_TARGET_TARGET_H
