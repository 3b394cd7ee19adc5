//===- Mbarriers.h - Operations on mbarrier objects -------------*- C++ -*-===//

#ifndef MOE_LIB_SIMULATOR_MBARRIERS_H
#define MOE_LIB_SIMULATOR_MBARRIERS_H

#include "Accesses.h"

namespace mlir::moe::sim {

/// The object there, which must be initialised as far as `knowledge` tells.
/// `who` is only for messages.
MbarrierObject &findMbarrier(SharedPlace place, const Knowledge &knowledge,
                             const Stamp &who);

/// Fails unless copies and other CTAs see the initialisation.
void checkInitFence(const MbarrierObject &barrier, const Stamp &who);

/// A copy has brought bytes.
void completeBytes(MbarrierObject &barrier, uint32_t bytes, const Stamp &who);

/// The copies of a thread are complete.
void arrive(MbarrierObject &barrier, const Stamp &who);

} // namespace mlir::moe::sim

#endif // MOE_LIB_SIMULATOR_MBARRIERS_H
