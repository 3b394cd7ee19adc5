//===- Swizzle.h - Permutations of shared memory ----------------*- C++ -*-===//

#ifndef MOE_SIMULATOR_SWIZZLE_H
#define MOE_SIMULATOR_SWIZZLE_H

#include <cstdint>

namespace mlir::moe::sim {

/// How 16-byte chunks of shared memory are permuted: within rows of so many
/// bytes, by the number of the 128-byte line. Encoded as in a tensor map.
enum class Swizzle : uint32_t { None, B32, B64, B128 };

/// The bytes of a row that `swizzle` permutes.
inline uint32_t getSpan(Swizzle swizzle) {
  return swizzle == Swizzle::None ? 16 : 16u << static_cast<uint32_t>(swizzle);
}

/// Where the byte that would lie at `address` lies.
inline uint32_t applySwizzle(Swizzle swizzle, uint32_t address) {
  uint32_t mask = getSpan(swizzle) / 16 - 1;
  return address ^ (((address >> 7) & mask) << 4);
}

} // namespace mlir::moe::sim

#endif // MOE_SIMULATOR_SWIZZLE_H
