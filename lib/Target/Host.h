//===- Host.h - The machine that this runs on -------------------*- C++ -*-===//

#ifndef MOE_LIB_TARGET_HOST_H
#define MOE_LIB_TARGET_HOST_H

#include "llvm/ADT/StringMap.h"
#include <cstdint>
#include <optional>
#include <string>

namespace mlir::moe {

/// What the operating system and the processor say about the host.
struct Host {
  std::string cpu;
  llvm::StringMap<bool> features;
  int64_t cores;
  /// Bytes of the data cache of each level, if it is told.
  std::optional<int64_t> l1Bytes, l2Bytes, l3Bytes;
  std::optional<double> gigahertz;

  bool has(llvm::StringRef feature) const { return features.lookup(feature); }
};

Host detectHost();

/// The bytes of "32K" or "1M", as Linux writes the size of a cache.
std::optional<int64_t> parseCacheSize(llvm::StringRef text);

} // namespace mlir::moe

#endif // MOE_LIB_TARGET_HOST_H
