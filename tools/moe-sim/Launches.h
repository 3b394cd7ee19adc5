//===- Launches.h - What a file says to launch ------------------*- C++ -*-===//

#ifndef MOE_TOOLS_MOESIM_LAUNCHES_H
#define MOE_TOOLS_MOESIM_LAUNCHES_H

#include "Reference.h"
#include "moe/Execute/SimulatedKernels.h"

#include <deque>

namespace mlir::moe {

/// Launches, and the memory that their arguments point to.
struct Launches {
  std::vector<sim::Launch> launches;
  /// Values of arguments: addresses, numbers.
  std::deque<uint64_t> values;
  struct alignas(64) MapObject {
    char bytes[128];
  };
  std::deque<MapObject> maps;
};

/// Reads an array of dictionaries:
///   kernel      which function
///   grid        array<i32: x, y, z>; also block and cluster, which the
///   kernel's
///               own attributes override
///   shared      bytes of dynamic shared memory
///   dependent   it may start before the launch before has ended
///   args        for each argument: an index, the buffer of that number;
///   another
///               number, itself; a dictionary, a tensor map {of = buffer,
///               box = array<i64: ...>, swizzle = bytes}, innermost first
llvm::Expected<Launches> readLaunches(ArrayAttr list,
                                      const SimulatedKernels &kernels,
                                      ArrayRef<HostBuffer> buffers);

} // namespace mlir::moe

#endif // MOE_TOOLS_MOESIM_LAUNCHES_H
