//===- Hazard.h - Faults that a simulation finds ----------------*- C++ -*-===//

#ifndef MOE_SIMULATOR_HAZARD_H
#define MOE_SIMULATOR_HAZARD_H

#include <string>

namespace mlir::moe::sim {

/// What a kernel did that the hardware leaves undefined or that never ends.
enum class HazardKind {
  OutOfBounds,       ///< An address outside of every buffer.
  Misaligned,        ///< An address that the instruction does not take.
  ReadOnly,          ///< A store to memory that the kernel may only read.
  NeverWritten,      ///< Read of memory or registers without a value.
  DataRace,          ///< Two accesses, one a write, that nothing orders.
  NarrowScope,       ///< Atomics whose scopes leave each other's thread out.
  StaleRead,         ///< Through the non-coherent cache, of what is written.
  MissingProxyFence, ///< Ordered, but not across the two memory proxies.
  MissingWait,       ///< Use of what an asynchronous operation still works on.
  UnfinishedCopy,    ///< A thread ends before its copies have read memory.
  BadBarrier,        ///< An mbarrier or named barrier used against its rules.
  MissingInitFence,  ///< An mbarrier's initialisation is not visible to all.
  RemoteNotStarted,  ///< Shared memory of a CTA that may not run yet.
  RemoteExited,      ///< Shared memory of a CTA that may have ended.
  DivergentWarp,     ///< Lanes disagree about an instruction of the warp.
  BadDescriptor,     ///< A matrix descriptor or tensor map without meaning.
  MissingWgmmaFence, ///< Registers changed before wgmma without a fence.
  RegisterBudget,    ///< setmaxnreg against its rules.
  Deadlock,          ///< No thread can go on.
  Trap,              ///< The kernel ended itself.
  Unsupported,       ///< An instruction that is not simulated.
};

/// As it stands in messages: `data-race`.
const char *getName(HazardKind kind);

struct Hazard {
  HazardKind kind;
  /// Who did what to which address, and what it conflicts with.
  std::string text;
};

} // namespace mlir::moe::sim

#endif // MOE_SIMULATOR_HAZARD_H
