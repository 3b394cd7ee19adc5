//===- Barriers.h - Barriers of CTAs and clusters ---------------*- C++ -*-===//

#ifndef MOE_LIB_SIMULATOR_BARRIERS_H
#define MOE_LIB_SIMULATOR_BARRIERS_H

#include "Machine.h"

namespace mlir::moe::sim {

/// The running thread has ended: others may no longer have to wait for it.
void noteExit();

/// The last thread of a CTA has ended.
void endCta(Cta &cta);

/// Lets the lanes of `warp` meet without those that have ended.
void noteExitOfLane(Warp &warp);

} // namespace mlir::moe::sim

#endif // MOE_LIB_SIMULATOR_BARRIERS_H
