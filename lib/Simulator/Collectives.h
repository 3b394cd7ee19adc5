//===- Collectives.h - Instructions of a whole warp -------------*- C++ -*-===//

#ifndef MOE_LIB_SIMULATOR_COLLECTIVES_H
#define MOE_LIB_SIMULATOR_COLLECTIVES_H

#include "Machine.h"

namespace mlir::moe::sim {

/// Waits for the lanes of `mask` that have not ended; the last to come then
/// does `perform` for all. `operands` are those of this lane.
void meet(const char *name, uint32_t mask, void *operands,
          std::function<void(Rendezvous &)> perform);

/// The same for instructions that all lanes of the warp must execute.
void meetAligned(const char *name, void *operands,
                 std::function<void(Rendezvous &)> perform);

} // namespace mlir::moe::sim

#endif // MOE_LIB_SIMULATOR_COLLECTIVES_H
