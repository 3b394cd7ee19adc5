//===- Mbarriers.h - Operations on mbarrier objects -------------*- C++ -*-===//

#ifndef MOE_LIB_SIMULATOR_MBARRIERS_H
#define MOE_LIB_SIMULATOR_MBARRIERS_H

#include "Accesses.h"

namespace mlir::moe::sim {

/// The object there, which must be initialised as far as `known` tells.
MbarrierObject &findMbarrier(SharedPlace place, const Clock &known,
                             const std::string &who);

/// Fails unless copies and other CTAs see the initialisation.
void checkInitFence(const MbarrierObject &barrier, const std::string &who);

/// A copy has brought bytes.
void completeBytes(MbarrierObject &barrier, uint32_t bytes,
                   const std::string &who);

/// The copies of a thread are complete.
void arrive(MbarrierObject &barrier, const std::string &who);

} // namespace mlir::moe::sim

#endif // MOE_LIB_SIMULATOR_MBARRIERS_H
