//===- Launch.h - Run kernels on a simulated device -------------*- C++ -*-===//

#ifndef MOE_SIMULATOR_LAUNCH_H
#define MOE_SIMULATOR_LAUNCH_H

#include "moe/Simulator/Hazard.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace mlir::moe::sim {

struct Dim3 {
  uint32_t x = 1, y = 1, z = 1;
  uint32_t count() const { return x * y * z; }
};

/// A kernel compiled for the host: takes the addresses of its arguments.
using KernelFunction = void (*)(void **);

struct Kernel {
  std::string name;
  KernelFunction function = nullptr;
  /// Shared memory of the module's variables; dynamic memory comes after it.
  uint32_t staticSharedBytes = 0;
  /// Registers of a thread at the start, or 0: an even share.
  uint32_t registers = 0;
  /// Texts for the numbers that compiled code passes as locations.
  std::vector<std::string> locations;
};

/// Memory that kernels may access.
struct Buffer {
  std::string name;
  void *data = nullptr;
  size_t size = 0;
  bool writable = true;
  /// Whether it holds values, or kernels must write it before they read it.
  bool written = true;
};

struct Launch {
  const Kernel *kernel = nullptr;
  Dim3 grid;
  Dim3 block;
  Dim3 cluster;
  uint32_t dynamicSharedBytes = 0;
  /// Addresses of the arguments.
  std::vector<void *> arguments;
  /// May start before the launch before it has ended: programmatic dependent
  /// launch.
  bool dependent = false;
};

struct Options {
  /// Decides the order in which threads run and copies complete.
  uint64_t seed = 0;
  /// CTAs that are on the device at the same time, at least a cluster.
  uint32_t residentCtas = 8;
  /// Matrix instructions may read shared memory that was never written: rows
  /// that a kernel computes and then drops.
  bool allowUnwrittenOperands = false;
  /// How often threads may poll in vain before they are taken to wait forever.
  uint32_t maxIdlePolls = 10000;
};

/// What happened in a run.
struct Statistics {
  uint64_t switches = 0;
  uint64_t matrixOps = 0;
  uint64_t copiedBytes = 0;
};

/// The result of a run: the first hazard, if any. Memory is then half written.
struct Outcome {
  std::optional<Hazard> hazard;
  Statistics statistics;
  /// The kernels that ran when it happened.
  std::vector<std::string> running;
};

/// Runs the launches one after the other, as a stream does. One run at a time
/// in a process.
Outcome run(std::span<const Launch> launches, std::span<const Buffer> buffers,
            const Options &options = {});

/// What compiled kernels call, by name.
struct EntryPoint {
  const char *name;
  void *address;
};
std::span<const EntryPoint> getEntryPoints();

} // namespace mlir::moe::sim

#endif // MOE_SIMULATOR_LAUNCH_H
