//===- TokenBucketTests.cpp - Token counts that share a schedule ----------===//

#include "moe/Schedule/TokenBucket.h"

#include <gtest/gtest.h>
#include <limits>

using namespace mlir::moe;

namespace {

constexpr int64_t largestCount = std::numeric_limits<int64_t>::max();

TEST(TokenBucket, IsTheNextPowerOfTwo) {
  EXPECT_EQ(getTokenBucket(0), 0);
  EXPECT_EQ(getTokenBucket(1), 1);
  EXPECT_EQ(getTokenBucket(2), 2);
  EXPECT_EQ(getTokenBucket(3), 4);
  EXPECT_EQ(getTokenBucket(512), 512);
  EXPECT_EQ(getTokenBucket(513), 1024);
}

TEST(TokenBucket, TakesTheLargestCounts) {
  EXPECT_EQ(getTokenBucket(largestTokenBucket), largestTokenBucket);
  EXPECT_EQ(getTokenBucket(largestTokenBucket + 1), largestTokenBucket);
  EXPECT_EQ(getTokenBucket(largestCount), largestTokenBucket);
}

TEST(TokenBucket, CountsOfABucketAreNeighbours) {
  int64_t last = getTokenBucket(0);
  for (int64_t tokens = 1; tokens <= 70000; ++tokens) {
    int64_t bucket = getTokenBucket(tokens);
    EXPECT_GE(bucket, last);
    EXPECT_EQ(getTokenBucket(bucket), bucket);
    EXPECT_GE(bucket, tokens);
    EXPECT_LT(bucket, 2 * tokens);
    last = bucket;
  }
}

} // namespace
