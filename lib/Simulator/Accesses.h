//===- Accesses.h - Checked accesses to memory ------------------*- C++ -*-===//

#ifndef MOE_LIB_SIMULATOR_ACCESSES_H
#define MOE_LIB_SIMULATOR_ACCESSES_H

#include "Machine.h"

namespace mlir::moe::sim {

/// LLVM's numbers of the address spaces of NVIDIA devices.
enum class Space : uint32_t {
  Generic = 0,
  Global = 1,
  Shared = 3,
  Constant = 4,
  Local = 5,
  SharedCluster = 7
};

/// A byte of some CTA's shared memory.
struct SharedPlace {
  Cta *cta;
  uint32_t address;
};

/// Where a pointer of the running thread into shared memory points; another
/// CTA's `.shared::cluster` addresses have its rank + 1 above bit 24.
SharedPlace resolveShared(uint64_t pointer, Space space);

/// The pointer into shared memory of the CTA of that rank.
inline uint64_t makeClusterAddress(uint32_t address, uint32_t rank) {
  return uint64_t(rank + 1) << 24 | address;
}

/// An access of the running thread through the generic proxy.
Access makeAccess(bool write, bool atomic = false);

/// An access of an asynchronous operation that knows `knowledge`.
Access makeAsyncAccess(bool write, Stamp stamp, const Knowledge &knowledge,
                       bool asyncProxy);

/// Checks and records an access; the address in this process.
char *accessShared(SharedPlace place, size_t size, size_t alignment,
                   const Access &access, bool ignoreFlights = false);
char *accessGlobal(uint64_t address, size_t size, size_t alignment,
                   const Access &access);

/// The same for any pointer of the running thread.
char *accessMemory(uint64_t pointer, Space space, size_t size, size_t alignment,
                   const Access &access);

} // namespace mlir::moe::sim

#endif // MOE_LIB_SIMULATOR_ACCESSES_H
