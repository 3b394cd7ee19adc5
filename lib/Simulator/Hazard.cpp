//===- Hazard.cpp - Faults that a simulation finds ------------------------===//

#include "moe/Simulator/Hazard.h"

using namespace mlir::moe::sim;

const char *mlir::moe::sim::getName(HazardKind kind) {
  switch (kind) {
  case HazardKind::OutOfBounds:
    return "out-of-bounds";
  case HazardKind::Misaligned:
    return "misaligned";
  case HazardKind::ReadOnly:
    return "read-only";
  case HazardKind::NeverWritten:
    return "never-written";
  case HazardKind::DataRace:
    return "data-race";
  case HazardKind::NarrowScope:
    return "narrow-scope";
  case HazardKind::StaleRead:
    return "stale-read";
  case HazardKind::MissingProxyFence:
    return "missing-proxy-fence";
  case HazardKind::MissingWait:
    return "missing-wait";
  case HazardKind::UnfinishedCopy:
    return "unfinished-copy";
  case HazardKind::BadBarrier:
    return "bad-barrier";
  case HazardKind::MissingInitFence:
    return "missing-init-fence";
  case HazardKind::RemoteNotStarted:
    return "remote-not-started";
  case HazardKind::RemoteExited:
    return "remote-exited";
  case HazardKind::DivergentWarp:
    return "divergent-warp";
  case HazardKind::BadDescriptor:
    return "bad-descriptor";
  case HazardKind::MissingWgmmaFence:
    return "missing-wgmma-fence";
  case HazardKind::RegisterBudget:
    return "register-budget";
  case HazardKind::Deadlock:
    return "deadlock";
  case HazardKind::Trap:
    return "trap";
  case HazardKind::Unsupported:
    return "unsupported";
  }
  __builtin_unreachable();
}
