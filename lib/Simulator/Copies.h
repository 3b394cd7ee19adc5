//===- Copies.h - Asynchronous copies ---------------------------*- C++ -*-===//

#ifndef MOE_LIB_SIMULATOR_COPIES_H
#define MOE_LIB_SIMULATOR_COPIES_H

#include "Accesses.h"

namespace mlir::moe::sim {

/// The next copy of a kind of the running thread, as reader and as writer.
Stamp makeReadStamp(CopyGroups &groups);
Stamp makeWriteStamp(CopyGroups &groups);

/// Makes what was issued since the last time a group.
void commit(CopyGroups &groups);

/// Completes all but the `left` youngest groups of the running thread, or only
/// has them read their sources.
void wait(CopyGroups &groups, uint32_t left, bool onlyRead);

/// The running thread ends.
void checkCopiesAtExit();

} // namespace mlir::moe::sim

#endif // MOE_LIB_SIMULATOR_COPIES_H
