//===- TokenBucket.h - Token counts that share a schedule -------*- C++ -*-===//
//
// The tuner and the resolver that ships with a bundle must agree on this, so
// it includes no header of LLVM.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_SCHEDULE_TOKENBUCKET_H
#define MOE_SCHEDULE_TOKENBUCKET_H

#include <bit>
#include <cstdint>

namespace mlir::moe {

/// The largest bucket; it has all larger counts, too.
inline constexpr int64_t largestTokenBucket = int64_t(1) << 62;

/// The bucket of a count of tokens, which is not negative: the next power of
/// two, and 0 for none. Monotone, and each bucket is its own bucket.
constexpr int64_t getTokenBucket(int64_t tokens) {
  if (tokens <= 0)
    return 0;
  if (tokens >= largestTokenBucket)
    return largestTokenBucket;
  return static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(tokens)));
}

} // namespace mlir::moe

#endif // MOE_SCHEDULE_TOKENBUCKET_H
